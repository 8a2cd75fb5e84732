#include "synth/cases/case_rows.h"

#include <charconv>
#include <fmt/format.h>

#include "synth/tables.h"

namespace residency::synth {
namespace {

constexpr int kNumberMax = 1'000'000;

bool read_number(std::string_view text, int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= 0 &&
         number <= kNumberMax;
}

bool read_range(std::string_view text, int& low, int& high) {
  const auto dash = text.find('-');
  return dash != std::string_view::npos && read_number(text.substr(0, dash), low) &&
         read_number(text.substr(dash + 1), high) && low <= high;
}

}  // namespace

Result<std::vector<CaseRow>> parse_case_rows(std::string_view table, std::string_view name,
                                             std::size_t width) {
  std::vector<CaseRow> rows;
  for (std::size_t number = 1; !table.empty(); ++number) {
    const auto end = table.find('\n');
    const std::string_view line = table.substr(0, end);
    table.remove_prefix(end == std::string_view::npos ? table.size() : end + 1);
    if (line.empty() || line[0] == '#') continue;
    CaseRow row{fmt::format("{}:{}", name, number), split_fields(line, '\t')};
    if (row.fields.size() != width) {
      return invalid_input(fmt::format("table has a row of {} fields, not {}: {}",
                                       row.fields.size(), width, row.where));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::pair<int, int>> parse_case_range(const CaseRow& row, std::size_t field) {
  std::pair<int, int> range;
  if (read_range(row.fields[field], range.first, range.second)) return range;
  return invalid_input(
      fmt::format("table needs a range like 4-9: {}: field {}", row.where, field + 1));
}

Result<Template> parse_case_template(const CaseRow& row, std::size_t field) {
  if (row.fields[field] == "-") return Template();
  auto parts = parse_template(row.fields[field]);
  if (!parts.ok()) {
    return std::move(parts).error().with_context(fmt::format("{}: field {}", row.where, field + 1));
  }
  return parts;
}

std::string CaseText::write(const Grammar& grammar, const Template& parts) {
  std::string before = std::move(out_);
  out_.clear();
  grammar.expand(parts, random_, *this);
  std::string made = std::move(out_);
  out_ = std::move(before);
  return made;
}

std::string CaseText::write(const Grammar& grammar, std::string_view rule) {
  std::string before = std::move(out_);
  out_.clear();
  grammar.expand(rule, random_, *this);
  std::string made = std::move(out_);
  out_ = std::move(before);
  return made;
}

void CaseText::slot(std::string_view name, std::string_view argument) {
  const auto known = values_.find(name);
  if (known != values_.end()) {
    out_ += known->second;
  } else if (argument.empty()) {
    missed_ = true;
  } else {
    out_ += values_[std::string(name)] = draw(argument);
  }
}

std::string CaseText::draw(std::string_view argument) {
  int low = 0;
  int high = 0;
  if (read_range(argument, low, high)) return std::to_string(random_.between(low, high));
  return random_.pick(split_fields(argument, '/'));
}

void CaseText::capitalise_at(std::size_t position) {
  if (position >= out_.size()) return;
  char& letter = out_[position];
  if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
}

}  // namespace residency::synth
