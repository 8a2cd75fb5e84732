// The parrot attack: what would somebody find who learns from our own output where identifiers
// stand? After Carrell et al., Resilience of clinical text de-identified with "hiding in plain
// sight" to hostile reidentification attacks by human readers and machines, JAMIA 2019-2020.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/phi_class.h"
#include "base/progress.h"
#include "base/result.h"
#include "deid/tagger/genre_maker.h"

namespace residency::deid {

struct ParrotOptions {
  std::uint64_t seed = 1;
  int steps = 400;  // of the tagger's training, for each half
  double score_min = 0.5;
};

/// A place that looks like the replaced ones to the attacker, and was not replaced.
struct LookAlike {
  std::size_t document = 0;
  std::size_t begin = 0;  // bytes
  std::size_t end = 0;
  PhiClass phi_class = PhiClass::kOtherId;
  double score = 0;
};

struct ParrotReport {
  std::uint64_t documents = 0;
  std::uint64_t replaced = 0;          // places that the output shows replaced
  std::uint64_t found_again = 0;       // of these, by the attacker
  std::vector<LookAlike> look_alikes;  // by score, the likeliest first
};

/// `documents` are clean texts with the places that were replaced. One half teaches a tagger, which
/// reads the other half, and the other way round. A document of which nothing was replaced teaches
/// what text without identifiers looks like. Equal input gives an equal report. kInvalidArgument
/// for fewer than 20 documents; kCancelled.
Result<ParrotReport> parrot_attack(const std::vector<TagExample>& documents,
                                   const ParrotOptions& options, Progress& progress);

}  // namespace residency::deid
