// CodeTable: the codes that there are, for telling valid codes from made-up ones.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace residency::eval {

class CodeTable {
 public:
  /// `bytes` is CMS's order file (icd10cm-order-2021.txt: number, code, billable or not, titles, at
  /// fixed columns), or lines of a code and, after a tab, its title. Codes with or without their
  /// dot. kInvalidInput names file and line; empty lines and lines that begin with # are passed
  /// over.
  static Result<CodeTable> parse(std::string_view bytes, std::string_view name);

  std::size_t size() const { return titles_.size(); }
  /// "E11.65", "e1165": in the table, whatever its depth.
  bool has(std::string_view code) const;
  /// In the table and, where the table says so, billable: no code below it.
  bool billable(std::string_view code) const;
  /// The title; "" for a code that the table does not have.
  std::string title(std::string_view code) const;
  /// The three-character category and the chapter of a code that the table has; "" for others: a
  /// code that is made up rolls up to nothing.
  std::string category(std::string_view code) const;
  std::string chapter(std::string_view code) const;

 private:
  struct Row {
    std::string title;
    bool billable = true;
  };
  std::map<std::string, Row, std::less<>> titles_;  // by code, upper case, without dot
};

}  // namespace residency::eval
