#include "deid/transform/name_pool.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/embedded_data.h"
#include "deid/detect/dictionary.h"

RESIDENCY_EMBEDDED(deid_cultures);

namespace residency::deid {
namespace {

constexpr std::size_t kEndingNameMin = 5;     // letters, for an ending to tell anything
constexpr std::size_t kCommonSurnames = 800;  // of the census: they tell no culture by an ending

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return parts;
}

struct Cultures {
  std::vector<NameCulture> all;
  std::unordered_map<std::string_view, const NameCulture*> by_name;
};

Cultures read_cultures() {
  Cultures cultures;
  std::string_view rest = embedded_deid_cultures();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.empty() || line[0] == '#') continue;
    std::array<std::string_view, 5> fields;
    std::string_view left = line;
    for (std::string_view& field : fields) {
      field = left.substr(0, left.find('|'));
      left.remove_prefix(std::min(left.size(), field.size() + 1));
    }
    NameCulture culture{fields[0], split(fields[1], ','), split(fields[2], ','),
                        split(fields[3], ','), split(fields[4], ',')};
    std::stable_sort(culture.endings.begin(), culture.endings.end(),
                     [](auto a, auto b) { return a.size() > b.size(); });
    cultures.all.push_back(std::move(culture));
  }
  for (const NameCulture& culture : cultures.all) {
    for (const auto* list : {&culture.family, &culture.female, &culture.male}) {
      for (const std::string_view name : *list) cultures.by_name.try_emplace(name, &culture);
    }
  }
  return cultures;
}

const Cultures& cultures() {
  static const Cultures kCultures = read_cultures();
  return kCultures;
}

bool is_common(std::string_view part) {
  static const auto kCommon = [] {
    const auto& list = Dictionary::embedded().surnames();
    const auto end =
        list.begin() + static_cast<std::ptrdiff_t>(std::min(list.size(), kCommonSurnames));
    return std::unordered_set<std::string_view>(list.begin(), end);
  }();
  return kCommon.contains(part);
}

}  // namespace

std::size_t Draw::below(std::size_t bound) {
  std::uint32_t number = 0;
  for (int i = 0; i < 3; ++i)
    number = number << 8 | static_cast<unsigned char>(bytes_[(at_++) % bytes_.size()]);
  return number % bound;
}

const NameCulture* culture_of(std::string_view part) {
  const Cultures& table = cultures();
  if (const auto found = table.by_name.find(part); found != table.by_name.end())
    return found->second;
  if (part.size() < kEndingNameMin) return nullptr;
  // "-ez" tells a culture even of the most frequent names; other endings are met in too many.
  if (part.ends_with("ez")) return &table.all.front();
  if (is_common(part)) return nullptr;
  const NameCulture* best = nullptr;
  std::size_t length = 0;
  for (const NameCulture& culture : table.all) {
    for (const std::string_view ending : culture.endings) {
      if (ending.size() > length && part.size() > ending.size() + 1 && part.ends_with(ending)) {
        best = &culture;
        length = ending.size();
      }
    }
  }
  return best;
}

std::string invented_name(std::string_view like, Draw& draw) {
  constexpr std::array<std::string_view, 20> kOpen{"ba",  "bel", "cor", "da",  "der", "fal", "gra",
                                                   "hal", "jor", "ka",  "lan", "mar", "nor", "pel",
                                                   "ra",  "sol", "tal", "ver", "wil", "zan"};
  constexpr std::array<std::string_view, 12> kMiddle{"be", "di", "lo", "ma", "mi", "ne",
                                                     "ra", "ri", "sa", "ti", "vo", "zi"};
  constexpr std::array<std::string_view, 12> kClose{"ck",  "dan", "ford", "len", "mer", "nor",
                                                    "ric", "son", "tar",  "ton", "vin", "well"};
  std::string name(kOpen[draw.below(kOpen.size())]);
  const std::size_t middles = std::clamp<std::size_t>(like.size() / 4, 1, 3);
  for (std::size_t i = 0; i < middles; ++i) name += kMiddle[draw.below(kMiddle.size())];
  return name.append(kClose[draw.below(kClose.size())]);
}

}  // namespace residency::deid
