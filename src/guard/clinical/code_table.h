// CodeTable: which ICD-10-CM codes there are (data/guard/icd10cm_codes.txt).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::guard {

class CodeTable {
 public:
  static const CodeTable& embedded();
  static Result<CodeTable> parse(std::string_view text);
  /// `code` with or without its dot, in any case; categories (J18) are codes too.
  bool has(std::string_view code) const;
  std::size_t size() const { return codes_.size(); }

 private:
  std::vector<std::uint64_t> codes_;  // up to seven characters each, sorted
};

}  // namespace residency::guard
