#include "deid/detect/dictionary.h"

#include <algorithm>

#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(deid_surnames);
RESIDENCY_EMBEDDED(deid_given_female);
RESIDENCY_EMBEDDED(deid_given_male);
RESIDENCY_EMBEDDED(deid_words);
RESIDENCY_EMBEDDED(deid_cities);
RESIDENCY_EMBEDDED(deid_counties);
RESIDENCY_EMBEDDED(deid_hospitals);

namespace residency::deid {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

}  // namespace

Dictionary::Dictionary()
    : surname_list_(lines_of(embedded_deid_surnames())),
      female_list_(lines_of(embedded_deid_given_female())),
      male_list_(lines_of(embedded_deid_given_male())),
      city_list_(lines_of(embedded_deid_cities())) {
  surnames_.insert(surname_list_.begin(), surname_list_.end());
  female_.insert(female_list_.begin(), female_list_.end());
  male_.insert(male_list_.begin(), male_list_.end());
  cities_.insert(city_list_.begin(), city_list_.end());
  for (const std::string_view county : lines_of(embedded_deid_counties())) counties_.insert(county);
  for (const std::string_view word : lines_of(embedded_deid_words())) words_.insert(word);
  for (const std::string_view hospital : lines_of(embedded_deid_hospitals())) {
    hospitals_[first_word(hospital)].push_back(hospital);
  }
  for (auto& [first, names] : hospitals_) {
    std::stable_sort(names.begin(), names.end(),
                     [](std::string_view a, std::string_view b) { return a.size() > b.size(); });
  }
}

const std::vector<std::string_view>* Dictionary::hospitals(std::string_view first) const {
  const auto found = hospitals_.find(first);
  return found == hospitals_.end() ? nullptr : &found->second;
}

const Dictionary& Dictionary::embedded() {
  static const Dictionary dictionary;
  return dictionary;
}

}  // namespace residency::deid
