// JsonRecord: de-identifies a FHIR resource, element by element.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "deid/structured/record_scope.h"

namespace residency::deid {

/// The resource with its names, contacts, addresses, identifiers and dates replaced, ids and
/// references rewritten. Codes, values, units and statuses stay; any other text goes through the
/// detector, narratives and attached text among it. Pictures, attachments of other kinds, and
/// extensions that no rule knows are left out. kInvalidInput where it is no object.
Result<Json> clean_resource(const Json& resource, const RecordScope& scope);

/// One element of a resource by the same rules: `key` is its name, `parent` what it stands in,
/// `owner` the name of that ("" for the resource itself). Null where nothing is left.
Result<Json> clean_element(const std::string& key, const Json& value, const Json& parent,
                           std::string_view owner, const RecordScope& scope);

}  // namespace residency::deid
