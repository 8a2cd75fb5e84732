#include "guard/clinical/hotlines.h"

#include <fmt/format.h>
#include <map>
#include <sstream>
#include <vector>

#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(guard_hotlines);

namespace residency::guard {
namespace {

struct Hotline {
  std::string emergency, line, number;
};

const std::map<std::string, Hotline, std::less<>>& table() {
  static const std::map<std::string, Hotline, std::less<>> kTable = [] {
    std::map<std::string, Hotline, std::less<>> all;
    std::istringstream lines{std::string(embedded_guard_hotlines())};
    std::string line;
    while (std::getline(lines, line)) {
      if (line.empty() || line.front() == '#') continue;
      std::vector<std::string> parts;
      std::istringstream cells(line);
      std::string cell;
      while (std::getline(cells, cell, '|')) {
        const std::size_t begin = cell.find_first_not_of(' ');
        const std::size_t end = cell.find_last_not_of(' ');
        parts.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
      }
      if (parts.size() == 4) all[parts[0]] = {parts[1], parts[2], parts[3]};
    }
    return all;
  }();
  return kTable;
}

}  // namespace

bool has_hotline(std::string_view country) { return table().contains(country); }

std::string emergency_text(std::string_view country) {
  const auto found = table().find(country);
  const std::string number =
      found == table().end() ? "your local emergency number" : found->second.emergency;
  return fmt::format(
      "This may be an emergency. Call {} now, or have someone take you to the nearest emergency "
      "department. Do not wait for an answer here.",
      number);
}

std::string crisis_text(std::string_view country) {
  const auto found = table().find(country);
  if (found == table().end())
    return "I'm sorry that you are in so much pain. You do not have to go through this alone. "
           "Please "
           "call your local crisis line or emergency number now, or go to the nearest emergency "
           "department, and tell someone near you how you feel.";
  return fmt::format(
      "I'm sorry that you are in so much pain. You do not have to go through this alone. Please "
      "contact {} at {} now. If you are in danger or have already hurt yourself, call {}.",
      found->second.line, found->second.number, found->second.emergency);
}

}  // namespace residency::guard
