#include "guard/clinical/code_table.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(guard_icd10cm_codes);

namespace residency::guard {
namespace {

constexpr std::size_t kCodeCharsMax = 7;

std::uint64_t packed(std::string_view code) {
  std::uint64_t value = 0;
  for (const char c : code)
    value = (value << 8) | static_cast<unsigned char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return value << (8 * (kCodeCharsMax - code.size()));
}

}  // namespace

Result<CodeTable> CodeTable::parse(std::string_view text) {
  CodeTable table;
  std::string code;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const auto kept = static_cast<std::size_t>(line.front() - '0');
    if (line.front() < '0' || kept > code.size() || kept + line.size() - 1 > kCodeCharsMax)
      return invalid_input(fmt::format("icd10cm_codes.txt:{}: is no code", number));
    code.resize(kept);
    code += line.substr(1);
    table.codes_.push_back(packed(code));
  }
  std::sort(table.codes_.begin(), table.codes_.end());
  return table;
}

const CodeTable& CodeTable::embedded() {
  static const CodeTable kTable = [] {
    auto parsed = parse(embedded_guard_icd10cm_codes());
    RESIDENCY_CHECK(parsed.ok());
    return std::move(parsed).value();
  }();
  return kTable;
}

bool CodeTable::has(std::string_view code) const {
  std::string plain;
  for (const char c : code) {
    if (c != '.') plain += c;
  }
  if (plain.size() < 3 || plain.size() > kCodeCharsMax) return false;
  return std::binary_search(codes_.begin(), codes_.end(), packed(plain));
}

}  // namespace residency::guard
