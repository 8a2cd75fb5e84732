// CdaRecord: de-identifies a C-CDA document, element by element.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "deid/structured/record_scope.h"

namespace residency::deid {

/// The document (XML) with its names, addresses, telecoms, ids and times replaced, its narratives
/// and texts through the detector. Elements and attributes that are not on the list of those known,
/// other namespaces' but five of SDTC's, comments and pictures are left out. kInvalidInput where it
/// is no C-CDA document.
Result<std::string> clean_document(std::string_view xml, const RecordScope& scope);

}  // namespace residency::deid
