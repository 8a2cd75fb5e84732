#include "deid/tagger/refill.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <functional>

#include "deid/detect/dictionary.h"
#include "deid/detect/name_words.h"
#include "deid/detect/tokens.h"
#include "deid/tagger/name_maker.h"

namespace residency::deid {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
bool is_big(char c) { return c >= 'A' && c <= 'Z'; }

/// Puts `take` of each run of letters or digits in the run's place.
std::string each_run(std::string_view text,
                     const std::function<std::string(std::string_view, std::size_t)>& take) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    if (is_letter(text[i])) {
      while (end < text.size() && is_letter(text[end])) ++end;
    } else if (is_ascii_digit(text[i])) {
      while (end < text.size() && is_ascii_digit(text[end])) ++end;
    } else {
      out += text[i];
      i = end;
      continue;
    }
    out += take(text.substr(i, end - i), i);
    i = end;
  }
  return out;
}

std::string as_in(std::string_view form, std::string text) {
  const bool any_big = std::any_of(form.begin(), form.end(), is_big);
  const bool any_small =
      std::any_of(form.begin(), form.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (!any_big && any_small) return to_lower(text);
  if (any_big && !any_small && form.size() > 1) {
    for (char& c : text) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    }
  }
  return text;
}

std::string other_digits(std::string_view old, TagRandom& random) {
  std::string out(old);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (i == 0 && old[0] == '0' && random.chance(70)) continue;
    out[i] = static_cast<char>('0' + random.below(10));
  }
  return out;
}

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kDays{"monday", "tuesday",  "wednesday", "thursday",
                                                "friday", "saturday", "sunday"};

/// "sept" is a beginning of "september": another of `names`, cut as short.
template <std::size_t N>
std::string other_of(const std::array<std::string_view, N>& names, std::string_view word,
                     TagRandom& random) {
  const std::string lower = to_lower(word);
  if (lower.size() < 3) return "";
  for (const std::string_view name : names) {
    if (!name.starts_with(lower)) continue;
    const std::string_view other = names[random.below(N)];
    std::string text(lower.size() == name.size() ? other : other.substr(0, lower.size()));
    return as_in(word, is_big(word[0]) ? title_case(text) : text);
  }
  return "";
}

/// Words that say what a place or an organisation is, and stay.
bool says_the_kind(std::string_view lower) {
  constexpr std::array<std::string_view, 24> kKinds{
      "st",       "saint", "of",    "the",    "and",  "at",   "in",  "for",
      "de",       "la",    "inc",   "llc",    "co",   "corp", "ltd", "county",
      "hospital", "apt",   "suite", "center", "unit", "po",   "box", "floor"};
  return std::find(kKinds.begin(), kKinds.end(), lower) != kKinds.end();
}

}  // namespace

std::string Refill::name(std::string_view old) {
  const std::size_t comma = old.find(',');
  const std::size_t last_space = old.rfind(' ');
  return each_run(old, [&](std::string_view word, std::size_t at) -> std::string {
    if (is_ascii_digit(word[0])) return std::string(word);
    const std::string lower = to_lower(word);
    const bool before_apostrophe = at + word.size() < old.size() && old[at + word.size()] == '\'';
    if (is_particle(lower) || is_name_suffix(lower) || before_apostrophe) return std::string(word);
    std::string& stands = names_[lower];
    if (stands.empty()) {
      if (word.size() == 1) {
        stands = std::string(1, static_cast<char>('A' + random_.below(26)));
      } else if (word.size() <= 3 && std::all_of(word.begin(), word.end(), is_big) &&
                 old.size() == word.size()) {
        for (std::size_t i = 0; i < word.size(); ++i)
          stands += static_cast<char>('A' + random_.below(26));
      } else {
        const bool family = comma != std::string_view::npos        ? at < comma
                            : last_space != std::string_view::npos ? at > last_space
                                                                   : random_.chance(50);
        // One word: what has a space or a hyphen would change the form.
        for (int tries = 0;
             tries < 5 && (stands.empty() || stands.find_first_of(" -'") != std::string::npos);
             ++tries)
          stands = family ? maker_.family(random_) : maker_.given(random_);
      }
    }
    return as_in(word, is_big(word[0]) ? stands : to_lower(stands));
  });
}

std::string Refill::words(std::string_view old, int percent, bool keep_plain) {
  const Dictionary& dictionary = Dictionary::embedded();
  return each_run(old, [&](std::string_view word, std::size_t) -> std::string {
    if (is_ascii_digit(word[0])) return other_digits(word, random_);
    const std::string lower = to_lower(word);
    if (word.size() < 3 || says_the_kind(lower) || !random_.chance(percent))
      return std::string(word);
    if (keep_plain && dictionary.is_word(lower) && !dictionary.is_surname(lower))
      return std::string(word);
    std::string other = random_.chance(60) ? maker_.family(random_) : invent_town(random_);
    return as_in(word, is_big(word[0]) ? other : to_lower(other));
  });
}

std::string Refill::place(std::string_view old) {
  const std::string lower = to_lower(old);
  if (lower.find("county") != std::string::npos) return words(old, 80, false);
  std::string& stands = names_[lower];
  if (stands.empty()) stands = maker_.city(random_);
  return as_in(old, stands);
}

std::string Refill::organisation(PhiClass phi_class, std::string_view old) {
  const char* list = phi_class == PhiClass::kHospital     ? "hospitalname"
                     : phi_class == PhiClass::kProfession ? "jobname"
                     : phi_class == PhiClass::kWard       ? "wardname"
                                                          : "employername";
  if (phi_class == PhiClass::kProfession) {
    if (random_.chance(40)) return std::string(old);
    const std::string other = maker_.listed(list, random_);
    return as_in(old, is_big(old[0]) ? title_case(other) : other);
  }
  if (random_.chance(15)) {
    const std::string other = maker_.listed(list, random_);
    if (!other.empty()) return as_in(old, other);
  }
  if (phi_class == PhiClass::kWard) {
    return each_run(old, [&](std::string_view run, std::size_t) {
      return is_ascii_digit(run[0]) ? other_digits(run, random_) : std::string(run);
    });
  }
  return words(old, 70, true);
}

std::string Refill::date(std::string_view old) {
  const bool digits = std::any_of(old.begin(), old.end(), is_ascii_digit);
  if (digits && old.size() > 5 && random_.chance(10)) return as_in(old, invent_date(random_));
  return each_run(old, [&](std::string_view run, std::size_t) -> std::string {
    if (!is_ascii_digit(run[0])) {
      if (std::string other = other_of(kMonths, run, random_); !other.empty()) return other;
      if (std::string other = other_of(kDays, run, random_); !other.empty()) return other;
      return std::string(run);
    }
    std::size_t value = 0;
    for (const char c : run.substr(0, 4)) value = 10 * value + static_cast<std::size_t>(c - '0');
    if (run.size() == 4 && value > 1900 && value < 2100)
      return fmt::format("{}",
                         random_.chance(25) ? 1925 + random_.below(80) : 2005 + random_.below(22));
    if (run.size() > 4) return std::string(run.substr(0, 2)) + other_digits(run.substr(2), random_);
    if (run.size() > 2) return other_digits(run, random_);
    const std::size_t other = value > 31   ? 32 + random_.below(68)
                              : value > 12 ? 13 + random_.below(17)
                                           : 1 + random_.below(12);
    return run.size() == 2 ? fmt::format("{:02}", other) : fmt::format("{}", 1 + other % 9);
  });
}

std::string Refill::age(std::string_view old) {
  return each_run(old, [&](std::string_view run, std::size_t) -> std::string {
    if (!is_ascii_digit(run[0])) return std::string(run);
    if (run.size() == 2) return fmt::format("{}", 10 + random_.below(90));
    return fmt::format("{}", 1 + random_.below(run.size() == 1 ? 9 : 104));
  });
}

std::string Refill::code(std::string_view old) {
  if (random_.chance(8)) return invent_id(random_);
  const bool digits = std::any_of(old.begin(), old.end(), is_ascii_digit);
  const bool letters = random_.chance(40);
  return each_run(old, [&](std::string_view run, std::size_t) -> std::string {
    if (is_ascii_digit(run[0])) return other_digits(run, random_);
    if (!digits || !letters || run.size() > 4) return std::string(run);
    std::string out(run);
    for (char& c : out) {
      if (is_big(c)) c = static_cast<char>('A' + random_.below(26));
    }
    return out;
  });
}

/// An e-mail or web address: what is no ending or plain word changes.
std::string Refill::address(std::string_view old) {
  const std::size_t last = old.rfind('.');
  return each_run(old, [&](std::string_view run, std::size_t at) -> std::string {
    if (is_ascii_digit(run[0])) return other_digits(run, random_);
    if (run.size() < 3 || (last != std::string_view::npos && at > last) || run == "http" ||
        run == "https" || run == "www" || random_.chance(50))
      return std::string(run);
    return as_in(run, to_lower(invent_name(random_, random_.chance(50))));
  });
}

std::string Refill::other(PhiClass phi_class, std::string_view old) {
  switch (phi_class) {
    case PhiClass::kPatientName:
    case PhiClass::kRelativeName:
    case PhiClass::kClinicianName:
      return name(old);
    case PhiClass::kCity:
    case PhiClass::kCounty:
      return place(old);
    case PhiClass::kStreet:
      return words(old, 60, true);
    case PhiClass::kHospital:
    case PhiClass::kEmployer:
    case PhiClass::kWard:
    case PhiClass::kProfession:
      return organisation(phi_class, old);
    case PhiClass::kDate:
      return date(old);
    case PhiClass::kAge:
      return age(old);
    case PhiClass::kEmail:
    case PhiClass::kUrl:
      return address(old);
    case PhiClass::kPhone:
    case PhiClass::kFax:
      if (old.size() >= 10 && random_.chance(12)) return invent_phone(random_);
      return each_run(old, [&](std::string_view run, std::size_t) {
        return is_ascii_digit(run[0]) ? other_digits(run, random_) : std::string(run);
      });
    default:
      return code(old);
  }
}

}  // namespace residency::deid
