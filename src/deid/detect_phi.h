// DetectPhi: the detector's spans as the entities that Amazon Comprehend Medical's DetectPHI gives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deid/detect/detector.h"

namespace residency::deid {

/// One entity. Offsets count Unicode code points, as that API defines; `text` is PHI.
struct PhiEntity {
  std::size_t begin = 0;
  std::size_t end = 0;
  double score = 0;            // 0 to 1
  std::string_view type;       // "NAME", "DATE", ... (phi_entity_type)
  std::string_view phi_class;  // ours
  std::string_view reason;
  std::string text;
};

/// AGE, DATE, NAME, PHONE_OR_FAX, EMAIL, ID, URL, ADDRESS or PROFESSION: the nine types of that
/// API. Facilities and wards are ADDRESS, employers PROFESSION, as its documentation has them.
std::string_view phi_entity_type(PhiClass phi_class);

/// In the text's order. Errors: the detector's, and kInvalidInput for what is no UTF-8.
Result<std::vector<PhiEntity>> detect_phi(const Detector& detector, std::string_view text,
                                          const KnownPhi* known = nullptr);

}  // namespace residency::deid
