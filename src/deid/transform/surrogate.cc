#include "deid/transform/surrogate.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <unordered_set>
#include <vector>

#include "deid/detect/dictionary.h"
#include "deid/detect/known_finder.h"
#include "deid/detect/name_words.h"
#include "deid/detect/tokens.h"
#include "deid/detect/validators.h"
#include "deid/transform/name_pool.h"

namespace residency::deid {
namespace {

constexpr std::size_t kGivenMax = 300;
constexpr std::size_t kSurnamesMax = 2000;
constexpr int kDrawsMax = 64;  // for a value that must not be a real one

std::string with_case(std::string_view model, std::string_view word) {
  const auto big = [](char c) { return c >= 'A' && c <= 'Z'; };
  const bool capital =
      !model.empty() && (big(model[0]) || static_cast<unsigned char>(model[0]) >= 0x80);
  const bool all = model.size() > 1 && std::none_of(model.begin(), model.end(),
                                                    [](char c) { return c >= 'a' && c <= 'z'; });
  std::string out(word);
  bool start = true;
  for (char& c : out) {
    if (c >= 'a' && c <= 'z' && (all || (capital && start))) c = static_cast<char>(c - 32);
    start = c == ' ' || c == '-';
  }
  return out;
}

/// True where `name` may stand for `part`: another name, none of the corpus, no word of medicine.
bool may_stand(std::string_view name, std::string_view part, const PatientCode& code) {
  return name.size() >= 2 && name != part && !code.avoids(name) &&
         !Dictionary::embedded().is_word(name);
}

/// The first of `list`, from a drawn place on, that may stand for `part`; "" where none may.
std::string_view pick_from(const std::vector<std::string_view>& list, std::size_t most,
                           std::string_view part, Draw& draw, const PatientCode& code) {
  if (most == 0) return "";
  const std::size_t start = draw.below(most);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string_view name = list[(start + i) % (i < most ? most : list.size())];
    if (may_stand(name, part, code)) return name;
  }
  return "";
}

/// A name of the same culture and gender where its lists still have one, else of the census's, else
/// an invented one.
std::string pick_name(std::string_view part, bool given, std::string_view gender, Draw& draw,
                      const PatientCode& code) {
  const Dictionary& dictionary = Dictionary::embedded();
  const NameCulture* culture = culture_of(part);
  const auto in = [&](const std::vector<std::string_view>& list) {
    return std::find(list.begin(), list.end(), part) != list.end();
  };
  const bool female = dictionary.is_female(part) || (culture != nullptr && in(culture->female));
  const bool male = dictionary.is_male(part) || (culture != nullptr && in(culture->male));
  const bool want_female = female != male ? female : gender == "female";
  if (culture != nullptr) {
    const auto& list = given ? (want_female ? culture->female : culture->male) : culture->family;
    if (const auto name = pick_from(list, list.size(), part, draw, code); !name.empty())
      return std::string(name);
  }
  const auto& list =
      given ? (want_female ? dictionary.female() : dictionary.male()) : dictionary.surnames();
  const std::size_t most = std::min(list.size(), given ? kGivenMax : kSurnamesMax);
  if (const auto name = pick_from(list, most, part, draw, code); !name.empty())
    return std::string(name);
  std::string name = invented_name(part, draw);
  for (int i = 0; i < kDrawsMax && !may_stand(name, part, code); ++i)
    name = invented_name(part, draw) + static_cast<char>('a' + i % 26);
  return name;
}

/// One part of a name. Whether it is a given name or a surname is settled by the part alone, so
/// that it is replaced alike wherever it stands.
std::string name_part(std::string_view word, std::string_view gender, PatientCode& code) {
  const Dictionary& dictionary = Dictionary::embedded();
  const std::string part = fold(word);
  const NameCulture* culture = culture_of(part);
  const auto in = [&](const std::vector<std::string_view>& list) {
    return std::find(list.begin(), list.end(), part) != list.end();
  };
  const bool given = dictionary.is_given(part) || (culture != nullptr && !in(culture->family) &&
                                                   (in(culture->female) || in(culture->male)));
  Draw draw(code.stream_of("name", part));
  return with_case(word, pick_name(part, given, gender, draw, code));
}

/// True for what belongs to a name but names nobody: a title before it, a suffix or a credential
/// behind it, a particle inside. The same words are names elsewhere ("MA, JACK", "Hoa Le").
bool names_nobody(std::string_view text, const std::vector<Token>& tokens, std::size_t i) {
  const Token& token = tokens[i];
  const bool first = i == 0;
  const bool last = i + 1 == tokens.size();
  const auto comma = [&](std::size_t from, std::size_t to) {
    return text.substr(from, to - from).find(',') != std::string_view::npos;
  };
  const bool comma_behind = !last && comma(token.end, tokens[i + 1].begin);
  if (title_class(token.lower) && first && !last && !comma_behind) return true;
  if (is_particle(token.lower) && token.letters <= 3 && !last && !comma_behind) return true;
  if (first) return false;
  if (is_name_suffix(token.lower)) return true;
  if (!is_credential(token.lower) || token.letters < 2 || !token.all_capitals) return false;
  const bool mixed = std::any_of(tokens.begin(), tokens.end(),
                                 [](const Token& t) { return t.letters > 1 && !t.all_capitals; });
  return mixed && comma(tokens[i - 1].end, token.begin);
}

std::string name(std::string_view text, std::string_view gender, PatientCode& code) {
  std::string out;
  std::size_t past = 0;
  const std::vector<Token> tokens = tokens_of(text);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    out += text.substr(past, token.begin - past);
    past = token.end;
    const std::string_view word = text.substr(token.begin, token.end - token.begin);
    if (names_nobody(text, tokens, i)) {
      out += word;
    } else if (token.letters == 1) {
      Draw draw(code.stream_of("initial", token.lower));
      out += with_case(word, std::string(1, static_cast<char>('a' + draw.below(26))));
    } else if (token.letters <= 3 && token.all_capitals && text.size() <= 3) {
      Draw draw(code.stream_of("initials", token.lower));
      for (std::size_t j = 0; j < token.letters; ++j)
        out += static_cast<char>('A' + draw.below(26));
    } else {
      for (std::size_t from = 0; from <= word.size();) {
        const std::size_t hyphen = std::min(word.find('-', from), word.size());
        if (hyphen > from) out += name_part(word.substr(from, hyphen - from), gender, code);
        if (hyphen < word.size()) out += '-';
        from = hyphen + 1;
      }
    }
  }
  out += text.substr(past);
  return out;
}

/// True where a made-up value may not stand because the corpus has it, or is the value itself.
bool is_real(std::string_view made, std::string_view text, const PatientCode& code) {
  return made == text || (code.real() != nullptr && code.real()->has_value(made));
}

/// The stream for the first draw, and others for those after it.
std::string drawn_again(const std::string& stream, int round) {
  return round == 0 ? stream : crypto::hmac_sha256(stream, fmt::format("draw {}", round));
}

/// Letters become letters and digits digits; never the value itself, nor one of the corpus where
/// the form leaves room for another. `settle` makes a drawn value what its class wants.
template <class Settle>
std::string same_shape(PhiClass phi_class, std::string_view text, PatientCode& code,
                       const Settle& settle) {
  const std::string stream = code.stream_of(phi_class_name(phi_class), letters_and_digits(text));
  std::string out;
  for (int round = 0; round < kDrawsMax; ++round) {
    Draw draw(drawn_again(stream, round));
    out = std::string(text);
    for (char& c : out) {
      if (is_ascii_digit(c))
        c = static_cast<char>('0' + draw.below(10));
      else if (c >= 'a' && c <= 'z')
        c = static_cast<char>('a' + draw.below(26));
      else if (c >= 'A' && c <= 'Z')
        c = static_cast<char>('A' + draw.below(26));
    }
    settle(out);
    if (!is_real(out, text, code)) return out;
  }
  // So short that every value of its form is a real one: no form then.
  return fmt::format("[{}]", phi_class_name(phi_class));
}

std::string same_shape(PhiClass phi_class, std::string_view text, PatientCode& code) {
  return same_shape(phi_class, text, code, [](std::string&) {});
}

/// Ten digits and an extension. The ten alone say which number it is, so that it is replaced alike
/// with an extension, with a country's code, and without.
struct Telephone {
  std::vector<std::size_t> digits;     // where the ten are
  std::vector<std::size_t> extension;  // where those behind are
};

std::optional<Telephone> read_telephone(std::string_view text) {
  const std::size_t stop = std::min(text.find_first_of("xXeE#"), text.size());
  Telephone found;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_ascii_digit(text[i])) (i < stop ? found.digits : found.extension).push_back(i);
  }
  if (found.digits.size() < 10) return std::nullopt;
  found.digits.erase(found.digits.begin(), found.digits.end() - 10);
  return found;
}

std::string telephone(PhiClass phi_class, std::string_view text, PatientCode& code) {
  const auto places = read_telephone(text);
  if (!places) return same_shape(phi_class, text, code);
  std::string number;
  for (const std::size_t at : places->digits) number += text[at];
  const std::string stream = code.stream_of("telephone", number);
  std::string out(text);
  for (int round = 0; round < kDrawsMax; ++round) {
    Draw draw(drawn_again(stream, round));
    // 555-01xx is set aside for fiction (ATIS-0300115).
    std::string made = "xxx55501xx";
    for (char& c : made) {
      if (c == 'x')
        c = static_cast<char>(&c == made.data() ? '2' + draw.below(8) : '0' + draw.below(10));
    }
    for (std::size_t i = 0; i < made.size(); ++i) out[places->digits[i]] = made[i];
    for (const std::size_t at : places->extension)
      out[at] = static_cast<char>('0' + draw.below(10));
    if (!is_real(out, text, code) && !is_real(made, number, code)) return out;
  }
  return fmt::format("[{}]", phi_class_name(phi_class));
}

std::string surname(PatientCode& code, std::string_view kind, std::string_view text) {
  Draw draw(code.stream_of(kind, letters_and_digits(text)));
  return pick_name("", false, "", draw, code);
}

bool is_street_word(std::string_view lower) {
  static const std::unordered_set<std::string_view> kWords{
      "street", "st",     "avenue", "ave",     "road", "rd",      "boulevard", "blvd",   "drive",
      "dr",     "lane",   "ln",     "court",   "ct",   "place",   "pl",        "way",    "terrace",
      "ter",    "circle", "cir",    "highway", "hwy",  "parkway", "pkwy",      "square", "sq",
      "trail",  "trl",    "north",  "south",   "east", "west",    "n",         "s",      "e",
      "w",      "ne",     "nw",     "se",      "sw",   "apt",     "apartment", "suite",  "ste",
      "unit",   "floor",  "fl",     "room",    "rm",   "po",      "p",         "o",      "box",
      "rural",  "route",  "rr",     "the",     "of"};
  return kWords.contains(lower);
}

/// House numbers become others of as many digits, names other names; what kind of street stays.
std::string street(std::string_view text, PatientCode& code) {
  // "12 Elm St" and "12 Elm Street" are one address.
  std::string key = digits_of(text);
  for (const Token& token : tokens_of(text)) {
    if (!is_street_word(token.lower)) key += " " + fold(token.lower);
  }
  Draw draw(code.stream_of("street", key));
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto inside = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'' ||
             static_cast<unsigned char>(c) >= 0x80;
    };
    if (is_ascii_digit(text[i])) {
      const bool first = i == 0 || !is_ascii_digit(text[i - 1]);
      out += static_cast<char>(first ? '1' + draw.below(9) : '0' + draw.below(10));
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && inside(text[end])) ++end;
    const std::string_view word = text.substr(i, end - i);
    if (word.empty()) {
      out += text[i++];
      continue;
    }
    // A single letter is a unit's ("Apt 4B"), or the ending of an ordinal ("5th").
    const bool ordinal = i > 0 && is_ascii_digit(text[i - 1]);
    if (word.size() == 1 && !is_street_word(to_lower(word)))
      out += static_cast<char>((word[0] >= 'a' ? 'a' : 'A') + draw.below(26));
    else if (ordinal || is_street_word(to_lower(word)))
      out += word;
    else
      out += with_case(word, pick_name(fold(word), false, "", draw, code));
    i = end;
  }
  return out;
}

/// A place's name by its words, or written as one word.
bool is_real_place(std::string_view name, const PatientCode& code) {
  return code.real() != nullptr &&
         (code.real()->has_all_words(name) || code.real()->has_word(letters_and_digits(name)));
}

std::string city(std::string_view text, PatientCode& code) {
  Draw draw(code.stream_of("city", letters_and_digits(text)));
  const auto& cities = Dictionary::embedded().cities();
  std::string made;
  for (int i = 0; i < 2 * kDrawsMax; ++i) {
    // Where the corpus has about all of them, one is made up.
    made = i < kDrawsMax ? std::string(cities[draw.below(cities.size())])
                         : pick_name("", false, "", draw, code) + "ville";
    if (!is_real_place(made, code)) break;
  }
  return with_case(text, made);
}

/// "Mercy General Hospital" becomes "Lindqvist General Hospital": what kind of house it is stays.
std::string house(std::string_view kind, std::string_view text, std::string_view ending,
                  PatientCode& code) {
  static const std::unordered_set<std::string_view> kWords{
      "hospital", "medical",  "center",    "centre",   "clinic",     "health",     "healthcare",
      "general",  "regional", "community", "memorial", "university", "inc",        "llc",
      "ltd",      "corp",     "company",   "co",       "group",      "associates", "and",
      "services", "system",   "school",    "bank",     "office"};
  std::string kept;
  const auto tokens = tokens_of(text);
  for (const Token& token : tokens) {
    if (!kWords.contains(token.lower)) {
      kept.clear();
      continue;
    }
    kept += (kept.empty() ? "" : " ") + token.lower;
  }
  return with_case(text, fmt::format("{} {}", surname(code, kind, text),
                                     kept.empty() ? std::string(ending) : kept));
}

/// `made` with letters put behind it until the corpus has no such value.
std::string unreal(std::string made, const PatientCode& code) {
  for (int i = 0; i < kDrawsMax && code.real() != nullptr && code.real()->has_value(made); ++i)
    made += static_cast<char>('a' + i % 26);
  return made;
}

}  // namespace

std::string surrogate(PhiClass phi_class, std::string_view text, std::string_view gender,
                      PatientCode& code) {
  switch (phi_class) {
    case PhiClass::kPatientName:
    case PhiClass::kRelativeName:
    case PhiClass::kClinicianName:
      return name(text, phi_class == PhiClass::kPatientName ? gender : "", code);
    case PhiClass::kPhone:
    case PhiClass::kFax:
      return telephone(phi_class, text, code);
    case PhiClass::kEmail: {
      const auto number = code.number_of("email", letters_and_digits(text));
      const auto free = [&](int round) {
        return fmt::format("user{}{}@example.org", number,
                           std::string(static_cast<std::size_t>(round), 'x'));
      };
      int round = 0;
      while (round < kDrawsMax && is_real(free(round), text, code)) ++round;
      return free(round);
    }
    case PhiClass::kUrl:
      return unreal(
          fmt::format("https://example.org/{}", code.number_of("url", letters_and_digits(text))),
          code);
    case PhiClass::kIpAddress: {
      const auto number = code.number_of("ip", letters_and_digits(text));
      return text.find(':') != std::string_view::npos ? fmt::format("2001:db8::{:x}", number)
                                                      : fmt::format("192.0.2.{}", number % 254 + 1);
    }
    case PhiClass::kSsn:
      return same_shape(phi_class, text, code, [](std::string& out) {
        const std::size_t first = out.find_first_of("0123456789");
        if (std::count_if(out.begin(), out.end(), is_ascii_digit) == 9)
          out[first] = '9';  // never given out
      });
    case PhiClass::kStreet:
      return street(text, code);
    case PhiClass::kCity:
      return city(text, code);
    case PhiClass::kCounty:
      return with_case(text, surname(code, "county", text));
    case PhiClass::kHospital:
      return house("hospital", text, "medical center", code);
    case PhiClass::kEmployer:
      return house("employer", text, "and company", code);
    case PhiClass::kMrn:
    case PhiClass::kHealthPlanId:
    case PhiClass::kAccount:
    case PhiClass::kLicense:
    case PhiClass::kVehicle:
    case PhiClass::kDevice:
    case PhiClass::kOtherId:
    case PhiClass::kZip:
      return same_shape(phi_class, text, code);
    default:
      return fmt::format("[{}]", phi_class_name(phi_class));
  }
}

}  // namespace residency::deid
