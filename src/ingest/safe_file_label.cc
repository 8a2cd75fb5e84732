#include "ingest/safe_file_label.h"

#include <algorithm>
#include <iterator>

#include "ingest/sha256.h"

namespace residency::ingest {
namespace {

// The resource types of FHIR R4 (4.0.1), sorted. Source: hl7.org/fhir/R4/resourcelist.html (CC0).
constexpr std::string_view kResourceTypes[] = {"Account",
                                               "ActivityDefinition",
                                               "AdverseEvent",
                                               "AllergyIntolerance",
                                               "Appointment",
                                               "AppointmentResponse",
                                               "AuditEvent",
                                               "Basic",
                                               "Binary",
                                               "BiologicallyDerivedProduct",
                                               "BodyStructure",
                                               "Bundle",
                                               "CapabilityStatement",
                                               "CarePlan",
                                               "CareTeam",
                                               "CatalogEntry",
                                               "ChargeItem",
                                               "ChargeItemDefinition",
                                               "Claim",
                                               "ClaimResponse",
                                               "ClinicalImpression",
                                               "CodeSystem",
                                               "Communication",
                                               "CommunicationRequest",
                                               "CompartmentDefinition",
                                               "Composition",
                                               "ConceptMap",
                                               "Condition",
                                               "Consent",
                                               "Contract",
                                               "Coverage",
                                               "CoverageEligibilityRequest",
                                               "CoverageEligibilityResponse",
                                               "DetectedIssue",
                                               "Device",
                                               "DeviceDefinition",
                                               "DeviceMetric",
                                               "DeviceRequest",
                                               "DeviceUseStatement",
                                               "DiagnosticReport",
                                               "DocumentManifest",
                                               "DocumentReference",
                                               "EffectEvidenceSynthesis",
                                               "Encounter",
                                               "Endpoint",
                                               "EnrollmentRequest",
                                               "EnrollmentResponse",
                                               "EpisodeOfCare",
                                               "EventDefinition",
                                               "Evidence",
                                               "EvidenceVariable",
                                               "ExampleScenario",
                                               "ExplanationOfBenefit",
                                               "FamilyMemberHistory",
                                               "Flag",
                                               "Goal",
                                               "GraphDefinition",
                                               "Group",
                                               "GuidanceResponse",
                                               "HealthcareService",
                                               "ImagingStudy",
                                               "Immunization",
                                               "ImmunizationEvaluation",
                                               "ImmunizationRecommendation",
                                               "ImplementationGuide",
                                               "InsurancePlan",
                                               "Invoice",
                                               "Library",
                                               "Linkage",
                                               "List",
                                               "Location",
                                               "Measure",
                                               "MeasureReport",
                                               "Media",
                                               "Medication",
                                               "MedicationAdministration",
                                               "MedicationDispense",
                                               "MedicationKnowledge",
                                               "MedicationRequest",
                                               "MedicationStatement",
                                               "MedicinalProduct",
                                               "MedicinalProductAuthorization",
                                               "MedicinalProductContraindication",
                                               "MedicinalProductIndication",
                                               "MedicinalProductIngredient",
                                               "MedicinalProductInteraction",
                                               "MedicinalProductManufactured",
                                               "MedicinalProductPackaged",
                                               "MedicinalProductPharmaceutical",
                                               "MedicinalProductUndesirableEffect",
                                               "MessageDefinition",
                                               "MessageHeader",
                                               "MolecularSequence",
                                               "NamingSystem",
                                               "NutritionOrder",
                                               "Observation",
                                               "ObservationDefinition",
                                               "OperationDefinition",
                                               "OperationOutcome",
                                               "Organization",
                                               "OrganizationAffiliation",
                                               "Parameters",
                                               "Patient",
                                               "PaymentNotice",
                                               "PaymentReconciliation",
                                               "Person",
                                               "PlanDefinition",
                                               "Practitioner",
                                               "PractitionerRole",
                                               "Procedure",
                                               "Provenance",
                                               "Questionnaire",
                                               "QuestionnaireResponse",
                                               "RelatedPerson",
                                               "RequestGroup",
                                               "ResearchDefinition",
                                               "ResearchElementDefinition",
                                               "ResearchStudy",
                                               "ResearchSubject",
                                               "RiskAssessment",
                                               "RiskEvidenceSynthesis",
                                               "Schedule",
                                               "SearchParameter",
                                               "ServiceRequest",
                                               "Slot",
                                               "Specimen",
                                               "SpecimenDefinition",
                                               "StructureDefinition",
                                               "StructureMap",
                                               "Subscription",
                                               "Substance",
                                               "SubstanceNucleicAcid",
                                               "SubstancePolymer",
                                               "SubstanceProtein",
                                               "SubstanceReferenceInformation",
                                               "SubstanceSourceMaterial",
                                               "SubstanceSpecification",
                                               "SupplyDelivery",
                                               "SupplyRequest",
                                               "Task",
                                               "TerminologyCapabilities",
                                               "TestReport",
                                               "TestScript",
                                               "ValueSet",
                                               "VerificationResult",
                                               "VisionPrescription"};

constexpr std::string_view kHarmlessWords[] = {
    "all",        "batch",       "bulk",      "bundle", "bundles",   "clinical",     "csv",
    "data",       "demo",        "discharge", "doc",    "document",  "documents",    "dump",
    "encounters", "export",      "fhir",      "file",   "gz",        "hospital",     "htm",
    "html",       "information", "json",      "jsonl",  "mtsamples", "ndjson",       "note",
    "notes",      "out",         "output",    "part",   "patients",  "practitioner", "progress",
    "radiology",  "record",      "records",   "report", "reports",   "resources",    "sample",
    "samples",    "shard",       "source",    "split",  "synth",     "synthea",      "test",
    "text",       "train",       "tsv",       "txt",    "xhtml"};

constexpr std::string_view kExtensions[] = {".json", ".ndjson", ".jsonl", ".csv",   ".tsv", ".txt",
                                            ".text", ".html",   ".htm",   ".xhtml", ".gz"};

constexpr std::size_t kDigitsMax = 6;  // longer numbers may be record numbers

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

bool harmless_word(std::string_view word) {
  const std::string small = lower(word);
  if (std::find(std::begin(kHarmlessWords), std::end(kHarmlessWords), small) !=
      std::end(kHarmlessWords)) {
    return true;
  }
  return std::any_of(std::begin(kResourceTypes), std::end(kResourceTypes),
                     [&](std::string_view type) { return lower(type) == small; });
}

bool harmless(std::string_view name) {
  if (name.empty() || name.size() > 80) return false;
  std::size_t digits_total = 0;
  for (std::size_t i = 0; i < name.size();) {
    std::size_t end = i;
    if (is_letter(name[i])) {
      while (end < name.size() && is_letter(name[end])) ++end;
      if (!harmless_word(name.substr(i, end - i))) return false;
    } else if (is_digit(name[i])) {
      while (end < name.size() && is_digit(name[end])) ++end;
      digits_total += end - i;
      if (digits_total > kDigitsMax) return false;
    } else if (name[i] == '.' || name[i] == '-' || name[i] == '_') {
      ++end;
    } else {
      return false;
    }
    i = end;
  }
  return true;
}

}  // namespace

bool is_fhir_resource_type(std::string_view name) {
  return std::binary_search(std::begin(kResourceTypes), std::end(kResourceTypes), name);
}

std::string safe_file_label(std::string_view relative_path) {
  const std::size_t slash = relative_path.find_last_of('/');
  const std::string_view name =
      slash == std::string_view::npos ? relative_path : relative_path.substr(slash + 1);
  if (harmless(name)) return std::string(name);
  std::string label = "file-" + sha256_hex(relative_path).substr(0, 8);
  std::string_view stem = name;
  std::string extension;
  for (int i = 0; i < 2; ++i) {  // ".ndjson.gz" is two
    const std::size_t dot = stem.find_last_of('.');
    if (dot == std::string_view::npos) break;
    const std::string last = lower(stem.substr(dot));
    if (std::find(std::begin(kExtensions), std::end(kExtensions), last) == std::end(kExtensions)) {
      break;
    }
    extension = last + extension;
    stem = stem.substr(0, dot);
    if (last != ".gz") break;
  }
  return label + extension;
}

}  // namespace residency::ingest
