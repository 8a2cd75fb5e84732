#include "deid/policy/method.h"

#include <algorithm>

namespace residency::deid {
namespace {

using enum PhiClass;

/// True for classes that 164.514(b)(2)(i) does not name.
bool beyond_safe_harbor(PhiClass phi_class) {
  return phi_class == kHospital || phi_class == kWard || phi_class == kProfession ||
         phi_class == kClinicianName;
}

/// What of the identifier the action leaves that Safe Harbor forbids; "" where nothing.
std::string_view obstacle(PhiClass phi_class, Action action) {
  switch (action) {
    case Action::kRedact:
    case Action::kTag:
    case Action::kSurrogate:
    case Action::kYearOnly:
    case Action::kAgePool90:
    case Action::kZip3:
    case Action::kAgeBand5:
    case Action::kAgeBand10:
    case Action::kState:
      return "";
    case Action::kKeep:
      return beyond_safe_harbor(phi_class) ? "" : "the identifier stays (164.514(b)(2)(i))";
    case Action::kDateShift:
      return "a shifted date still has a day and a month, and comes from the real one; only the "
             "year may stay (164.514(b)(2)(i)(C))";
    case Action::kMonth:
    case Action::kQuarter:
      return "of a date only the year may stay (164.514(b)(2)(i)(C))";
    case Action::kKeyedHash:
      return "a hash is a code derived from the person's information (164.514(c)(1))";
    case Action::kEncrypt:
      return "an encrypted value is a code derived from the person's information "
             "(164.514(c)(1))";
  }
  return "unknown";
}

/// 164.514(e)(2): dates, ages, city, county, state and ZIP code may stay.
bool limited_allows(PhiClass phi_class, Action action) {
  const bool may_stay = phi_class == kDate || phi_class == kAge || phi_class == kCity ||
                        phi_class == kCounty || phi_class == kZip;
  const bool coarser = action == Action::kMonth || action == Action::kQuarter;
  return (may_stay && (action == Action::kKeep || coarser)) || obstacle(phi_class, action).empty();
}

}  // namespace

std::string_view Policy::method() const {
  if (safe_harbor_obstacles(*this).empty()) return "safe_harbor";
  bool limited = elements.empty() && !fields.keeps_any();
  for (std::size_t i = 0; i < kPhiClassCount; ++i)
    limited = limited && limited_allows(static_cast<PhiClass>(i), actions[i]);
  return limited ? "limited_data_set" : "expert_determination";
}

std::vector<MethodObstacle> safe_harbor_obstacles(const Policy& policy) {
  std::vector<MethodObstacle> found;
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    const std::string_view why = obstacle(static_cast<PhiClass>(i), policy.actions[i]);
    if (!why.empty())
      found.push_back({std::string(kPhiClassNames[i]), std::string(action_name(policy.actions[i])),
                       std::string(why)});
  }
  if (policy.fields.keeps_any())
    found.push_back(
        {"fields", "keep", "what is kept unread is for an expert to judge (164.514(b)(1))"});
  if (policy.elements.empty()) return found;
  // Rules by path may leave any element as it is: what they keep cannot be told from the rules.
  std::vector<ElementMethod> told;
  for (const ElementRule& rule : policy.elements.rules) {
    const bool derives =
        rule.method == ElementMethod::kDateShift || rule.method == ElementMethod::kCryptoHash ||
        rule.method == ElementMethod::kEncrypt || rule.method == ElementMethod::kPerturb ||
        rule.method == ElementMethod::kGeneralize;
    if (!derives || std::find(told.begin(), told.end(), rule.method) != told.end()) continue;
    told.push_back(rule.method);
    found.push_back({"element rules", std::string(element_method_name(rule.method)),
                     "the rules derive values from the person's information (164.514(c)(1))"});
  }
  found.push_back({"element rules", "paths",
                   "what rules by path keep is for an expert to judge (164.514(b)(1))"});
  return found;
}

const std::vector<SafeHarborIdentifier>& safe_harbor_identifiers() {
  static const std::vector<SafeHarborIdentifier> kTable{
      {'A', "names", {kPatientName, kRelativeName, kClinicianName, kEmployer}},
      {'B', "geography below state", {kStreet, kCity, kCounty, kZip}},
      {'C', "dates but the year, ages over 89", {kDate, kAge}},
      {'D', "telephone numbers", {kPhone}},
      {'E', "fax numbers", {kFax}},
      {'F', "e-mail addresses", {kEmail}},
      {'G', "social security numbers", {kSsn}},
      {'H', "medical record numbers", {kMrn}},
      {'I', "health plan numbers", {kHealthPlanId}},
      {'J', "account numbers", {kAccount}},
      {'K', "certificate and licence numbers", {kLicense}},
      {'L', "vehicle identifiers", {kVehicle}},
      {'M', "device identifiers", {kDevice}},
      {'N', "URLs", {kUrl}},
      {'O', "IP addresses", {kIpAddress}},
      {'P', "biometric identifiers", {kBiometric}},
      {'Q', "full-face photographs", {kPhoto}},
      {'R', "any other unique number or code", {kOtherId}}};
  return kTable;
}

}  // namespace residency::deid
