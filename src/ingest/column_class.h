// What a column of a table identifies, by its name.
#pragma once

#include <optional>
#include <string_view>

#include "base/phi_class.h"

namespace residency::ingest {

/// The class of a column by its usual name in lower case ("mrn", "last_name", "dob"); nothing for
/// one whose text has to be read.
std::optional<PhiClass> column_class(std::string_view name);

}  // namespace residency::ingest
