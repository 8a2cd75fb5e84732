// Span: one place in a text that identifies, and why it was taken for that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/phi_class.h"

namespace residency::deid {

/// What led to a span. Listed from the weakest to the strongest claim on a byte.
enum class Reason : std::uint8_t { kModel, kDictionary, kContext, kPropagation, kPattern, kKnown };

constexpr std::string_view reason_name(Reason reason) {
  switch (reason) {
    case Reason::kModel:
      return "model";
    case Reason::kDictionary:
      return "dictionary";
    case Reason::kContext:
      return "context";
    case Reason::kPropagation:
      return "propagation";
    case Reason::kPattern:
      return "pattern";
    case Reason::kKnown:
      return "known";
  }
  return "";
}

/// Bytes [begin, end) of the text. `rule` is a fixed name, never text of the record.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  PhiClass phi_class = PhiClass::kOtherId;
  double score = 1.0;  // 0 to 1
  Reason reason = Reason::kPattern;
  std::string_view rule;
};

/// One value that is known to identify: from the record, or found in the patient's other notes.
struct KnownValue {
  PhiClass phi_class = PhiClass::kOtherId;
  std::string value;
};

/// Everything known of a record's patient.
struct KnownPhi {
  std::vector<KnownValue> values;
  std::string birth_date;  // "YYYY-MM-DD" or shorter
};

}  // namespace residency::deid
