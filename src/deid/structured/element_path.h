// ElementPath: which elements of a FHIR resource a rule's path selects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::deid {

/// One step of a path.
struct PathStep {
  enum class Kind : std::uint8_t { kChild, kByType, kByName, kDescendants, kWhere, kIsType };
  Kind kind = Kind::kChild;
  std::string name;   // of the child, type or element; of what where() compares
  std::string value;  // where(): the text it is compared with
  bool unequal = false;
};

/// The FHIRPath that rules for anonymisation use: "Patient.name", "Resource.id",
/// "nodesByType('HumanName')", "Patient.nodesByName('use')", "Observation.value" (of any type),
/// ".where(use = 'home')", ".descendants()", ".ofType(Age)" and "as Age", and unions of these by
/// '|'.
class ElementPath {
 public:
  /// kInvalidArgument naming what is not known: a function, a type, a form.
  static Result<ElementPath> parse(std::string_view path);

  /// Adds every element that is selected in `resource` and in what it contains.
  void select(const Json& resource, std::vector<const Json*>& found) const;

 private:
  struct Branch {
    std::string type;  // of the resources it begins at: "" and "Resource" are any
    std::vector<PathStep> steps;
  };
  std::vector<Branch> branches_;
};

}  // namespace residency::deid
