// How a source file is named in reports and errors: its path may hold a patient's name.
#pragma once

#include <string>
#include <string_view>

namespace residency::ingest {

/// The base name of `relative_path` where every word in it is harmless (a FHIR resource type, or
/// one of a short list such as "notes", "export", "part") or a number of at most 6 digits;
/// otherwise "file-", 8 hex digits of the digest of `relative_path`, and its extension where
/// that is harmless.
std::string safe_file_label(std::string_view relative_path);

/// True for the name of a FHIR R4 resource type.
bool is_fhir_resource_type(std::string_view name);

}  // namespace residency::ingest
