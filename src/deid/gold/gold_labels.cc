#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "deid/gold/gold_document.h"

namespace residency::deid {
namespace {

using Row = std::pair<std::string_view, PhiClass>;

/// Labels of published gold that are not named as our classes are. Upper case.
constexpr std::array kLabels{
    // i2b2/n2c2 2014 (Stubbs and Uzuner 2015)
    Row{"PATIENT", PhiClass::kPatientName},
    Row{"DOCTOR", PhiClass::kClinicianName},
    Row{"USERNAME", PhiClass::kOtherId},
    Row{"HOSPITAL", PhiClass::kHospital},
    Row{"ORGANIZATION", PhiClass::kEmployer},
    Row{"STATE", PhiClass::kCity},
    Row{"COUNTRY", PhiClass::kCity},
    Row{"LOCATION-OTHER", PhiClass::kStreet},
    Row{"LOCATION", PhiClass::kCity},
    Row{"MEDICALRECORD", PhiClass::kMrn},
    Row{"HEALTHPLAN", PhiClass::kHealthPlanId},
    Row{"BIOID", PhiClass::kBiometric},
    Row{"IDNUM", PhiClass::kOtherId},
    Row{"IPADDR", PhiClass::kIpAddress},
    // presidio-research
    Row{"PERSON", PhiClass::kPatientName},
    Row{"STREET_ADDRESS", PhiClass::kStreet},
    Row{"GPE", PhiClass::kCity},
    Row{"PHONE_NUMBER", PhiClass::kPhone},
    Row{"EMAIL_ADDRESS", PhiClass::kEmail},
    Row{"DOMAIN_NAME", PhiClass::kUrl},
    Row{"DATE_TIME", PhiClass::kDate},
    Row{"ZIP_CODE", PhiClass::kZip},
    Row{"CREDIT_CARD", PhiClass::kAccount},
    Row{"IBAN_CODE", PhiClass::kAccount},
    Row{"US_SSN", PhiClass::kSsn},
    Row{"US_DRIVER_LICENSE", PhiClass::kLicense},
    // others' short forms
    Row{"STAFF", PhiClass::kClinicianName},
    Row{"HOSP", PhiClass::kHospital},
    Row{"PATORG", PhiClass::kEmployer},
    Row{"LOC", PhiClass::kCity},
    Row{"ID", PhiClass::kOtherId},
    Row{"NAME", PhiClass::kPatientName},
    Row{"ADDRESS", PhiClass::kStreet},
    Row{"CONTACT", PhiClass::kPhone},
};

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

bool begins_character(std::string_view text, std::size_t at) {
  return at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
}

/// Where each code point begins, with the text's end as the last.
std::vector<std::size_t> code_points(std::string_view text) {
  std::vector<std::size_t> begins;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (begins_character(text, i)) begins.push_back(i);
  }
  begins.push_back(text.size());
  return begins;
}

}  // namespace

std::optional<PhiClass> phi_class_of_label(std::string_view label) {
  const std::string name = upper(label);
  const auto found = std::find_if(kLabels.begin(), kLabels.end(),
                                  [&](const Row& row) { return row.first == name; });
  if (found != kLabels.end()) return found->second;
  return phi_class_named(name);
}

Result<void> add_spans(GoldDocument& document, const std::vector<MarkedSpan>& marked,
                       OffsetUnit unit, const LabelOptions& labels, const std::string& where) {
  const std::vector<std::size_t> begins =
      unit == OffsetUnit::kCodePoints ? code_points(document.text) : std::vector<std::size_t>{};
  for (const MarkedSpan& span : marked) {
    const std::string label = upper(span.label);
    const bool ignored = std::any_of(labels.ignored.begin(), labels.ignored.end(),
                                     [&](const std::string& name) { return upper(name) == label; });
    if (ignored) continue;
    const auto phi_class = phi_class_of_label(label);
    if (!phi_class) {
      return invalid_input(
          fmt::format("{}: a label that is not known; leave it out with --ignore: {}", where,
                      label.substr(0, 64)));
    }
    const std::size_t limit =
        unit == OffsetUnit::kCodePoints ? begins.size() - 1 : document.text.size();
    if (span.begin >= span.end || span.end > limit) {
      return invalid_input(fmt::format("{}: a span outside of the text's {} characters: {}-{}",
                                       where, limit, span.begin, span.end));
    }
    GoldSpan gold{span.begin, span.end, *phi_class};
    if (unit == OffsetUnit::kCodePoints) {
      gold.begin = begins[span.begin];
      gold.end = begins[span.end];
    } else if (!begins_character(document.text, gold.begin) ||
               !begins_character(document.text, gold.end)) {
      return invalid_input(fmt::format("{}: a span that ends within a character: {}-{}", where,
                                       span.begin, span.end));
    }
    document.spans.push_back(gold);
  }
  return {};
}

}  // namespace residency::deid
