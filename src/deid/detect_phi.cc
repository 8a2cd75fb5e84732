#include "deid/detect_phi.h"

#include "deid/utf8.h"

namespace residency::deid {

std::string_view phi_entity_type(PhiClass phi_class) {
  switch (phi_class) {
    case PhiClass::kPatientName:
    case PhiClass::kRelativeName:
    case PhiClass::kClinicianName:
      return "NAME";
    case PhiClass::kStreet:
    case PhiClass::kCity:
    case PhiClass::kCounty:
    case PhiClass::kZip:
    case PhiClass::kHospital:
    case PhiClass::kWard:
      return "ADDRESS";
    case PhiClass::kDate:
      return "DATE";
    case PhiClass::kAge:
      return "AGE";
    case PhiClass::kPhone:
    case PhiClass::kFax:
      return "PHONE_OR_FAX";
    case PhiClass::kEmail:
      return "EMAIL";
    case PhiClass::kUrl:
      return "URL";
    case PhiClass::kEmployer:
    case PhiClass::kProfession:
      return "PROFESSION";
    default:
      return "ID";
  }
}

Result<std::vector<PhiEntity>> detect_phi(const Detector& detector, std::string_view text,
                                          const KnownPhi* known) {
  if (!is_valid_utf8(text)) return invalid_input("the text is not UTF-8");
  RESIDENCY_TRY(const auto spans, detector.detect(text, known));
  std::vector<PhiEntity> entities;
  std::size_t at = 0;     // bytes
  std::size_t count = 0;  // code points before `at`
  const auto code_points_to = [&](std::size_t byte) {
    for (; at < byte; ++at) count += (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 ? 1 : 0;
    return count;
  };
  for (const Span& span : spans) {
    PhiEntity entity;
    entity.begin = code_points_to(span.begin);
    entity.end = code_points_to(span.end);
    entity.score = span.score;
    entity.type = phi_entity_type(span.phi_class);
    entity.phi_class = phi_class_name(span.phi_class);
    entity.reason = reason_name(span.reason);
    entity.text = std::string(text.substr(span.begin, span.end - span.begin));
    entities.push_back(std::move(entity));
  }
  return entities;
}

}  // namespace residency::deid
