// References between FHIR resources, in one spelling.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace residency::ingest {

/// "Type/id" for relative and absolute references (a version is dropped), "urn:..." and "#id" as
/// they are, "Type?identifier=system|value" for conditional references and for logical ones
/// ({"type", "identifier"}); "" where there is none.
std::string reference_key(const Json& reference);
std::string reference_key_of_url(std::string_view url);

/// "Type/id" of a resource; without an id the last part of the `full_url` of its entry serves as
/// one; "" where there is neither.
std::string own_key(const Json& resource, std::string_view full_url);

/// "Patient" of "Patient/1" and of "Patient?identifier=...", "" for other forms.
std::string_view type_of_key(std::string_view key);
/// "1" of "Patient/1"; the uuid of "urn:uuid:..."; "" for other forms.
std::string_view id_of_key(std::string_view key);

/// The resource of `resource.contained` that "#id" names; a shared null where there is none.
const Json& contained_resource(const Json& resource, std::string_view key);

}  // namespace residency::ingest
