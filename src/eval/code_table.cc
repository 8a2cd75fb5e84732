#include "eval/code_table.h"

#include <algorithm>
#include <fmt/format.h>

#include "eval/code_tree.h"

namespace residency::eval {
namespace {

constexpr std::size_t kCodesMax = 1'000'000;
constexpr std::size_t kCategoryLength = 3;
// Columns of the order file, from 0: five digits, a space, seven for the code, a space, the flag.
constexpr std::size_t kCodeColumn = 6;
constexpr std::size_t kCodeWidth = 7;
constexpr std::size_t kFlagColumn = 14;
constexpr std::size_t kTitleColumn = 77;
constexpr std::size_t kShortTitleColumn = 16;

std::string key_of(std::string_view code) {
  std::string key;
  for (const char c : code) {
    if (c == '.' || c == ' ') continue;
    key.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  }
  return key;
}

bool is_code(std::string_view key) {
  return key.size() >= kCategoryLength && key.size() <= kCodeWidth && key[0] >= 'A' &&
         key[0] <= 'Z' && std::all_of(key.begin(), key.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

bool is_order_line(std::string_view line) {
  return line.size() > kShortTitleColumn && line[kCodeColumn - 1] == ' ' &&
         std::all_of(line.begin(), line.begin() + kCodeColumn - 1,
                     [](char c) { return c >= '0' && c <= '9'; }) &&
         (line[kFlagColumn] == '0' || line[kFlagColumn] == '1');
}

std::string_view trimmed(std::string_view text) {
  const auto end = text.find_last_not_of(" \t\r");
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

}  // namespace

Result<CodeTable> CodeTable::parse(std::string_view bytes, std::string_view name) {
  CodeTable table;
  for (std::size_t number = 1; !bytes.empty(); ++number) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = trimmed(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.empty() || line.front() == '#') continue;
    Row row;
    std::string key;
    if (is_order_line(line)) {
      key = key_of(line.substr(kCodeColumn, kCodeWidth));
      row.billable = line[kFlagColumn] == '1';
      row.title = line.substr(line.size() > kTitleColumn ? kTitleColumn : kShortTitleColumn);
    } else {
      const auto tab = std::min(line.find('\t'), line.size());
      key = key_of(line.substr(0, tab));
      row.title = line.substr(std::min(tab + 1, line.size()));
    }
    if (!is_code(key)) return invalid_input(fmt::format("{}:{}: is no code", name, number));
    if (table.titles_.size() == kCodesMax)
      return resource_exhausted(fmt::format("{}: more than {} codes", name, kCodesMax));
    table.titles_.insert_or_assign(std::move(key), std::move(row));
  }
  if (table.titles_.empty()) return invalid_input(fmt::format("{}: has no codes", name));
  return table;
}

bool CodeTable::has(std::string_view code) const { return titles_.count(key_of(code)) > 0; }

bool CodeTable::billable(std::string_view code) const {
  const auto found = titles_.find(key_of(code));
  return found != titles_.end() && found->second.billable;
}

std::string CodeTable::title(std::string_view code) const {
  const auto found = titles_.find(key_of(code));
  return found == titles_.end() ? "" : found->second.title;
}

std::string CodeTable::category(std::string_view code) const {
  return has(code) ? key_of(code).substr(0, kCategoryLength) : "";
}

std::string CodeTable::chapter(std::string_view code) const {
  return has(code) ? code_chapter(key_of(code)) : "";
}

}  // namespace residency::eval
