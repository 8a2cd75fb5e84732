// Scores of predicted spans against gold ones, per class, by span and by character.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "deid/detect/span.h"

namespace residency::deid {

struct GoldSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  PhiClass phi_class = PhiClass::kOtherId;
};

/// Counts of one class. Whether a prediction's class agrees doesn't matter: what counts is that
/// the identifier is covered. Characters that are white space don't count.
struct ClassScore {
  std::uint64_t gold_spans = 0;
  std::uint64_t found_spans = 0;    // wholly covered
  std::uint64_t touched_spans = 0;  // covered in part or whole
  std::uint64_t gold_bytes = 0;
  std::uint64_t found_bytes = 0;

  double span_recall() const {
    return gold_spans == 0 ? 1.0
                           : static_cast<double>(found_spans) / static_cast<double>(gold_spans);
  }
  double byte_recall() const {
    return gold_bytes == 0 ? 1.0
                           : static_cast<double>(found_bytes) / static_cast<double>(gold_bytes);
  }
};

struct Score {
  std::array<ClassScore, kPhiClassCount> classes;               // by the gold's class
  std::array<std::uint64_t, kPhiClassCount> predicted_bytes{};  // by the prediction's class
  std::array<std::uint64_t, kPhiClassCount> true_bytes{};
  std::uint64_t text_bytes = 0;
  std::uint64_t other_bytes = 0;    // outside of the gold, without white space
  std::uint64_t altered_bytes = 0;  // of those, the ones that are covered

  ClassScore total() const;
  ClassScore total_of(const std::vector<PhiClass>& some) const;
  double byte_precision() const;
  double byte_f1() const;
  /// The share of characters that identify nobody and would be altered.
  double altered_share() const;
  void add(const Score& other);
  /// A table of the classes that occur, and the totals.
  std::string table() const;
};

Score score(std::string_view text, const std::vector<GoldSpan>& gold,
            const std::vector<Span>& predicted);

}  // namespace residency::deid
