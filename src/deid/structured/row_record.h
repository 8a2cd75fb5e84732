// RowRecord: de-identifies a row of a table, or a JSON object, by column and path.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "deid/policy/field_rule.h"
#include "deid/structured/record_scope.h"

namespace residency::deid {

/// The row by the policy's rules for fields, then by the columns' usual names
/// (ingest::column_class); all other text, and every number long enough to be somebody's, goes
/// through the detector or is left out, as the rules say. kInvalidInput where it is no object or
/// nested too deeply.
Result<Json> clean_row(const Json& row, const FieldRules& rules, const RecordScope& scope);

}  // namespace residency::deid
