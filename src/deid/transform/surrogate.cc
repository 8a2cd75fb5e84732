#include "deid/transform/surrogate.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "deid/detect/dictionary.h"
#include "deid/detect/known_finder.h"
#include "deid/detect/name_words.h"
#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

constexpr std::size_t kGivenMax = 300;
constexpr std::size_t kSurnamesMax = 2000;

/// Numbers from a patient's stream, one after the other; it starts again after 32 bytes.
class Draw {
 public:
  explicit Draw(std::string bytes) : bytes_(std::move(bytes)) {}
  std::size_t below(std::size_t bound) {
    std::uint32_t number = 0;
    for (int i = 0; i < 3; ++i)
      number = number << 8 | static_cast<unsigned char>(bytes_[(at_++) % bytes_.size()]);
    return number % bound;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

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

std::string_view pick_name(std::string_view part, bool given, std::string_view gender, Draw& draw,
                           const PatientCode& code) {
  const Dictionary& dictionary = Dictionary::embedded();
  const bool female = dictionary.is_female(part);
  const bool male = dictionary.is_male(part);
  const bool want_female = female != male ? female : gender == "female";
  const auto& list =
      given ? (want_female ? dictionary.female() : dictionary.male()) : dictionary.surnames();
  const std::size_t most = std::min(list.size(), given ? kGivenMax : kSurnamesMax);
  std::size_t at = draw.below(most);
  for (std::size_t tries = 0; tries < most && (list[at] == part || code.avoids(list[at]) ||
                                               list[at].size() < 3 || dictionary.is_word(list[at]));
       ++tries)
    at = (at + 1) % most;
  return list[at];
}

/// One part of a name. Whether it is a given name or a surname is settled by the part alone, so
/// that it is replaced alike wherever it stands.
std::string name_part(std::string_view word, std::string_view gender, PatientCode& code) {
  const Dictionary& dictionary = Dictionary::embedded();
  const std::string part = fold(word);
  Draw draw(code.stream_of("name", part));
  return with_case(word, pick_name(part, dictionary.is_given(part), gender, draw, code));
}

std::string name(std::string_view text, std::string_view gender, PatientCode& code) {
  std::string out;
  std::size_t past = 0;
  for (const Token& token : tokens_of(text)) {
    out += text.substr(past, token.begin - past);
    past = token.end;
    const std::string_view word = text.substr(token.begin, token.end - token.begin);
    if (title_class(token.lower) || is_name_suffix(token.lower) ||
        (is_credential(token.lower) && token.letters > 1 && token.all_capitals) ||
        (is_particle(token.lower) && token.letters <= 3)) {
      out += word;
    } else if (token.letters == 1) {
      Draw draw(code.stream_of("initial", token.lower));
      out += with_case(word, std::string(1, static_cast<char>('a' + draw.below(26))));
    } else if (token.letters <= 3 && token.all_capitals && text.size() <= 3) {
      Draw draw(code.stream_of("initials", token.lower));
      for (std::size_t i = 0; i < token.letters; ++i)
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

std::string normal(std::string_view text) {
  std::string key;
  for (const char c : to_lower(text)) {
    if ((c >= 'a' && c <= 'z') || is_ascii_digit(c) || static_cast<unsigned char>(c) >= 0x80)
      key += c;
  }
  return key;
}

/// Letters become letters and digits digits; never the value itself.
std::string same_shape(PhiClass phi_class, std::string_view text, PatientCode& code) {
  Draw draw(code.stream_of(phi_class_name(phi_class), normal(text)));
  std::string out(text);
  for (char& c : out) {
    if (is_ascii_digit(c))
      c = static_cast<char>('0' + draw.below(10));
    else if (c >= 'a' && c <= 'z')
      c = static_cast<char>('a' + draw.below(26));
    else if (c >= 'A' && c <= 'Z')
      c = static_cast<char>('A' + draw.below(26));
  }
  for (std::size_t i = out.size(); i-- > 0 && out == text;) {
    if (is_ascii_digit(out[i])) out[i] = static_cast<char>('0' + (out[i] - '0' + 1) % 10);
  }
  return out;
}

std::string telephone(PhiClass phi_class, std::string_view text, PatientCode& code) {
  // 555-01xx is set aside for fiction (ATIS-0300115): ten digits end in it, in whatever form.
  std::string out = same_shape(phi_class, text, code);
  std::vector<std::size_t> digits;
  const std::size_t stop = std::min(text.find_first_of("xXeE"), text.size());
  for (std::size_t i = 0; i < stop; ++i) {
    if (is_ascii_digit(out[i])) digits.push_back(i);
  }
  if (digits.size() < 10) return out;
  const std::size_t skip = digits.size() - 10;
  for (std::size_t i = 0; i < skip; ++i) out[digits[i]] = text[digits[i]];
  if (out[digits[skip]] < '2') out[digits[skip]] = '2';
  constexpr std::string_view kFiction = "55501";
  for (std::size_t i = 0; i < kFiction.size(); ++i) out[digits[skip + 3 + i]] = kFiction[i];
  return out;
}

std::string surname(PatientCode& code, std::string_view kind, std::string_view text) {
  Draw draw(code.stream_of(kind, normal(text)));
  return std::string(pick_name("", false, "", draw, code));
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
    case PhiClass::kEmail:
      return fmt::format("user{}@example.org", code.number_of("email", normal(text)));
    case PhiClass::kUrl:
      return fmt::format("https://example.org/{}", code.number_of("url", normal(text)));
    case PhiClass::kIpAddress: {
      const auto number = code.number_of("ip", normal(text));
      return text.find(':') != std::string_view::npos ? fmt::format("2001:db8::{:x}", number)
                                                      : fmt::format("192.0.2.{}", number % 254 + 1);
    }
    case PhiClass::kSsn: {
      std::string out = same_shape(phi_class, text, code);
      const std::size_t first = out.find_first_of("0123456789");
      if (std::count_if(out.begin(), out.end(), is_ascii_digit) == 9)
        out[first] = '9';  // never given out
      return out;
    }
    case PhiClass::kStreet: {
      Draw draw(code.stream_of("street", normal(text)));
      const std::size_t number = 100 + draw.below(9800);
      return with_case(text.substr(text.find_first_not_of("0123456789 ") == std::string_view::npos
                                       ? 0
                                       : text.find_first_not_of("0123456789 ")),
                       fmt::format("{} {} street", number, pick_name("", false, "", draw, code)));
    }
    case PhiClass::kCity: {
      Draw draw(code.stream_of("city", normal(text)));
      const auto& cities = Dictionary::embedded().cities();
      return with_case(text, cities[draw.below(cities.size())]);
    }
    case PhiClass::kCounty:
      return with_case(text, surname(code, "county", text));
    case PhiClass::kHospital:
      return with_case(text, surname(code, "hospital", text) + " medical center");
    case PhiClass::kEmployer:
      return with_case(text, surname(code, "employer", text) + " and company");
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
