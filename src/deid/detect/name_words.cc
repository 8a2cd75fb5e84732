#include "deid/detect/name_words.h"

#include <string>
#include <unordered_map>
#include <unordered_set>

namespace residency::deid {
namespace {

using Set = std::unordered_set<std::string_view>;
using Map = std::unordered_map<std::string_view, PhiClass>;

const Map& titles() {
  static const Map kTitles{
      {"dr", PhiClass::kClinicianName},        {"drs", PhiClass::kClinicianName},
      {"doctor", PhiClass::kClinicianName},    {"prof", PhiClass::kClinicianName},
      {"judge", PhiClass::kRelativeName},      {"chaplain", PhiClass::kClinicianName},
      {"ofc", PhiClass::kRelativeName},        {"officer", PhiClass::kRelativeName},
      {"sgt", PhiClass::kRelativeName},        {"deputy", PhiClass::kRelativeName},
      {"trooper", PhiClass::kRelativeName},    {"pastor", PhiClass::kRelativeName},
      {"rabbi", PhiClass::kRelativeName},      {"imam", PhiClass::kRelativeName},
      {"deacon", PhiClass::kRelativeName},     {"detective", PhiClass::kRelativeName},
      {"professor", PhiClass::kClinicianName}, {"nurse", PhiClass::kClinicianName},
      {"mr", PhiClass::kPatientName},          {"mrs", PhiClass::kPatientName},
      {"ms", PhiClass::kPatientName},          {"miss", PhiClass::kPatientName},
      {"mister", PhiClass::kPatientName},      {"mx", PhiClass::kPatientName},
      {"rev", PhiClass::kPatientName},         {"señor", PhiClass::kPatientName},
      {"señora", PhiClass::kPatientName},      {"sra", PhiClass::kPatientName}};
  return kTitles;
}

const Map& labels() {
  static const Map kLabels = [] {
    Map labels;
    for (const std::string_view w :
         {"patient", "pt",     "name",   "client",    "member",  "subscriber", "insured",
          "alias",   "aka",    "maiden", "preferred", "re",      "nickname",   "last",
          "first",   "family", "given",  "middle",    "surname", "id"})
      labels[w] = PhiClass::kPatientName;
    for (const std::string_view w : {"physician",
                                     "attending",
                                     "provider",
                                     "pcp",
                                     "surgeon",
                                     "assistant",
                                     "anesthesiologist",
                                     "anesthetist",
                                     "anesthesia",
                                     "radiologist",
                                     "pathologist",
                                     "by",
                                     "cc",
                                     "resident",
                                     "consultant",
                                     "referring",
                                     "author",
                                     "nurse",
                                     "rn",
                                     "transcriptionist",
                                     "intern",
                                     "fellow",
                                     "cosigner",
                                     "clinician",
                                     "doctor",
                                     "md",
                                     "admitting",
                                     "ordering",
                                     "performing",
                                     "interpreting",
                                     "primary",
                                     "scribe",
                                     "hospitalist",
                                     "np",
                                     "pa",
                                     "crna",
                                     "signature",
                                     "signed",
                                     "dictated",
                                     "attn",
                                     "consultants",
                                     "assistants",
                                     "surgeons",
                                     "cardiologist",
                                     "therapist",
                                     "pharmacist",
                                     "s",
                                     "to",
                                     "from",
                                     "interpreter",
                                     "requested",
                                     "requesting",
                                     "supervising",
                                     "triage",
                                     "staff",
                                     "transcribed",
                                     "scrub",
                                     "circulator",
                                     "operator",
                                     "assist",
                                     "up",
                                     "circulating"})
      labels[w] = PhiClass::kClinicianName;
    for (const std::string_view w :
         {"contact", "guarantor", "nok", "kin", "guardian", "proxy", "caregiver", "informant",
          "hcp", "emergency", "poa", "historian"})
      labels[w] = PhiClass::kRelativeName;
    return labels;
  }();
  return kLabels;
}

const Set& relations() {
  static const Set kWords{"husband",
                          "wife",
                          "son",
                          "daughter",
                          "mother",
                          "father",
                          "brother",
                          "sister",
                          "spouse",
                          "partner",
                          "neighbor",
                          "neighbour",
                          "friend",
                          "aunt",
                          "uncle",
                          "cousin",
                          "niece",
                          "nephew",
                          "grandmother",
                          "grandfather",
                          "grandson",
                          "granddaughter",
                          "mom",
                          "mum",
                          "dad",
                          "fiance",
                          "fiancé",
                          "fiancée",
                          "fiancee",
                          "girlfriend",
                          "boyfriend",
                          "caregiver",
                          "guardian",
                          "roommate",
                          "stepson",
                          "stepdaughter",
                          "stepmother",
                          "stepfather",
                          "grandma",
                          "grandpa",
                          "twin",
                          "daughter-in-law",
                          "son-in-law",
                          "mother-in-law",
                          "father-in-law",
                          "sister-in-law",
                          "brother-in-law",
                          "ex-wife",
                          "ex-husband",
                          "kin",
                          "boss",
                          "landlord",
                          "sibling",
                          "parent"};
  return kWords;
}

const Set& credentials() {
  static const Set kWords{"md",     "do",   "rn",   "np",     "pa",   "pa-c", "fnp",   "arnp",
                          "aprn",   "crna", "phd",  "pharmd", "dpm",  "dds",  "dmd",   "msn",
                          "bsn",    "lpn",  "lcsw", "msw",    "pt",   "ot",   "dpt",   "rd",
                          "facs",   "facc", "mph",  "rph",    "cnm",  "dnp",  "fnp-c", "np-c",
                          "fnp-bc", "psyd", "od",   "dc",     "mbbs", "frcp", "facp",  "cna",
                          "emt",    "rrt",  "slp",  "ma",     "otr",  "lvn",  "acnp"};
  return kWords;
}

const Set& particles() {
  static const Set kWords{"van", "von", "der",  "den", "de",  "la",  "del",   "ten",
                          "ter", "al",  "el",   "bin", "ibn", "da",  "dos",   "das",
                          "di",  "du",  "le",   "las", "los", "mac", "vande", "zu",
                          "op",  "ben", "bint", "abu", "san", "st",  "do"};
  return kWords;
}

const Set& name_suffixes() {
  static const Set kWords{"jr", "sr", "ii", "iii", "iv", "esq"};
  return kWords;
}

const Set& never_names() {
  static const Set kWords{
      "dob",        "mrn",       "mr",          "ssn",        "pcp",        "hpi",
      "ros",        "pmh",       "psh",         "fh",         "sh",         "cc",
      "pe",         "vs",        "ed",          "er",         "icu",        "or",
      "iv",         "im",        "po",          "bid",        "tid",        "qid",
      "prn",        "qhs",       "qd",          "the",        "a",          "an",
      "he",         "she",       "they",        "it",         "we",         "i",
      "his",        "her",       "and",         "of",         "in",         "on",
      "at",         "to",        "for",         "with",       "no",         "not",
      "yes",        "none",      "acct",        "age",        "sex",        "dos",
      "adm",        "dc",        "pt",          "patient",    "name",       "date",
      "phone",      "fax",       "address",     "room",       "unit",       "ward",
      "floor",      "bed",       "visit",       "account",    "hospital",   "clinic",
      "center",     "centre",    "medical",     "health",     "department", "service",
      "services",   "monday",    "tuesday",     "wednesday",  "thursday",   "friday",
      "saturday",   "sunday",    "january",     "february",   "march",      "july",
      "august",     "september", "october",     "november",   "december",   "feb",
      "mar",        "apr",       "jul",         "aug",        "sep",        "sept",
      "oct",        "nov",       "dec",         "hx",         "dx",         "tx",
      "rx",         "fx",        "ct",          "mri",        "mra",        "xr",
      "us",         "ekg",       "ecg",         "eeg",        "cxr",        "wbc",
      "rbc",        "hgb",       "hct",         "plt",        "bun",        "na",
      "cl",         "bp",        "hr",          "rr",         "temp",       "spo",
      "cva",        "chf",       "copd",        "cad",        "dm",         "htn",
      "gerd",       "uti",       "bph",         "afib",       "dvt",        "mi",
      "tia",        "ckd",       "esrd",        "nkda",       "nka",        "npi",
      "dea",        "zip",       "apt",         "street",     "email",      "pager",
      "cell",       "home",      "work",        "ext",        "http",       "https",
      "www",        "com",       "org",         "inc",        "llc",        "jr",
      "sr",         "ii",        "iii",         "mr#",        "id",         "md",
      "rn",         "np",        "pa",          "phd",        "s/p",        "c/o",
      "w/o",        "heent",     "cv",          "gi",         "gu",         "gyn",
      "neuro",      "psych",     "ext",         "abd",        "lungs",      "heart",
      "skin",       "general",   "gen",         "neck",       "plan",       "assessment",
      "impression", "findings",  "technique",   "indication", "comparison", "history",
      "exam",       "procedure", "diagnosis",   "subjective", "objective",  "labs",
      "meds",       "allergies", "a/p",         "h",          "p",          "m",
      "f",          "ama",       "dnr",         "dni",        "ncat",       "perrla",
      "eomi",       "rrr",       "ctab",        "nad",        "wnl",        "aox",
      "lmp",        "ebl",       "asa",         "gcs",        "nihss",      "phq",
      "bmi",        "kg",        "lb",          "mg",         "ml",         "dl",
      "mmhg",       "via",       "today",       "tomorrow",   "yesterday",  "this",
      "that",       "there",     "then",        "when",       "while",      "if",
      "as",         "but",       "by",          "from",       "dr",         "mrs",
      "ms",         "miss",      "doctor",      "nurse",      "physician",  "attending",
      "resident",   "surgeon",   "transcribed", "dictated",   "signed",     "electronically",
      "reviewed",   "north",     "south",       "east",       "west",       "state",
      "county",     "city",      "university",  "memorial",   "regional",   "community",
      "emergency",  "contact",   "insurance",   "medicare",   "medicaid",   "english",
      "spanish",    "american",  "african",     "hispanic",   "asian",      "caucasian",
      "white",      "black",     "male",        "female",     "man",        "woman",
      "will",       "please"};
  return kWords;
}

const Set& name_leads() {
  static const Set kWords{"by",   "with",  "per",   "called", "paged",    "saw",
                          "sees", "named", "to",    "from",   "informed", "notified",
                          "told", "tells", "asked", "cc",     "and",      "via"};
  return kWords;
}

}  // namespace

std::optional<PhiClass> title_class(std::string_view word) {
  const auto found = titles().find(word);
  if (found == titles().end()) return std::nullopt;
  return found->second;
}

std::optional<PhiClass> label_class(std::string_view word) {
  const auto found = labels().find(word);
  if (found != labels().end()) return found->second;
  if (is_relation(word)) return PhiClass::kRelativeName;
  return std::nullopt;
}

bool is_relation(std::string_view word) { return relations().contains(word); }

bool is_credential(std::string_view word) { return credentials().contains(word); }

bool is_particle(std::string_view word) { return particles().contains(word); }

bool is_name_suffix(std::string_view word) { return name_suffixes().contains(word); }

bool is_never_name(std::string_view word) { return never_names().contains(word); }

bool leads_to_name(std::string_view word) { return name_leads().contains(word); }

void each_name_word(const std::function<void(std::string_view, NameWord)>& take) {
  for (const auto& [word, phi_class] : titles()) take(word, NameWord::kTitle);
  for (const auto& [word, phi_class] : labels()) take(word, NameWord::kLabel);
  for (const std::string_view word : relations()) take(word, NameWord::kRelation);
  for (const std::string_view word : credentials()) take(word, NameWord::kCredential);
  for (const std::string_view word : particles()) take(word, NameWord::kParticle);
  for (const std::string_view word : name_suffixes()) take(word, NameWord::kSuffix);
  for (const std::string_view word : never_names()) take(word, NameWord::kNever);
  for (const std::string_view word : name_leads()) take(word, NameWord::kLead);
}

}  // namespace residency::deid
