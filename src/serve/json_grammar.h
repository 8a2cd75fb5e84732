// GBNF grammars (llama.cpp's) of JSON texts, from JSON schemas.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace residency::serve {

/// A grammar whose rule `root` is a JSON value of `schema`: type, properties, required,
/// additionalProperties, items, minItems, maxItems, minLength, maxLength, enum, const, anyOf,
/// oneOf, $ref into the schema itself; titles and the like are read past. Members come in the order
/// of their names. A null schema is any object. kInvalidArgument naming the place of a keyword that
/// cannot be held: nothing that limits the answer is dropped.
Result<std::string> json_grammar(const Json& schema);

/// The same with `before` and `after` around the value.
Result<std::string> json_grammar_between(const Json& schema, std::string_view before,
                                         std::string_view after);

}  // namespace residency::serve
