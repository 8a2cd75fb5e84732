// JsonRecord: de-identifies a FHIR resource or a row of a table, element by element.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>

#include "base/json.h"
#include "base/result.h"
#include "deid/detect/detector.h"
#include "deid/transform/code_book.h"
#include "deid/transform/replacer.h"

namespace residency::deid {

/// What the walk over a record needs. `known` may be null.
struct JsonScope {
  const Detector& detector;
  const KnownPhi* known;
  Replacer& replacer;
  CodeBook& crosswalk;
  std::string_view patient_key;
  /// Displays of codes in which nothing was found: not looked at again.
  std::unordered_set<std::string>& harmless;
};

/// The resource with its names, contacts, addresses, identifiers and dates replaced, its narrative,
/// attachments and extensions left out, ids and references rewritten. Codes, values, units and
/// statuses stay; any other text goes through the detector. kInvalidInput where it is no object.
Result<Json> clean_resource(const Json& resource, const JsonScope& scope);

/// One element of a resource by the same rules: `key` is its name, `parent` what it stands in,
/// `owner` the name of that ("" for the resource itself). Null where nothing is left.
Result<Json> clean_element(const std::string& key, const Json& value, const Json& parent,
                           std::string_view owner, const JsonScope& scope);

/// The row with the columns that identify replaced, all others through the detector.
Result<Json> clean_row(const Json& row, const JsonScope& scope);

}  // namespace residency::deid
