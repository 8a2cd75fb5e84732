#include "deid/tagger/name_maker.h"

#include <array>
#include <fmt/format.h>
#include <span>

namespace residency::deid {
namespace {

using Words = std::vector<std::string_view>;

struct Language {
  Words first, middle, given_end, family_end;
};

const std::vector<Language>& languages() {
  static const std::vector<Language> kLanguages{
      {{"al", "ber", "car", "dan", "ed", "fran", "gar", "hen", "jo", "ken", "lor", "mal", "nor",
        "rob", "stan", "wal"},
       {"be", "li", "na", "ri", "do"},
       {"a", "ine", "ard", "y", "ette", "en", "is", "on"},
       {"son", "ton", "ley", "ford", "well", "man", "field", "er", "wood", "worth", "by"}},
      {{"mi", "pek", "kos", "heik", "virt", "jar", "lai", "nie", "sal", "tuo", "ante", "rii"},
       {"ka", "le", "mi", "no", "ra"},
       {"kko", "na", "ri", "sa", "tta", "mo", "ja"},
       {"nen", "la", "inen", "maki", "lahti", "koski", "vuori"}},
      {{"kow", "nowa", "wis", "zie", "jan", "krz", "mal", "sta", "woj", "bog", "dra", "vla", "mir",
        "pet", "iv"},
       {"o", "a", "lin", "mi", "sla"},
       {"ek", "aw", "ka", "mir", "ena", "ana", "slav", "ia"},
       {"ski", "wicz", "czyk", "ova", "ov", "enko", "ic", "ovic", "cka", "chuk", "ar"}},
      {{"gar", "fer", "rod", "mar", "gon", "lo", "san", "ca", "val", "es", "be", "or", "mon", "ra"},
       {"ri", "te", "na", "lo", "ca"},
       {"o", "a", "ita", "el", "ina", "cio", "ella", "ando"},
       {"ez", "es", "ano", "illo", "eira", "inho", "ucci", "ini", "etti", "one", "ara"}},
      {{"bja", "sig", "thor", "gud", "ing", "hal", "ras", "ak", "lin", "sven", "ast", "jor"},
       {"e", "ri", "va"},
       {"rid", "mund", "hild", "a", "ar", "geir", "ny"},
       {"sen", "sson", "dottir", "berg", "gaard", "strom", "quist", "lund"}},
      {{"ade", "olu", "chi", "nna", "eme", "oko", "tem", "ban", "kwa", "mbe", "ndo", "thu", "zan"},
       {"yi", "ba", "fe", "lo", "di"},
       {"mi", "wa", "ola", "ka", "de", "ma"},
       {"wale", "ye", "nkwo", "wu", "ele", "ola", "eze", "amba", "ngo", "kunle"}},
      {{"sur", "raj", "pra", "kri", "ven", "cha", "ana", "sub", "har", "bhat", "kau", "mo"},
       {"ni", "va", "ra", "esh", "ka"},
       {"esh", "ita", "deep", "ini", "ant", "a", "al"},
       {"kar", "nathan", "murthy", "wala", "pathy", "ghar", "gupta", "want", "arya", "swamy"}},
      {{"yo", "ta", "ka", "hi", "na", "mi", "sa", "mo", "shi", "ha", "fu", "no"},
       {"ma", "ki", "ro", "shi", "na"},
       {"ko", "mi", "to", "suke", "ro", "na", "ri"},
       {"moto", "yama", "kawa", "da", "mura", "shita", "saki", "guchi", "no"}},
      {{"xi", "zh", "li", "wu", "qi", "hu", "ya", "ch", "ju", "ng", "tr", "ph"},
       {"a", "o", "ia"},
       {"ang", "ei", "an", "ing", "ong", "uan", "en", "u"},
       {"ang", "ao", "eng", "uyen", "an", "iu", "ong", "ou"}},
      {{"ab", "kha", "mah", "sal", "far", "naz", "has", "yus", "zah", "tar", "ra", "ham"},
       {"da", "li", "ra", "mi"},
       {"id", "a", "een", "oud", "iya", "im", "ad"},
       {"ani", "awi", "zadeh", "oglu", "ullah", "ari", "eddin", "abi", "yan", "idze"}},
      {{"sch", "kr", "web", "hof", "bau", "mül", "grü", "zim", "vog", "stein", "rei", "kö"},
       {"er", "in", "el"},
       {"a", "rich", "helm", "traud", "bert", "linde", "ke"},
       {"mann", "meier", "bach", "ler", "hardt", "feld", "auer", "hoff", "inger"}},
      {{"del", "beau", "mar", "la", "du", "cha", "bou", "per", "gi", "lec", "thi", "ré"},
       {"ti", "re", "mo", "be"},
       {"ine", "ette", "ien", "elle", "in", "aud"},
       {"eau", "ier", "ault", "ard", "oux", "ont", "ot", "ais", "erre", "in"}}};
  return kLanguages;
}

std::string capital(std::string word) {
  if (!word.empty() && word[0] >= 'a' && word[0] <= 'z') word[0] = static_cast<char>(word[0] - 32);
  return word;
}

std::string digits(TagRandom& random, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += static_cast<char>('0' + random.below(10));
  return out;
}

std::string_view pick(TagRandom& random, std::span<const std::string_view> items) {
  return items[random.below(items.size())];
}

constexpr std::array<std::string_view, 12> kMonths{"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};

}  // namespace

std::string invent_name(TagRandom& random, bool family) {
  const Language& language = random.pick(languages());
  std::string name(random.pick(language.first));
  for (std::size_t middles = random.below(3); middles > 0; --middles)
    name += random.pick(language.middle);
  name += random.pick(family ? language.family_end : language.given_end);
  return capital(std::move(name));
}

std::string invent_town(TagRandom& random) {
  constexpr std::array<std::string_view, 14> kEnds{"vale", "ville", "burg",  "haven",   "stad",
                                                   "ford", "mouth", " City", "dorf",    "hampton",
                                                   "grad", "pur",   "vik",   " Springs"};
  constexpr std::array<std::string_view, 9> kFronts{"San ",  "Santa ", "New ",   "St. ", "Port ",
                                                    "West ", "Fort ",  "Mount ", "El "};
  const std::string stem = invent_name(random, random.chance(50));
  switch (random.below(3)) {
    case 0:
      return stem + std::string(pick(random, kEnds));
    case 1:
      return std::string(pick(random, kFronts)) + stem;
    default:
      return stem;
  }
}

std::string invent_company(TagRandom& random, const std::string& family) {
  constexpr std::array<std::string_view, 16> kKinds{
      "Systems",    "Ltd",         "Inc.",   "Corporation", "& Sons",  "Logistics",
      "Foods",      "Group",       "Motors", "Insurance",   "Holding", "Partners",
      "Industries", "Electronics", "School", "Bank"};
  const std::string stem = random.chance(50) ? family : invent_name(random, random.chance(50));
  if (random.chance(15)) return stem;
  return stem + " " + std::string(pick(random, kKinds));
}

std::string invent_date(TagRandom& random) {
  const std::size_t month = 1 + random.below(12);
  const std::size_t day = 1 + random.below(28);
  const std::size_t year = 1925 + random.below(105);
  const std::string_view name = kMonths[month - 1];
  switch (random.below(14)) {
    case 0:
      return fmt::format("{}/{}/{}", month, day, year);
    case 1:
      return fmt::format("{:02}/{:02}/{:02}", month, day, year % 100);
    case 2:
      return fmt::format("{}-{:02}-{:02}", year, month, day);
    case 3:
      return fmt::format("{} {}, {}", name, day, year);
    case 4:
      return fmt::format("{} {} {}", day, name, year);
    case 5:
      return fmt::format("{} {}", name.substr(0, 3), day);
    case 6:
      return fmt::format("{} {}", name, year);
    case 7:
      return fmt::format("{}/{}/{}", day, month, year);
    case 8:
      return fmt::format("{} {}th", name, day + 3 > 20 ? 20 : 4 + day % 16);
    case 9:
      return fmt::format("{:02}-{}-{}", day, name.substr(0, 3), year);
    case 10:
      return fmt::format("{}.{}.{}", day, month, year);
    case 11:
      return fmt::format("{}. {} {}", name.substr(0, 3), day, year);
    case 12:
      return fmt::format("the {}th of {}", 4 + day % 16, name);
    default:
      return fmt::format("{} {}", name, day);
  }
}

std::string invent_phone(TagRandom& random) {
  const std::string a = fmt::format("{}{}", 2 + random.below(8), digits(random, 2));
  const std::string b = digits(random, 3);
  const std::string c = digits(random, 4);
  switch (random.below(9)) {
    case 0:
      return fmt::format("({}) {}-{}", a, b, c);
    case 1:
      return fmt::format("{}-{}-{}", a, b, c);
    case 2:
      return fmt::format("{}.{}.{}", a, b, c);
    case 3:
      return a + b + c;
    case 4:
      return fmt::format("+1 {} {} {}", a, b, c);
    case 5:
      return fmt::format("{}-{}", b, c);
    case 6:
      return fmt::format("+{} {} {} {}", 20 + random.below(79), digits(random, 2), b, c);
    case 7:
      return fmt::format("{}-{}-{} x{}", a, b, c, digits(random, 3));
    default:
      return fmt::format("0{} {} {}", digits(random, 2), digits(random, 3), c);
  }
}

std::string invent_id(TagRandom& random) {
  const auto letter = [&] { return std::string(1, static_cast<char>('A' + random.below(26))); };
  switch (random.below(7)) {
    case 0:
      return digits(random, 5 + random.below(6));
    case 1:
      return letter() + digits(random, 6 + random.below(3));
    case 2:
      return letter() + letter() + digits(random, 6);
    case 3:
      return fmt::format("{}-{}-{}", digits(random, 3), digits(random, 2), digits(random, 4));
    case 4:
      return fmt::format("{}-{}", letter() + letter(), digits(random, 5));
    case 5:
      return digits(random, 12 + random.below(5));
    default:
      return digits(random, 4) + letter() + digits(random, 3);
  }
}

std::string invent_street(TagRandom& random, const std::string& name) {
  constexpr std::array<std::string_view, 14> kKinds{"Street", "St",   "Avenue", "Ave",    "Road",
                                                    "Rd",     "Lane", "Drive",  "Dr",     "Blvd",
                                                    "Court",  "Way",  "Place",  "Terrace"};
  constexpr std::array<std::string_view, 8> kFronts{"Rua ", "Via ", "Calle ", "Rue de ",
                                                    "Rue ", "Ul. ", "Av. ",   "Rua do "};
  constexpr std::array<std::string_view, 9> kEnds{"straat", "strasse", "gatan", "vej", "katu",
                                                  "veien",  "weg",     "utca",  "tie"};
  const std::size_t number = 1 + random.below(random.chance(50) ? 200 : 30000);
  std::string street;
  switch (random.below(6)) {
    case 0:
      street = fmt::format("{} {}{}", number, pick(random, kFronts), name);
      break;
    case 1:
      street = fmt::format("{}{} {}", name, pick(random, kEnds), number);
      break;
    case 2:
      street = fmt::format("{} {}{} {}", number, name, pick(random, kEnds), 1 + random.below(99));
      break;
    default:
      street = fmt::format("{} {} {}", number, name, pick(random, kKinds));
  }
  if (random.chance(30))
    street += fmt::format("{}{} {}", random.chance(50) ? ", " : " ",
                          random.chance(50) ? "Apt." : "Suite", 1 + random.below(999));
  return street;
}

}  // namespace residency::deid
