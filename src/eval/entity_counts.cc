#include "eval/entity_counts.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <map>
#include <set>

namespace residency::eval {
namespace {

using dataset::LabelledSpan;
using ByType = std::map<std::string, std::set<LabelledSpan>>;

/// The spans of an item's labels; what is no span is passed over.
ByType by_type(const std::vector<std::string>& labels) {
  ByType spans;
  for (const std::string& label : labels) {
    LabelledSpan span;
    const char* const end = label.data() + label.size();
    const auto first = std::from_chars(label.data(), end, span.begin);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '-') continue;
    const auto second = std::from_chars(first.ptr + 1, end, span.end);
    if (second.ec != std::errc() || second.ptr == end || *second.ptr != ':') continue;
    span.type.assign(second.ptr + 1, end);
    spans[span.type].insert(span);
  }
  return spans;
}

bool touches_any(const LabelledSpan& span, const std::set<LabelledSpan>& others) {
  return std::any_of(others.begin(), others.end(), [&](const LabelledSpan& other) {
    return span.begin < other.end && other.begin < span.end;
  });
}

double f1(double precision, double recall) {
  return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string entity_label(const LabelledSpan& span) {
  return fmt::format("{}-{}:{}", span.begin, span.end, span.type);
}

EntityCounts::EntityCounts(const std::vector<Prediction>& predictions) {
  std::map<std::string, std::uint32_t> numbers;
  for (const Prediction& prediction : predictions) {
    ByType gold = by_type(prediction.labels);
    ByType predicted = by_type(prediction.parsed);
    auto& row = counts_.emplace_back();
    std::set<std::string> types;
    for (const auto* side : {&gold, &predicted}) {
      for (const auto& [type, spans] : *side) types.insert(type);
    }
    for (const std::string& type : types) {
      const auto number = numbers.emplace(type, static_cast<std::uint32_t>(numbers.size())).first;
      gold_types_.resize(numbers.size(), false);
      const auto& wanted = gold[type];
      const auto& given = predicted[type];
      Count count;
      count.type = number->second;
      count.gold = static_cast<std::uint32_t>(wanted.size());
      count.predicted = static_cast<std::uint32_t>(given.size());
      for (const LabelledSpan& span : wanted) count.gold_touched += touches_any(span, given);
      for (const LabelledSpan& span : given) {
        count.both += static_cast<std::uint32_t>(wanted.count(span));
        count.predicted_touching += touches_any(span, wanted);
      }
      if (count.gold > 0) gold_types_[count.type] = true;
      row.push_back(count);
    }
  }
}

std::vector<std::string> EntityCounts::names() {
  return {"micro_f1", "micro_precision", "micro_recall", "macro_f1", "relaxed_micro_f1"};
}

void EntityCounts::append(const std::vector<std::uint32_t>& weights,
                          std::vector<double>& values) const {
  struct Sum {
    std::uint64_t gold = 0, predicted = 0, both = 0, gold_touched = 0, predicted_touching = 0;
    double f1() const { return gold + predicted == 0 ? 0 : share(2 * both, gold + predicted); }
  };
  Sum all;
  std::vector<Sum> types(gold_types_.size());
  for (std::size_t item = 0; item < weights.size(); ++item) {
    for (const Count& count : counts_[item]) {
      for (Sum* sum : {&all, &types[count.type]}) {
        sum->gold += std::uint64_t{count.gold} * weights[item];
        sum->predicted += std::uint64_t{count.predicted} * weights[item];
        sum->both += std::uint64_t{count.both} * weights[item];
        sum->gold_touched += std::uint64_t{count.gold_touched} * weights[item];
        sum->predicted_touching += std::uint64_t{count.predicted_touching} * weights[item];
      }
    }
  }
  double macro = 0;
  std::size_t counted = 0;
  for (std::size_t type = 0; type < types.size(); ++type) {
    if (!gold_types_[type] || types[type].gold + types[type].predicted == 0) continue;
    macro += types[type].f1();
    ++counted;
  }
  values.push_back(all.f1());
  values.push_back(share(all.both, all.predicted));
  values.push_back(share(all.both, all.gold));
  values.push_back(counted == 0 ? 0 : macro / static_cast<double>(counted));
  values.push_back(
      f1(share(all.predicted_touching, all.predicted), share(all.gold_touched, all.gold)));
}

}  // namespace residency::eval
