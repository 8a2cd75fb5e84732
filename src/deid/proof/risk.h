// Risk: how well the quasi-identifiers of a table hide each of its people.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::deid {

/// One person: the values that others may know, and the one that must not be learned.
struct RiskRow {
  std::vector<std::string> quasi;
  std::string sensitive;  // "" where there is none
};

/// What is left of the risk if one quasi-identifier is given up.
struct RiskWithout {
  std::string quasi;
  std::uint64_t k = 0;
  std::uint64_t unique = 0;
};

struct RiskReport {
  std::uint64_t rows = 0;
  std::uint64_t classes = 0;  // groups of equal quasi-identifiers
  std::uint64_t k = 0;        // the smallest group (Sweeney 2002)
  std::uint64_t unique = 0;   // rows alone in their group
  std::uint64_t below_k = 0;  // rows in groups smaller than wanted
  double prosecutor_max = 0;  // 1/k: who knows that their target is in the table
  double marketer = 0;        // groups/rows: the share an attacker gets right on average
  std::uint64_t l = 0;        // fewest different sensitive values of a group (Machanavajjhala 2007)
  double l_entropy = 0;       // the least exp(entropy) of a group's sensitive values
  double t = 0;  // the greatest distance of a group's distribution from the whole's: half the sum
                 // of differences, the earth mover's distance where all values are equally far
                 // apart (Li 2007)
  bool has_sensitive = false;
  std::map<std::uint64_t, std::uint64_t> groups_by_size;
  std::vector<RiskWithout> without;  // one for each quasi-identifier

  Json to_json() const;
};

/// `names` are the quasi-identifiers', in the rows' order. kInvalidArgument where there are none,
/// or a row has another number of values. The rows' values appear nowhere in the report.
Result<RiskReport> risk_of(const std::vector<std::string>& names, const std::vector<RiskRow>& rows,
                           std::uint64_t k_wanted);

}  // namespace residency::deid
