#include "deid/transform/date_change.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <vector>

#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"january",   "february", "march",    "april",
                                                   "may",       "june",     "july",     "august",
                                                   "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kDays{"sunday",   "monday", "tuesday", "wednesday",
                                                "thursday", "friday", "saturday"};

enum class Part { kNone, kYear, kMonth, kDay, kMonthName, kWeekday, kStamp };

struct Piece {
  std::string text;
  Part part = Part::kNone;
  bool digits = false;
};

template <std::size_t N>
int named(const std::array<std::string_view, N>& names, std::string_view word) {
  const std::string low = to_lower(word);
  if (low.size() < 3) return -1;
  for (std::size_t i = 0; i < N; ++i) {
    if (low == names[i] || (low.size() <= 5 && names[i].starts_with(low)))
      return static_cast<int>(i);
  }
  return -1;
}

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<Piece> pieces;
  for (std::size_t i = 0; i < text.size();) {
    const auto kind = [](char c) { return is_ascii_digit(c) ? 1 : letter(c) ? 2 : 0; };
    std::size_t end = i + 1;
    while (end < text.size() && kind(text[end]) == kind(text[i])) ++end;
    pieces.push_back({std::string(text.substr(i, end - i)), Part::kNone, kind(text[i]) == 1});
    i = end;
  }
  return pieces;
}

int value(const Piece& piece) { return piece.text.size() > 8 ? 0 : std::stoi(piece.text); }

/// "202403": HL7's year and month.
bool is_month_stamp(std::string_view digits) {
  return digits.size() == 6 && (digits.starts_with("19") || digits.starts_with("20")) &&
         digits.substr(4) >= "01" && digits.substr(4) <= "12";
}

/// Names the part that each piece plays. A clock after "T" or a space is left alone.
bool assign(std::vector<Piece>& pieces) {
  bool month_name = false;
  for (Piece& piece : pieces) {
    if (piece.digits) continue;
    if (named(kMonths, piece.text) >= 0 && !month_name) {
      piece.part = Part::kMonthName;
      month_name = true;
    } else if (named(kDays, piece.text) >= 0) {
      piece.part = Part::kWeekday;
    }
  }
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].digits) {
      if (pieces[i].text.find(':') != std::string::npos && !numbers.empty()) {
        numbers.pop_back();  // the hour
        break;
      }
      continue;
    }
    numbers.push_back(i);
  }
  if (numbers.empty())
    return month_name || std::any_of(pieces.begin(), pieces.end(),
                                     [](const Piece& p) { return p.part == Part::kWeekday; });
  Piece& first = pieces[numbers[0]];
  if (first.text.size() >= 8 || is_month_stamp(first.text)) {
    first.part = Part::kStamp;
    return true;
  }
  if (month_name) {
    for (const std::size_t i : numbers) {
      const bool year = pieces[i].text.size() == 4 || (i > 0 && pieces[i - 1].text.ends_with('\''));
      const bool has_day = std::any_of(pieces.begin(), pieces.end(),
                                       [](const Piece& p) { return p.part == Part::kDay; });
      pieces[i].part = year || has_day ? Part::kYear : Part::kDay;
    }
    return true;
  }
  if (first.text.size() == 4) {
    first.part = Part::kYear;
    if (numbers.size() > 1) pieces[numbers[1]].part = Part::kMonth;
    if (numbers.size() > 2) pieces[numbers[2]].part = Part::kDay;
    return true;
  }
  if (numbers.size() < 2) return false;
  Piece& second = pieces[numbers[1]];
  if (second.text.size() == 4) {
    first.part = Part::kMonth;
    second.part = Part::kYear;
    return true;
  }
  const bool day_first = value(first) > 12;
  first.part = day_first ? Part::kDay : Part::kMonth;
  second.part = day_first ? Part::kMonth : Part::kDay;
  if (numbers.size() > 2) pieces[numbers[2]].part = Part::kYear;
  return true;
}

std::string like(std::string_view model, std::string_view name) {
  std::string word(
      name.substr(0, model.size() <= 4 && model.size() < name.size() ? 3 : name.size()));
  const bool all =
      std::all_of(model.begin(), model.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool first = model[0] >= 'A' && model[0] <= 'Z';
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (all || (first && i == 0)) word[i] = static_cast<char>(word[i] - 32);
  }
  return word;
}

std::string_view ordinal(int day) {
  if (day % 10 == 1 && day != 11) return "st";
  if (day % 10 == 2 && day != 12) return "nd";
  if (day % 10 == 3 && day != 13) return "rd";
  return "th";
}

int full_year(int year, std::size_t width, int latest) {
  if (width > 2) return year;
  return year + 2000 <= latest ? year + 2000 : year + 1900;
}

DateParts read_day(const std::vector<Piece>& pieces, int latest) {
  DateParts day;
  for (const Piece& piece : pieces) {
    switch (piece.part) {
      case Part::kYear:
        day.year = full_year(value(piece), piece.text.size(), latest);
        break;
      case Part::kMonth:
        day.month = value(piece);
        break;
      case Part::kDay:
        day.day = value(piece);
        break;
      case Part::kMonthName:
        day.month = named(kMonths, piece.text) + 1;
        break;
      case Part::kStamp:
        day.year = std::stoi(piece.text.substr(0, 4));
        day.month = std::stoi(piece.text.substr(4, 2));
        if (piece.text.size() >= 8) day.day = std::stoi(piece.text.substr(6, 2));
        break;
      case Part::kWeekday:
      case Part::kNone:
        break;
    }
  }
  return day;
}

void write_day(std::vector<Piece>& pieces, int year, int month, int day, int weekday_shift) {
  bool pad = false;
  bool short_number = false;
  for (const Piece& piece : pieces) {
    if (piece.part != Part::kMonth && piece.part != Part::kDay) continue;
    pad = pad || piece.text[0] == '0';
    short_number = short_number || piece.text.size() == 1;
  }
  pad = pad || !short_number;
  const auto number = [pad](int n) { return pad ? fmt::format("{:02}", n) : std::to_string(n); };
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    Piece& piece = pieces[i];
    switch (piece.part) {
      case Part::kYear:
        piece.text =
            piece.text.size() > 2 ? fmt::format("{:04}", year) : fmt::format("{:02}", year % 100);
        break;
      case Part::kMonth:
        piece.text = number(month);
        break;
      case Part::kDay:
        piece.text = number(day);
        if (i + 1 < pieces.size()) {
          const std::string low = to_lower(pieces[i + 1].text);
          if (low == "st" || low == "nd" || low == "rd" || low == "th")
            pieces[i + 1].text = std::string(ordinal(day));
        }
        break;
      case Part::kMonthName:
        piece.text = like(piece.text, kMonths[static_cast<std::size_t>(month - 1)]);
        break;
      case Part::kStamp:
        piece.text = piece.text.size() < 8
                         ? fmt::format("{:04}{:02}", year, month)
                         : fmt::format("{:04}{:02}{:02}", year, month, day) + piece.text.substr(8);
        break;
      case Part::kWeekday: {
        const int moved = ((named(kDays, piece.text) + weekday_shift) % 7 + 7) % 7;
        piece.text = like(piece.text, kDays[static_cast<std::size_t>(moved)]);
        break;
      }
      case Part::kNone:
        break;
    }
  }
}

/// A day that is (where the year is not written, February has 29 days).
bool in_calendar(std::chrono::year_month_day day, bool year_written) {
  const int year = static_cast<int>(day.year());
  if (year < 1800 || year > 2200 || !day.month().ok()) return false;
  return day.ok() || (!year_written && (std::chrono::year(2024) / day.month() / day.day()).ok());
}

}  // namespace

std::optional<std::string> shift_date(std::string_view text, int days, int year) {
  if (text.size() > 80) return std::nullopt;
  std::vector<Piece> pieces = pieces_of(text);
  if (!assign(pieces)) return std::nullopt;
  const DateParts day = read_day(pieces, year + 1);
  const bool weekday_only = !day.month && !day.year;
  if (!day.month && !weekday_only && day.day) return std::nullopt;
  const std::chrono::year_month_day from{
      std::chrono::year(day.year.value_or(year)),
      std::chrono::month(static_cast<unsigned>(day.month.value_or(1))),
      std::chrono::day(static_cast<unsigned>(day.day.value_or(1)))};
  if (!weekday_only && !in_calendar(from, day.year.has_value())) return std::nullopt;
  const std::chrono::year_month_day to{std::chrono::sys_days(from) + std::chrono::days(days)};
  write_day(pieces, static_cast<int>(to.year()),
            static_cast<int>(static_cast<unsigned>(to.month())),
            static_cast<int>(static_cast<unsigned>(to.day())), days);
  std::string out;
  for (const Piece& piece : pieces) out += piece.text;
  return out;
}

std::optional<int> year_of(std::string_view text, int latest_year) {
  return date_parts(text, latest_year).year;
}

DateParts date_parts(std::string_view text, int latest_year) {
  if (text.size() > 80) return {};
  std::vector<Piece> pieces = pieces_of(text);
  if (!assign(pieces)) return {};
  DateParts parts = read_day(pieces, latest_year);
  if (parts.month && (*parts.month < 1 || *parts.month > 12)) parts.month.reset();
  if (parts.day && (*parts.day < 1 || *parts.day > 31)) parts.day.reset();
  return parts;
}

std::string month_title(int month) {
  std::string name(kMonths[static_cast<std::size_t>(month - 1)]);
  name[0] = static_cast<char>(name[0] - 32);
  return name;
}

}  // namespace residency::deid
