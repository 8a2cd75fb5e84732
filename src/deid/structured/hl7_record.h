// Hl7Record: de-identifies an HL7 v2 message, field by field.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "deid/structured/record_scope.h"

namespace residency::deid {

/// The message (ER7) with its names, addresses, numbers and dates replaced by the rules of
/// ingest::hl7_field(); texts go through the detector, those of successive OBX and NTE segments as
/// one. Segments and fields without a rule, Z segments among them, are left out. kInvalidInput
/// where it is no message.
Result<std::string> clean_message(std::string_view er7, const RecordScope& scope);

}  // namespace residency::deid
