// Tables: everything the generator knows, parsed once from the files under data/.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "synth/grammar.h"

namespace residency::synth {

struct LabRange {
  std::string lab;  // key of Tables::labs
  double low = 0;
  double high = 0;
};

struct Lab {
  std::string key;
  std::vector<std::string> names;  // as notes write it; the first is the display
  std::string loinc;
  std::string unit;
  double low = 0;  // the usual range
  double high = 0;
  int decimals = 0;
};

struct Drug {
  std::string key;  // the generic name
  std::string brand;
  std::string rxnorm;  // of the ingredient
  std::vector<std::string> doses;
  std::string route;
  std::vector<std::string> frequencies;
};

struct Procedure {
  std::string key;
  std::vector<std::string> names;
  std::string snomed;
  std::string findings;  // rule of the grammar with what was done, "" where none
};

struct Imaging {
  std::string study;  // "XR chest"
  Template finding;
};

/// One diagnosis. Phrases decide its codes; a phrase never needs another sentence to be coded.
struct Condition {
  std::vector<std::string> codes;   // ICD-10-CM with its dot; the first is the main one
  std::vector<std::string> titles;  // official titles, parallel to codes
  std::vector<std::string> groups;  // two conditions that share one are never together
  std::string snomed;
  char sex = 'a';  // 'f', 'm', 'a' any
  int age_low = 18;
  int age_high = 104;
  std::string settings;  // of "eiao": emergency, inpatient, ambulatory, operative
  int weight = 4;
  bool chronic = false;
  std::vector<Template> phrases;
  std::vector<Template> symptoms;
  std::vector<Template> findings;
  std::vector<Template> plans;
  std::vector<Imaging> imaging;
  std::vector<LabRange> labs;
  std::vector<std::string> drugs;
  std::vector<std::string> procedures;
};

struct Interaction {
  std::string first;
  std::string second;
  std::string type;  // "effect", "mechanism", "advise", "int": the categories of DDI Extraction
  std::string text;
};

struct Place {
  std::string city;
  std::string county;
  std::string state;
  std::string zip;
};

struct HospitalSeed {
  std::string name;
  std::string street;
  Place place;
  std::string phone;
};

/// Names of one culture. Family names may hold spaces, hyphens, apostrophes and diacritics.
struct Culture {
  std::string name;
  int weight = 1;
  std::vector<std::string> female;
  std::vector<std::string> male;
  std::vector<std::string> family;
};

struct Tables {
  std::vector<Condition> conditions;
  std::map<std::string, Lab, std::less<>> labs;
  std::map<std::string, Drug, std::less<>> drugs;
  std::map<std::string, Procedure, std::less<>> procedures;
  std::vector<Interaction> interactions;
  std::vector<Culture> cultures;
  std::vector<Place> places;
  std::vector<HospitalSeed> hospitals;
  std::vector<std::string> streets;
  std::vector<std::string> employers;
  std::vector<std::string> jobs;
  Grammar grammar;

  /// The tables linked into this binary; errors name table and line (a test holds that there are
  /// none).
  static Result<Tables> load();
  /// What load() reads, concatenated: its digest stands in the output's marker.
  static std::string source_text();
};

/// Parses the blocks of data/clinical/conditions.txt (its head describes the format).
Result<std::vector<Condition>> parse_conditions(std::string_view text);

/// Fields of a line, trimmed; `separator` splits outside brackets only.
std::vector<std::string> split_fields(std::string_view line, char separator);

}  // namespace residency::synth
