#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "synth/cases/cases.h"
#include "synth/synth.h"

namespace residency::synth {
namespace {

const std::vector<std::string>& known_outputs() {
  static const std::vector<std::string> known{"fhir_bundles", "fhir_ndjson", "notes", "csv"};
  return known;
}

}  // namespace

Result<void> SynthOptions::validate() const {
  std::string problems;
  const auto problem = [&](std::string_view text) {
    if (!problems.empty()) problems += "; ";
    problems += text;
  };
  if (patients < 1 || patients > kPatientsMax) {
    problem(fmt::format("patients must be 1 to {}, not {}", kPatientsMax, patients));
  }
  if (notes_per_patient_max < 1 || notes_per_patient_max > kNotesPerPatientMax) {
    problem(fmt::format("notes_per_patient_max must be 1 to {}, not {}", kNotesPerPatientMax,
                        notes_per_patient_max));
  }
  if (outputs.empty() && cases.empty())
    problem("outputs must name at least one output, or cases a set");
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& known = known_outputs();
    if (std::find(known.begin(), known.end(), outputs[i]) == known.end()) {
      problem(fmt::format("outputs must be of fhir_bundles, fhir_ndjson, notes, csv, not {}",
                          outputs[i].substr(0, 40)));
    }
    if (std::find(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(i), outputs[i]) !=
        outputs.begin() + static_cast<std::ptrdiff_t>(i)) {
      problem(fmt::format("outputs names twice: {}", outputs[i].substr(0, 40)));
    }
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& known = case_set_names();
    const auto before = cases.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(known.begin(), known.end(), cases[i]) == known.end() ||
        std::find(cases.begin(), before, cases[i]) != before) {
      problem(fmt::format("cases must be of {}, each once, not {}", fmt::join(known, ", "),
                          cases[i].substr(0, 40)));
    }
  }
  if (cases_each < 1 || cases_each > kCasesEachMax)
    problem(fmt::format("cases_each must be 1 to {}, not {}", kCasesEachMax, cases_each));
  if (!problems.empty()) return invalid_argument("synth: " + problems);
  return {};
}

Result<SynthOptions> SynthOptions::from_config(const ConfigNode& node) {
  SynthOptions options;
  ConfigReader reader(node, "synth.");
  options.out_dir = reader.text("out_dir", "");
  options.patients =
      static_cast<int>(reader.integer("patients", options.patients, 1, kPatientsMax));
  options.seed = static_cast<std::uint64_t>(
      reader.integer("seed", static_cast<std::int64_t>(options.seed), 0, INT64_MAX));
  options.notes_per_patient_max = static_cast<int>(reader.integer(
      "notes_per_patient_max", options.notes_per_patient_max, 1, kNotesPerPatientMax));
  options.cases = reader.texts("cases", {});
  options.cases_each =
      static_cast<int>(reader.integer("cases_each", options.cases_each, 1, kCasesEachMax));
  if (!options.cases.empty()) options.outputs.clear();
  options.outputs = reader.texts("outputs", options.outputs);
  reader.absorb(options.validate());
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

std::string SynthOptions::canonical_json() const {
  std::vector<std::string> sorted = outputs;
  std::sort(sorted.begin(), sorted.end());
  Json json{{"patients", patients},
            {"seed", seed},
            {"notes_per_patient_max", notes_per_patient_max},
            {"outputs", sorted},
            {"generator_version", kGeneratorVersion}};
  if (!cases.empty()) {
    std::vector<std::string> names = cases;
    std::sort(names.begin(), names.end());
    json["cases"] = names;
    json["cases_each"] = cases_each;
  }
  return dump_json(json);
}

}  // namespace residency::synth
