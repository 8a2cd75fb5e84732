// What an HL7 v2 message says of its patient and of the people around them.
#pragma once

#include <string>
#include <vector>

#include "ingest/hl7v2/message.h"
#include "ingest/raw_record.h"

namespace residency::ingest {

/// The patient's id: of PID-3 the one typed MR (HL7 table 0203), else the first; else PID-2. ""
/// where there is none.
std::string hl7_patient(const Hl7Message& message);

/// The visit's number, PV1-19. "" where there is none.
std::string hl7_encounter(const Hl7Message& message);

/// Every value of the fields that identify, by hl7_field(); sex and birth date from PID.
Demographics hl7_demographics(const Hl7Message& message);

/// The diagnoses of DG1-3 and the medicines of RXO, RXE and RXD, with their systems' URLs.
std::vector<Code> hl7_diagnoses(const Hl7Message& message);
std::vector<Code> hl7_medications(const Hl7Message& message);

/// The class of an identifier by its type code (HL7 table 0203); `otherwise` for those not named.
PhiClass hl7_id_class(std::string_view type, PhiClass otherwise);

}  // namespace residency::ingest
