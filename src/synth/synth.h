// synth: makes a synthetic hospital with its ground truth, so that anyone can try without patients.
// Takes: a seed, a number of patients and a folder; the tables of data/clinical and data/synth.
// Gives: FHIR R4 bundles and bulk-export NDJSON, notes, CSV, and the truth of every PHI span,
// entity, code and drug interaction. Keeps: nothing; equal options give equal bytes, and patient i
// is the same whatever the number of patients.
// Must never: read a real record, the clock or a random device.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/config.h"
#include "base/env.h"
#include "base/progress.h"
#include "base/result.h"

namespace residency::synth {

inline constexpr int kPatientsMax = 1'000'000;
inline constexpr int kNotesPerPatientMax = 12;

/// Changes whenever equal options give other bytes than before.
inline constexpr int kGeneratorVersion = 1;

/// What to make. Keys of a recipe's `synth:` section have the members' names.
struct SynthOptions {
  std::string out_dir;            // made here; refused where it exists and holds anything else
  int patients = 100;             // 1 .. kPatientsMax
  std::uint64_t seed = 1;         // 0 .. 2^63 - 1 from a recipe
  int notes_per_patient_max = 4;  // 1 .. kNotesPerPatientMax
  /// Of the hospital; empty: none is made. The default where neither outputs nor cases are named.
  std::vector<std::string> outputs{"fhir_bundles", "fhir_ndjson", "notes", "csv"};
  std::vector<std::string> cases;  // of case_set_names(): cases/NAME.jsonl each
  int cases_each = 1000;           // 1 .. kCasesEachMax

  /// Strict: unknown keys and values out of bounds are refused, all at once. `out_dir` may be
  /// missing; generate() then refuses.
  static Result<SynthOptions> from_config(const ConfigNode& node);
  /// All that decides the bytes (so not out_dir), keys sorted.
  std::string canonical_json() const;
  /// Checks bounds; all problems at once as kInvalidArgument.
  Result<void> validate() const;
};

/// What was made.
struct SynthSummary {
  std::uint64_t patients = 0;
  std::uint64_t encounters = 0;
  std::uint64_t notes = 0;
  std::uint64_t resources = 0;
  std::uint64_t phi_spans = 0;
  /// Every count by name: those above, and "entities", "codes", "interactions", "notes_<kind>",
  /// "resource_<Type>", "phi_<CLASS>".
  std::map<std::string, std::uint64_t> counts;
  /// The same output was already there, and nothing was done.
  bool already_there = false;
  /// SHA-256, hex, over every file's path and bytes in the order they were made.
  std::string content_sha256;
};

/// Makes the whole output beside `out_dir` and renames it into place at the end. kAlreadyExists
/// where `out_dir` holds anything but the finished output of the same options; kCancelled when
/// `progress` says so (what was begun is removed by the next run); I/O errors name the path.
Result<SynthSummary> generate(Env& env, const SynthOptions& options, Progress& progress);

}  // namespace residency::synth
