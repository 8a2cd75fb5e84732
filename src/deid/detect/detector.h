// Detector: every layer of detection over one text.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/result.h"
#include "deid/detect/dictionary.h"
#include "deid/detect/pattern_scan.h"
#include "deid/detect/span.h"
#include "deid/tagger/tagger.h"

namespace residency::deid {

/// Which layers run, and from what score on a span counts.
struct DetectorOptions {
  bool patterns = true;
  bool dictionaries = true;
  bool known = true;
  bool propagation = true;
  bool tagger = true;      // the learned layer; it only adds
  double threshold = 0.5;  // 0 to 1
  TaggerReach reach = {};  // tagger_bias, tagger_thresholds: {CLASS: 0 to 1}

  static Result<DetectorOptions> from_config(const ConfigNode& node);
};

/// Changes when equal texts may give other spans than before.
inline constexpr std::string_view kDetectorVersion = "rules-4 tagger-3";

/// The longest text that is looked at.
inline constexpr std::size_t kTextBytesMax = 16u << 20;

struct Token;

class Detector {
 public:
  static Result<std::unique_ptr<Detector>> open(const DetectorOptions& options = {});

  /// Spans in order, none overlapping another. `known` may be null. Safe to call from several
  /// threads. kResourceExhausted where the text is longer than kTextBytesMax.
  Result<std::vector<Span>> detect(std::string_view text, const KnownPhi* known) const;
  /// What patterns, lists and context alone find, in order, none overlapping another.
  Result<std::vector<Span>> rule_spans(std::string_view text) const;

 private:
  Detector(DetectorOptions options, std::shared_ptr<const PatternScan> scan);
  Result<std::vector<Span>> detect_folded(std::string_view text, const KnownPhi* known) const;
  Result<std::vector<Span>> rule_spans(std::string_view text,
                                       const std::vector<Token>& tokens) const;
  DetectorOptions options_;
  std::shared_ptr<const PatternScan> scan_;
  std::optional<Tagger> tagger_;
  const Dictionary& dictionary_;
};

/// Orders spans and settles overlaps: the stronger reason, then the longer, then the higher score
/// wins; what is left of the loser stays where it still holds a letter or digit.
std::vector<Span> settle(std::string_view text, std::vector<Span> spans);

}  // namespace residency::deid
