// Segments of HL7v2 that stand in a text: pasted messages tell by their fields what identifies.
#pragma once

#include <string_view>
#include <vector>

#include "deid/detect/span.h"

namespace residency::deid {

/// The fields of PID, NK1, PV1, GT1, IN1, ORC, OBR and the like that hold names, addresses,
/// telephone numbers and identifiers, in lines that begin with the segment and '|'. HL7 v2.5.1,
/// chapters 3, 4 and 6.
std::vector<Span> find_hl7_fields(std::string_view text);

}  // namespace residency::deid
