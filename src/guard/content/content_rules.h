// ContentRules: concepts that stand close together and mean harm (data/guard/rules.txt).
#pragma once

#include <string_view>
#include <vector>

#include "guard/content/category.h"
#include "guard/content/concepts.h"

namespace residency::guard {

class ContentRules {
 public:
  static const ContentRules& embedded();
  static Result<ContentRules> parse(std::string_view text, std::string_view file,
                                    const ConceptTable& concepts);

  /// The highest score of each category's rules in the segment.
  CategoryScores score(const std::vector<ConceptHit>& hits, const Segment& segment) const;

 private:
  struct Rule {
    Category category = Category::kViolence;
    float score = 0;
    std::uint32_t window = 0;
    std::vector<ConceptId> wanted;
    std::vector<ConceptId> vetoes;
  };
  std::vector<Rule> rules_;
};

}  // namespace residency::guard
