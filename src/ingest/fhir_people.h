// What FHIR resources say of people and places: the values that deid looks for in text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "ingest/raw_record.h"

namespace residency::ingest {

/// Each value once: HumanName, ContactPoint, Address and Identifier as FHIR has them.
void add_human_name(const Json& name, PhiClass phi_class, std::vector<KnownIdentifier>& out);
void add_contact_point(const Json& point, std::vector<KnownIdentifier>& out);
void add_address(const Json& address, std::vector<KnownIdentifier>& out);
void add_identifier(const Json& identifier, std::vector<KnownIdentifier>& out);
void add_value(PhiClass phi_class, std::string_view value, std::vector<KnownIdentifier>& out);

/// Everything a Patient, RelatedPerson, Practitioner, Organization, Location, Coverage, Device,
/// Account or Encounter holds that identifies; nothing from other types.
std::vector<KnownIdentifier> identifiers_of(const Json& resource);

/// The class of a name shown beside a reference to `resource_type`, where it is one.
bool display_class(std::string_view resource_type, PhiClass& phi_class);

}  // namespace residency::ingest
