// What the fields of HL7 v2 messages hold: the one table by which their people are known and by
// which they are de-identified.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/phi_class.h"

namespace residency::ingest {

/// How a field is made up (HL7 v2.5.1, chapter 2A), as far as identifiers go.
enum class Hl7Type : std::uint8_t {
  kPlain,         // a short code or number from a closed list (ID, IS, SI, NM)
  kCoded,         // code, text, system (CWE, CE, CNE)
  kText,          // free text (TX, FT, ST)
  kDate,          // DT, TS, DTM
  kPersonName,    // family, given, ... (XPN)
  kPerson,        // id, family, given, ... (XCN)
  kPersonPlace,   // the person's id, family and given as subcomponents (NDL)
  kAddress,       // street, other, city, state, ZIP, ... (XAD)
  kTelecom,       // XTN
  kIdentifier,    // id, ..., type (CX, EI)
  kOrganisation,  // name, ..., id (XON, HD)
  kLocation,      // point of care, room, bed, facility (PL)
  kValue,         // one value of the class, whole
  kObservation,   // OBX-5: as OBX-2 says
};

struct Hl7Field {
  Hl7Type type = Hl7Type::kText;
  PhiClass phi_class = PhiClass::kOtherId;
};

/// What field `number` of `segment` holds; nothing for fields and segments that no rule knows,
/// among them all Z segments.
std::optional<Hl7Field> hl7_field(std::string_view segment, std::size_t number);

/// The type that OBX-2 names; nothing for one that has no rule (ED and RP among them).
std::optional<Hl7Type> hl7_value_type(std::string_view name);

}  // namespace residency::ingest
