// PhiRail: personal data in a text, written plainly, spelled out or encoded.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "deid/detect/detector.h"
#include "guard/policy/guard_policy.h"

namespace residency::guard {

/// One span; `type` as the policy names it.
struct PhiFinding {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string type;
  double score = 0;
  Action action = Action::kMask;
};

/// What of a conversation identifies, so that an answer that repeats it is known.
struct KnownIdentifiers {
  deid::KnownPhi phi;
  /// Squeezed values and what they are: "2190999" is SSN.
  std::vector<std::pair<std::string, std::string>> squeezed;
};

class PhiRail {
 public:
  PhiRail(std::shared_ptr<const deid::Detector> detector, const GuardPolicy& policy);

  /// kInternal where the detector failed: nothing may pass then.
  Result<std::vector<PhiFinding>> find(std::string_view text, Direction direction,
                                       const KnownIdentifiers& known) const;
  /// Identifiers among the conversation's turns and sources.
  KnownIdentifiers known_of(const Conversation& conversation) const;
  bool on(Direction direction) const;

 private:
  struct Class {
    bool on = false;
    std::string type;
    Action input = Action::kMask;
    Action output = Action::kMask;
  };
  void take_spans(std::string_view text, Direction direction, const KnownIdentifiers& known,
                  std::size_t begin, std::size_t end, bool hidden, std::vector<PhiFinding>& out,
                  bool& failed) const;
  void add_spelled(std::string_view text, Direction direction, const KnownIdentifiers& known,
                   std::vector<PhiFinding>& out, bool& failed) const;
  void add_known(std::string_view text, Direction direction, const KnownIdentifiers& known,
                 std::vector<PhiFinding>& out) const;
  Action action_of(const Class& one, Direction direction) const {
    return direction == Direction::kInput ? one.input : one.output;
  }

  std::shared_ptr<const deid::Detector> detector_;
  std::array<Class, kPhiClassCount> classes_;
  std::vector<PiiSetting> patterns_;  // found by a pattern alone
  double threshold_ = 0.7;
  RailSetting setting_;
};

}  // namespace residency::guard
