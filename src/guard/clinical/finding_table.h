// FindingTable: clinical findings by all their names (data/guard/findings.txt), and how a text has
// them.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "guard/text/guard_text.h"

namespace residency::guard {

enum class Polarity : std::uint8_t { kAsserted, kDenied, kUncertain };

struct FindingMention {
  std::uint16_t id = 0;
  Polarity polarity = Polarity::kAsserted;
  std::uint32_t first = 0;  // words
  std::uint32_t last = 0;
};

class FindingTable {
 public:
  static const FindingTable& embedded();
  explicit FindingTable(std::string_view text);
  /// Mentions with what the words around them say: denied, possible, of the family, or there.
  std::vector<FindingMention> find(const GuardText& text) const;
  const std::string& name(std::uint16_t id) const { return names_[id]; }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::vector<std::pair<std::vector<std::string>, std::uint16_t>>>
      phrases_;
};

}  // namespace residency::guard
