#include "deid/detect/word_table.h"

#include "deid/detect/dictionary.h"
#include "deid/detect/name_words.h"
#include "deid/detect/profession_finder.h"

namespace residency::deid {
namespace {

constexpr std::size_t kFrequentNames = 1500;

std::uint32_t flag_of(NameWord kind) {
  switch (kind) {
    case NameWord::kTitle:
    case NameWord::kLabel:
      return kFlagTitle;
    case NameWord::kRelation:
      return kFlagRelation | kFlagTitle;  // "Husband:" is a label
    case NameWord::kCredential:
      return kFlagCredential;
    case NameWord::kParticle:
      return kFlagParticle;
    case NameWord::kSuffix:
      return kFlagNameSuffix;
    case NameWord::kNever:
      return kFlagNeverName;
    case NameWord::kLead:
      return kFlagNameLead;
  }
  return 0;
}

}  // namespace

WordTable::WordTable() : entries_(kSlots) {
  const Dictionary& dictionary = Dictionary::embedded();
  const auto add_names = [&](const std::vector<std::string_view>& names, std::uint32_t flag) {
    for (std::size_t i = 0; i < names.size(); ++i)
      add(names[i], flag | (i < kFrequentNames ? kFlagFrequentName : 0u));
  };
  add_names(dictionary.surnames(), kFlagSurname);
  add_names(dictionary.female(), kFlagGiven);
  add_names(dictionary.male(), kFlagGiven);
  for (const std::string_view city : dictionary.cities()) {
    const std::size_t space = city.find(' ');
    add(city.substr(0, space), space == std::string_view::npos ? kFlagCityName : kFlagCityStart);
    std::string_view rest = city;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      add(rest.substr(0, end), kFlagCity);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  dictionary.each_word([&](std::string_view word) { add(word, kFlagWord); });
  dictionary.each_county([&](std::string_view county) {
    if (county.find(' ') == std::string_view::npos) add(county, kFlagCounty);
  });
  dictionary.each_hospital_start([&](std::string_view word) {
    // The finder meets "st." and "mary's" as the words "st" and "mary".
    while (!word.empty() && word.back() == '.') word.remove_suffix(1);
    if (word.size() > 2 && word.substr(word.size() - 2) == "'s") word.remove_suffix(2);
    add(word, kFlagHospitalStart);
  });
  each_name_word([&](std::string_view word, NameWord kind) { add(word, flag_of(kind)); });
  each_eponym([&](std::string_view word) { add(word, kFlagEponym); });
  each_profession([&](std::string_view word) { add(word, kFlagProfession); });
}

void WordTable::add(std::string_view word, std::uint32_t flag) {
  const std::uint64_t hash = word_hash(word);
  std::size_t slot = hash & (kSlots - 1);
  while (entries_[slot].flags != 0 && entries_[slot].hash != hash) slot = (slot + 1) & (kSlots - 1);
  Entry& entry = entries_[slot];
  entry.hash = hash;
  entry.flags |= flag;
}

const WordTable& WordTable::embedded() {
  static const WordTable table;
  return table;
}

}  // namespace residency::deid
