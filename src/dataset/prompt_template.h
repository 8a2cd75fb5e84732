// PromptTemplate: text with {{name}} places.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::dataset {

/// Parsed once, rendered per record. "{{text}}" is a place; a single brace is text. Values are put
/// in as they are: a value that holds "{{codes}}" is not expanded again.
class PromptTemplate {
 public:
  PromptTemplate() = default;
  /// kInvalidArgument where a place is not closed or its name is not in `known`.
  static Result<PromptTemplate> parse(std::string_view text,
                                      const std::vector<std::string_view>& known);

  bool empty() const { return parts_.empty(); }
  bool uses(std::string_view name) const;
  /// Places without a value are left empty.
  std::string render(const std::map<std::string, std::string, std::less<>>& values) const;

 private:
  struct Part {
    bool place = false;
    std::string text;  // the literal, or the place's name
  };
  std::vector<Part> parts_;
};

}  // namespace residency::dataset
