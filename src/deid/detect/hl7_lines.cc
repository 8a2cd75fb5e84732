#include "deid/detect/hl7_lines.h"

#include <algorithm>
#include <array>

namespace residency::deid {
namespace {

using enum PhiClass;

struct Field {
  std::string_view segment;
  std::size_t number;  // as HL7 counts; MSH-1 is the separator itself
  PhiClass phi_class;
};

constexpr auto kFields = std::to_array<Field>({
    {"MSH", 4, kHospital},
    {"MSH", 6, kHospital},
    {"EVN", 5, kClinicianName},
    {"PID", 2, kMrn},
    {"PID", 3, kMrn},
    {"PID", 4, kMrn},
    {"PID", 5, kPatientName},
    {"PID", 6, kRelativeName},
    {"PID", 7, kDate},
    {"PID", 9, kPatientName},
    {"PID", 11, kStreet},
    {"PID", 12, kCounty},
    {"PID", 13, kPhone},
    {"PID", 14, kPhone},
    {"PID", 18, kAccount},
    {"PID", 19, kSsn},
    {"PID", 20, kLicense},
    {"PID", 21, kMrn},
    {"PID", 23, kCity},
    {"PID", 29, kDate},
    {"PD1", 3, kHospital},
    {"PD1", 4, kClinicianName},
    {"NK1", 2, kRelativeName},
    {"NK1", 4, kStreet},
    {"NK1", 5, kPhone},
    {"NK1", 6, kPhone},
    {"NK1", 13, kEmployer},
    {"NK1", 30, kRelativeName},
    {"NK1", 31, kPhone},
    {"NK1", 32, kStreet},
    {"PV1", 3, kWard},
    {"PV1", 6, kWard},
    {"PV1", 7, kClinicianName},
    {"PV1", 8, kClinicianName},
    {"PV1", 9, kClinicianName},
    {"PV1", 17, kClinicianName},
    {"PV1", 19, kAccount},
    {"PV1", 44, kDate},
    {"PV1", 45, kDate},
    {"GT1", 2, kAccount},
    {"GT1", 3, kRelativeName},
    {"GT1", 5, kStreet},
    {"GT1", 6, kPhone},
    {"GT1", 7, kPhone},
    {"GT1", 8, kDate},
    {"GT1", 12, kSsn},
    {"GT1", 16, kEmployer},
    {"IN1", 2, kHealthPlanId},
    {"IN1", 3, kHealthPlanId},
    {"IN1", 8, kHealthPlanId},
    {"IN1", 9, kHealthPlanId},
    {"IN1", 16, kRelativeName},
    {"IN1", 18, kDate},
    {"IN1", 19, kStreet},
    {"IN1", 36, kHealthPlanId},
    {"IN1", 49, kHealthPlanId},
    {"IN2", 1, kOtherId},
    {"IN2", 2, kSsn},
    {"IN2", 3, kEmployer},
    {"ORC", 2, kOtherId},
    {"ORC", 3, kOtherId},
    {"ORC", 10, kClinicianName},
    {"ORC", 11, kClinicianName},
    {"ORC", 12, kClinicianName},
    {"OBR", 2, kOtherId},
    {"OBR", 3, kOtherId},
    {"OBR", 10, kClinicianName},
    {"OBR", 16, kClinicianName},
    {"OBR", 28, kClinicianName},
    {"OBR", 32, kClinicianName},
    {"OBR", 33, kClinicianName},
    {"OBR", 34, kClinicianName},
    {"OBR", 35, kClinicianName},
    {"OBX", 16, kClinicianName},
    {"TXA", 5, kClinicianName},
    {"TXA", 9, kClinicianName},
    {"TXA", 12, kOtherId},
    {"MRG", 1, kMrn},
    {"MRG", 7, kPatientName},
    {"SPM", 2, kOtherId},
});

bool is_segment(std::string_view line) {
  if (line.size() < 5 || line[3] != '|') return false;
  return std::any_of(kFields.begin(), kFields.end(),
                     [&](const Field& field) { return field.segment == line.substr(0, 3); });
}

bool holds_letter_or_digit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

/// Components of a field that identify nobody: codes of type, authority and use.
std::size_t kept_from(PhiClass phi_class) {
  switch (phi_class) {
    case kPatientName:
    case kRelativeName:
      return 4;  // XPN: family, given, second, suffix
    case kClinicianName:
      return 5;  // XCN: id, family, given, second, suffix
    case kMrn:
    case kAccount:
    case kSsn:
      return 1;  // CX: the id
    default:
      return 99;
  }
}

void mark(std::string_view text, std::size_t begin, std::size_t end, const Field& field,
          std::vector<Span>& spans) {
  // The part that is kept begins after so many components.
  std::size_t stop = begin;
  for (std::size_t component = 0; stop < end; ++stop) {
    if (text[stop] == '^' && ++component == kept_from(field.phi_class)) break;
  }
  while (stop > begin && text[stop - 1] == '^') --stop;
  if (stop > begin && holds_letter_or_digit(text.substr(begin, stop - begin)))
    spans.push_back({begin, stop, field.phi_class, 0.9, Reason::kPattern, "hl7_field"});
}

}  // namespace

std::vector<Span> find_hl7_fields(std::string_view text) {
  std::vector<Span> spans;
  if (text.find('|') == std::string_view::npos) return spans;
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\r\n", line), text.size());
    const std::string_view body = text.substr(line, end - line);
    if (is_segment(body)) {
      std::size_t number = body.substr(0, 3) == "MSH" ? 1 : 0;
      for (std::size_t at = line + 3; at < end; ++number) {
        const std::size_t begin = at + 1;
        const std::size_t stop = std::min(text.find('|', begin), end);
        for (const Field& field : kFields) {
          if (field.number == number + 1 && field.segment == body.substr(0, 3))
            mark(text, begin, stop, field, spans);
        }
        at = stop;
      }
    }
    line = end + 1;
  }
  return spans;
}

}  // namespace residency::deid
