// Narratives: the marked-up text of C-CDA sections and of FHIR's text.div.
#pragma once

#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "deid/structured/record_scope.h"

namespace residency::deid {

/// Replaces, in place, what the text below `root` says of people, read as one text; leaves out
/// pictures, comments, and every attribute but those of layout.
Result<void> clean_narrative(pugi::xml_node root, const RecordScope& scope);

/// The XHTML of a FHIR narrative, cleaned; "" where it is not well formed.
Result<std::string> clean_div(std::string_view xhtml, const RecordScope& scope);

}  // namespace residency::deid
