// DrugTable: names, classes, largest doses and interactions of drugs (data/guard).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "guard/text/guard_text.h"

namespace residency::guard {

enum class DoseUnit : std::uint8_t { kMilligram, kUnit, kMilliequivalent };

/// Largest doses by one route; amounts in milligrams, units or milliequivalents, 0 for no limit.
struct DoseLimit {
  std::string drug;   // the canonical name
  std::string route;  // "*" for any
  DoseUnit unit = DoseUnit::kMilligram;
  std::string shown_unit;   // as the table has it: "mcg"
  double shown_factor = 1;  // milligrams in one of it
  double low = 0;
  double single = 0;
  double daily = 0;
  double kg_single = 0;
  double kg_daily = 0;
  bool weekly = false;
};

enum class Severity : std::uint8_t { kModerate, kSerious, kContraindicated };
std::string_view severity_name(Severity severity);

struct Interaction {
  Severity severity = Severity::kModerate;
  std::string effect;  // "" where the list does not say
};

/// Words [first, last) of a text that name a drug.
struct DrugMention {
  std::string drug;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t begin = 0;  // bytes of the text
  std::uint32_t end = 0;
};

class DrugTable {
 public:
  /// The embedded tables, shared and never changed.
  static const DrugTable& embedded();
  static Result<DrugTable> parse(std::string_view doses, std::string_view classes,
                                 std::string_view interactions);

  std::vector<DrugMention> find(const std::vector<Word>& words) const;
  /// True where a drug's name begins with this word.
  bool begins(const std::string& word) const { return names_.contains(word); }
  const std::vector<DoseLimit>* limits(const std::string& drug) const;
  /// Both canonical names; what the lists and the classes say of them together.
  std::optional<Interaction> interaction(const std::string& a, const std::string& b) const;
  /// What an allergy to `allergen` (a drug or a class as notes name it) says of `drug`: "same",
  /// "likely" or "possible"; "" where nothing.
  std::string cross_allergy(const std::string& allergen, const std::string& drug) const;
  /// True where `words` name a drug or a class of drugs as allergy lists do.
  bool names_allergen(const std::string& words) const;
  std::vector<std::string> drugs_with_limits() const;

 private:
  struct Cross {
    std::string from, to, degree;
  };
  struct ClassPair {
    std::string a, b;
    Interaction interaction;
  };
  Result<void> read_doses(std::string_view text);
  Result<void> read_classes(std::string_view text);
  Result<void> read_interactions(std::string_view text);
  void add_name(std::string_view name, const std::string& drug);
  std::vector<std::string> classes_of(const std::string& drug) const;

  std::unordered_map<std::string, std::vector<std::pair<std::vector<std::string>, std::string>>>
      names_;  // by first word: words and canonical name
  std::unordered_map<std::string, std::string> canonical_;
  std::unordered_map<std::string, std::vector<DoseLimit>> limits_;
  std::unordered_map<std::string, std::vector<std::string>> members_;  // class: drugs
  std::unordered_map<std::string, std::vector<std::string>> class_of_;
  std::unordered_map<std::string, std::string> aliases_;  // words: class
  std::vector<Cross> crosses_;
  std::vector<ClassPair> class_pairs_;
  std::unordered_map<std::string, Severity> pairs_;  // "a|b", a < b
};

}  // namespace residency::guard
