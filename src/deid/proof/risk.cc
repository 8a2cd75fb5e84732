#include "deid/proof/risk.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace residency::deid {
namespace {

using Counts = std::map<std::string, std::uint64_t>;
using Groups = std::map<std::vector<std::string>, Counts>;

/// Groups of equal quasi-identifiers, without the one at `left_out` (past the end: all).
Groups group(const std::vector<RiskRow>& rows, std::size_t left_out) {
  Groups groups;
  for (const RiskRow& row : rows) {
    std::vector<std::string> key;
    for (std::size_t i = 0; i < row.quasi.size(); ++i) {
      if (i != left_out) key.push_back(row.quasi[i]);
    }
    ++groups[std::move(key)][row.sensitive];
  }
  return groups;
}

std::uint64_t size_of(const Counts& counts) {
  std::uint64_t size = 0;
  for (const auto& [value, count] : counts) size += count;
  return size;
}

double entropy_of(const Counts& counts) {
  const auto size = static_cast<double>(size_of(counts));
  double entropy = 0;
  for (const auto& [value, count] : counts) {
    const double share = static_cast<double>(count) / size;
    entropy -= share * std::log(share);
  }
  return entropy;
}

double distance(const Counts& part, const Counts& whole, std::uint64_t rows) {
  const auto size = static_cast<double>(size_of(part));
  double sum = 0;
  for (const auto& [value, count] : whole) {
    const auto found = part.find(value);
    const double here = found == part.end() ? 0 : static_cast<double>(found->second) / size;
    sum += std::fabs(here - static_cast<double>(count) / static_cast<double>(rows));
  }
  return sum / 2;
}

}  // namespace

Result<RiskReport> risk_of(const std::vector<std::string>& names, const std::vector<RiskRow>& rows,
                           std::uint64_t k_wanted) {
  if (names.empty()) return invalid_argument("name at least one quasi-identifier");
  RiskReport report;
  report.rows = rows.size();
  Counts whole;
  for (const RiskRow& row : rows) {
    if (row.quasi.size() != names.size())
      return invalid_argument(fmt::format("a row has {} quasi-identifiers instead of {}",
                                          row.quasi.size(), names.size()));
    ++whole[row.sensitive];
    report.has_sensitive = report.has_sensitive || !row.sensitive.empty();
  }
  if (rows.empty()) return report;
  const Groups groups = group(rows, names.size());
  report.classes = groups.size();
  report.k = report.rows;
  report.l = whole.size();
  report.l_entropy = std::exp(entropy_of(whole));
  for (const auto& [key, sensitive] : groups) {
    const std::uint64_t size = size_of(sensitive);
    ++report.groups_by_size[size];
    report.k = std::min(report.k, size);
    if (size == 1) ++report.unique;
    if (size < k_wanted) report.below_k += size;
    report.l = std::min<std::uint64_t>(report.l, sensitive.size());
    report.l_entropy = std::min(report.l_entropy, std::exp(entropy_of(sensitive)));
    report.t = std::max(report.t, distance(sensitive, whole, report.rows));
  }
  report.prosecutor_max = 1.0 / static_cast<double>(report.k);
  report.marketer = static_cast<double>(report.classes) / static_cast<double>(report.rows);
  for (std::size_t i = 0; i < names.size() && names.size() > 1; ++i) {
    RiskWithout less{names[i], report.rows, 0};
    for (const auto& [key, sensitive] : group(rows, i)) {
      const std::uint64_t size = size_of(sensitive);
      less.k = std::min(less.k, size);
      if (size == 1) ++less.unique;
    }
    report.without.push_back(std::move(less));
  }
  return report;
}

Json RiskReport::to_json() const {
  Json json{{"rows", rows},
            {"groups", classes},
            {"k", k},
            {"unique", unique},
            {"below_k_wanted", below_k},
            {"prosecutor_risk_max", prosecutor_max},
            {"marketer_risk", marketer}};
  if (has_sensitive) {
    json["l_distinct"] = l;
    json["l_entropy"] = l_entropy;
    json["t"] = t;
  }
  Json sizes = Json::array();
  for (const auto& [size, groups] : groups_by_size)
    sizes.push_back({{"size", size}, {"groups", groups}});
  json["groups_by_size"] = std::move(sizes);
  Json fewer = Json::array();
  for (const RiskWithout& less : without)
    fewer.push_back({{"without", less.quasi}, {"k", less.k}, {"unique", less.unique}});
  json["without_one"] = std::move(fewer);
  return json;
}

}  // namespace residency::deid
