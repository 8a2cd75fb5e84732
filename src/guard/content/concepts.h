// ConceptTable: groups of phrases that mean the same to the rails (data/guard/concepts.txt).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "guard/text/guard_text.h"

namespace residency::guard {

using ConceptId = std::uint16_t;

/// Words [first, last) of a text that say concept `id`.
struct ConceptHit {
  ConceptId id = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

class ConceptTable {
 public:
  /// The embedded table, shared and never changed.
  static const ConceptTable& embedded();
  static Result<ConceptTable> parse(std::string_view text, std::string_view file);

  /// In the order of the text.
  std::vector<ConceptHit> find(const std::vector<Word>& words) const;
  /// A word of the phrases, or one that medical prose uses.
  bool is_known_word(std::string_view word) const;
  std::optional<ConceptId> named(std::string_view name) const;
  std::size_t size() const { return names_.size(); }
  const std::string& name(ConceptId id) const { return names_[id]; }
  /// True where a phrase of one of `ids` begins with this stem.
  bool begins_any(const std::string& stem, const std::vector<ConceptId>& ids) const;

 private:
  struct Phrase {
    std::vector<std::string> stems;
    ConceptId id = 0;
  };
  void add_phrase(std::string_view phrase, ConceptId id);
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::vector<Phrase>> phrases_;  // by first stem
  std::unordered_set<std::string> surface_;
};

}  // namespace residency::guard
