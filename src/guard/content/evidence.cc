#include "guard/content/evidence.h"

#include <array>
#include <cmath>

namespace residency::guard {
namespace {

constexpr float kWithoutEvidence = 4.0F;  // taken from the logit

constexpr std::array<std::string_view, kCategoryCount> kTelling{
    "dehumanise persecute racistask insult kill hurt",
    "insult profanity humiliate dehumanise death_wish",
    "sexact sexbody sexmood",
    "bomb toxin gun blade kill hurt death_wish gore",
    "drugmake rxdrug forge steal fraud hack getdrugs roofie sell hide",
    "instruction evilai injectmark ignore persona",
    "die selfinjury farewell",
    "chestpain strokesign airway unconscious seizing bleeding swallowed headache meningitis "
    "electro "
    "allergen"};

/// For each concept the categories it tells of, as bits.
const std::vector<std::uint8_t>& telling() {
  static const std::vector<std::uint8_t> kBits = [] {
    const ConceptTable& concepts = ConceptTable::embedded();
    std::vector<std::uint8_t> bits(concepts.size(), 0);
    for (std::size_t c = 0; c < kCategoryCount; ++c) {
      std::string_view rest = kTelling[c];
      while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        if (const auto id = concepts.named(rest.substr(0, end)))
          bits[*id] = static_cast<std::uint8_t>(bits[*id] | (1u << c));
        rest.remove_prefix(std::min(rest.size(), end + 1));
      }
    }
    return bits;
  }();
  return kBits;
}

}  // namespace

void require_evidence(const std::vector<ConceptHit>& hits, const Segment& segment,
                      CategoryScores& scores) {
  const std::vector<std::uint8_t>& bits = telling();
  std::uint8_t seen = 0;
  for (const ConceptHit& hit : hits) {
    if (hit.first >= segment.first && hit.last <= segment.last)
      seen = static_cast<std::uint8_t>(seen | bits[hit.id]);
  }
  for (std::size_t c = 0; c < kCategoryCount; ++c) {
    if ((seen >> c & 1u) != 0) continue;
    const float p = std::min(scores[c], 0.99999F);
    scores[c] = 1.0F / (1.0F + (1.0F - p) / std::max(p, 1e-6F) * std::exp(kWithoutEvidence));
  }
}

}  // namespace residency::guard
