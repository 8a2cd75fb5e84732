// What the readers of JSON gold share.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "deid/gold/gold_document.h"

namespace residency::deid {

/// The spans of one document. kInvalidInput naming `where` for a span without start, end or label.
Result<std::vector<MarkedSpan>> read_json_spans(const Json& object, const std::string& where);

/// Calls `take` with each line's value and "name:line"; empty lines are passed over.
Result<void> each_json_line(
    std::string_view lines, const std::string& name,
    const std::function<Result<void>(const Json&, const std::string&)>& take);

}  // namespace residency::deid
