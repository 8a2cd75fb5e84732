#include "eval/scorer.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "eval/answer_reader.h"
#include "eval/code_tree.h"

namespace residency::eval {
namespace {

std::size_t characters(const std::string& text) {
  const auto starts = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  return std::max<std::size_t>(1, static_cast<std::size_t>(starts));
}

/// Index of the largest log-probability per character of its choice, as lm-evaluation-harness'
/// acc_norm; the first of equals.
std::size_t best_by_length(const std::vector<double>& logprobs,
                           const std::vector<std::string>& choices) {
  std::size_t best = 0;
  const auto at = [&](std::size_t i) {
    return logprobs[i] / static_cast<double>(characters(choices[i]));
  };
  for (std::size_t i = 1; i < logprobs.size(); ++i) {
    if (at(i) > at(best)) best = i;
  }
  return best;
}

double f1(std::uint64_t both, std::uint64_t gold, std::uint64_t predicted) {
  const std::uint64_t sum = gold + predicted;
  return sum == 0 ? 0 : 2 * static_cast<double>(both) / static_cast<double>(sum);
}

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::set<std::string> as_set(const std::vector<std::string>& labels) {
  return {labels.begin(), labels.end()};
}

constexpr std::size_t kRanks[] = {5, 8, 15};

}  // namespace

std::vector<std::string> Scorer::labels_in_form(const std::vector<std::string>& labels, Form form,
                                                const std::string& negative) {
  std::set<std::string> set;
  for (const std::string& label : labels) {
    switch (form) {
      case Form::kWhole:
        set.insert(label);
        break;
      case Form::kCategory:
        set.insert(code_category(label));
        break;
      case Form::kChapter:
        // Codes of other systems have no chapter here and stand for themselves.
        set.insert(code_chapter(label).empty() ? label : code_chapter(label));
        break;
      case Form::kTree:
        for (std::string& above : code_and_above(label)) set.insert(std::move(above));
        break;
      case Form::kPositive:
        if (label != negative) set.insert(label);
        break;
      case Form::kAnyPositive:
        if (label != negative) set.insert("any");
        break;
    }
  }
  return {set.begin(), set.end()};
}

Scorer::Scorer(EvalTask task, const std::vector<Prediction>& predictions,
               const std::vector<std::string>& choices, const std::string& negative,
               bool code_table)
    : task_(task),
      items_(predictions.size()),
      labels_(count(predictions, negative.empty() ? Form::kWhole : Form::kPositive, negative)),
      has_negative_(!negative.empty()),
      has_code_table_(code_table) {
  for (const Prediction& prediction : predictions) {
    correct_.push_back(prediction.correct ? 1 : 0);
    unreadable_.push_back(prediction.asked && !prediction.readable ? 1 : 0);
    not_asked_.push_back(prediction.asked ? 0 : 1);
    bool norm = false;
    if (!choices.empty() && prediction.logprobs.size() == choices.size()) {
      const std::string& chosen = choices[best_by_length(prediction.logprobs, choices)];
      norm = prediction.labels == std::vector<std::string>{chosen};
    }
    correct_norm_.push_back(norm ? 1 : 0);
  }
  name_metrics(predictions, choices, negative);
}

void Scorer::name_metrics(const std::vector<Prediction>& predictions,
                          const std::vector<std::string>& choices, const std::string& negative) {
  switch (task_) {
    case EvalTask::kCodeF1:
      categories_ = count(predictions, Form::kCategory, "");
      chapters_ = count(predictions, Form::kChapter, "");
      tree_ = count(predictions, Form::kTree, "");
      names_ = {"micro_f1",         "macro_f1",          "micro_precision",
                "micro_recall",     "category_micro_f1", "category_macro_f1",
                "chapter_micro_f1", "chapter_macro_f1",  "hierarchical_micro_f1",
                "exact_match"};
      read_ranks(predictions);
      if (has_code_table_) names_.emplace_back("unknown_code_rate");
      for (const Prediction& item : predictions)
        unknown_.emplace_back(item.unknown_codes, as_set(item.parsed).size());
      break;
    case EvalTask::kMultipleChoice:
      names_ = {"accuracy", "accuracy_norm", "macro_f1"};
      read_confidences(predictions);
      break;
    case EvalTask::kClassification:
      names_ = {"accuracy", "macro_f1"};
      if (has_negative_) {
        any_ = count(predictions, Form::kAnyPositive, negative);
        names_ = {"micro_f1",     "macro_f1",     "micro_precision",
                  "micro_recall", "detection_f1", "accuracy"};
      }
      read_confidences(predictions);
      measures_.emplace(predictions, choices, negative);
      names_.insert(names_.end(), measures_->names().begin(), measures_->names().end());
      break;
    case EvalTask::kDecision:
      read_decisions(predictions);
      names_ = {"accuracy", "macro_f1", "reasons_micro_f1", "exact_match"};
      break;
    case EvalTask::kExact:
      names_ = {"exact_match"};
      break;
    case EvalTask::kGeneration:
      names_ = {"rouge_l", "chrf", "exact_match"};
      read_texts(predictions);
      break;
    case EvalTask::kEntities:
      entities_.emplace(predictions);
      names_ = EntityCounts::names();
      names_.push_back("exact_match");
      break;
  }
  names_.insert(names_.end(), {"parse_failure_rate", "not_asked_rate"});
}

/// The first label is the decision, the others are reasons.
void Scorer::read_decisions(const std::vector<Prediction>& predictions) {
  std::vector<Prediction> decisions(predictions.size());
  std::vector<Prediction> reasons(predictions.size());
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    for (auto part : {&Prediction::labels, &Prediction::parsed}) {
      const auto& labels = predictions[i].*part;
      if (labels.empty()) continue;
      (decisions[i].*part).push_back(labels.front());
      (reasons[i].*part).assign(labels.begin() + 1, labels.end());
    }
    decided_.push_back(decisions[i].labels == decisions[i].parsed ? 1 : 0);
  }
  labels_ = count(decisions, Form::kWhole, "");
  any_ = count(reasons, Form::kWhole, "");
}

/// Log-probabilities count where any item has them; an item without has no confidence.
void Scorer::read_confidences(const std::vector<Prediction>& predictions) {
  bool any = false;
  for (const Prediction& item : predictions) {
    any = any || !item.logprobs.empty();
    confidences_.push_back(item.asked && !item.logprobs.empty() ? confidence_of(item) : -1);
  }
  if (any) {
    names_.emplace_back("ece");
  } else {
    confidences_.clear();
  }
}

void Scorer::read_texts(const std::vector<Prediction>& predictions) {
  for (const Prediction& item : predictions) {
    const std::string reference = item.labels.empty() ? std::string() : item.labels.front();
    rouge_.push_back(rouge_l(reference, item.prediction));
    characters_.push_back(character_grams(reference, item.prediction));
  }
}

double Scorer::calibration_error(const std::vector<std::uint32_t>& weights) const {
  Calibration calibration;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (confidences_[i] >= 0) calibration.add(confidences_[i], correct_[i] != 0, weights[i]);
  }
  return calibration.error();
}

void Scorer::append_text_values(const std::vector<std::uint32_t>& weights,
                                std::vector<double>& values) const {
  double rouge = 0;
  double whole = 0;
  CharacterGrams sums;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    rouge += rouge_[i] * weights[i];
    whole += weights[i];
    for (std::size_t n = 0; n < CharacterGrams::kOrders; ++n) {
      const auto& count = characters_[i].orders[n];
      sums.orders[n].written += count.written * weights[i];
      sums.orders[n].reference += count.reference * weights[i];
      sums.orders[n].both += count.both * weights[i];
    }
  }
  values.push_back(whole == 0 ? 0 : rouge / whole);
  values.push_back(chrf(sums));
  values.push_back(rate(correct_, weights));
}

/// Ranks count where any item has them; one without has no hits.
void Scorer::read_ranks(const std::vector<Prediction>& predictions) {
  const bool any = std::any_of(predictions.begin(), predictions.end(),
                               [](const Prediction& item) { return !item.ranked.empty(); });
  if (!any) return;
  for (const Prediction& item : predictions) {
    const auto gold = as_set(item.labels);
    auto& hits = ranked_hits_.emplace_back();
    for (const std::string& label : item.ranked) hits.push_back(gold.count(label) > 0 ? 1 : 0);
  }
  for (const std::size_t k : kRanks) names_.push_back(fmt::format("precision_at_{}", k));
}

double Scorer::precision_at(std::size_t k, const std::vector<std::uint32_t>& weights) const {
  std::uint64_t hits = 0;
  std::uint64_t whole = 0;
  for (std::size_t item = 0; item < weights.size(); ++item) {
    const auto& ranked = ranked_hits_[item];
    const auto end = ranked.begin() + static_cast<std::ptrdiff_t>(std::min(k, ranked.size()));
    hits += static_cast<std::uint64_t>(std::count(ranked.begin(), end, std::uint8_t{1})) *
            weights[item];
    whole += k * weights[item];
  }
  return share(hits, whole);
}

Scorer::Table Scorer::count(const std::vector<Prediction>& predictions, Form form,
                            const std::string& negative) {
  Table table;
  std::map<std::string, std::uint32_t> numbers;
  for (const Prediction& prediction : predictions) {
    std::map<std::string, Hit> hits;
    for (const std::string& label : labels_in_form(prediction.labels, form, negative))
      hits[label].gold = true;
    for (const std::string& label : labels_in_form(prediction.parsed, form, negative))
      hits[label].predicted = true;
    auto& row = table.hits.emplace_back();
    for (auto& [label, hit] : hits) {
      const auto [number, added] =
          numbers.emplace(label, static_cast<std::uint32_t>(numbers.size()));
      if (added) table.gold.push_back(false);
      hit.label = number->second;
      if (hit.gold) table.gold[hit.label] = true;
      row.push_back(hit);
    }
  }
  return table;
}

void Scorer::append_f1(const Table& table, const std::vector<std::uint32_t>& weights,
                       bool precision_and_recall, std::vector<double>& values) {
  struct Count {
    std::uint64_t both = 0, gold = 0, predicted = 0;
  };
  Count all;
  std::vector<Count> each(table.gold.size());
  for (std::size_t item = 0; item < weights.size(); ++item) {
    if (weights[item] == 0) continue;
    for (const Hit& hit : table.hits[item]) {
      for (Count* counted : {&all, &each[hit.label]}) {
        counted->both += hit.gold && hit.predicted ? weights[item] : 0;
        counted->gold += hit.gold ? weights[item] : 0;
        counted->predicted += hit.predicted ? weights[item] : 0;
      }
    }
  }
  // A resample can miss a label altogether; its F1 is then undefined and left out of the mean.
  double sum = 0;
  std::size_t counted = 0;
  for (std::size_t label = 0; label < each.size(); ++label) {
    if (!table.gold[label] || each[label].gold + each[label].predicted == 0) continue;
    sum += f1(each[label].both, each[label].gold, each[label].predicted);
    ++counted;
  }
  values.push_back(f1(all.both, all.gold, all.predicted));
  values.push_back(counted == 0 ? 0 : sum / static_cast<double>(counted));
  if (precision_and_recall) {
    values.push_back(share(all.both, all.predicted));
    values.push_back(share(all.both, all.gold));
  }
}

double Scorer::rate(const std::vector<std::uint8_t>& flags,
                    const std::vector<std::uint32_t>& weights) const {
  std::uint64_t part = 0;
  std::uint64_t whole = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    part += flags[i] * weights[i];
    whole += weights[i];
  }
  return share(part, whole);
}

void Scorer::append_code_values(const std::vector<std::uint32_t>& weights,
                                std::vector<double>& values) const {
  append_f1(labels_, weights, true, values);
  append_f1(categories_, weights, false, values);
  append_f1(chapters_, weights, false, values);
  std::vector<double> micro_and_macro;
  append_f1(tree_, weights, false, micro_and_macro);
  values.push_back(micro_and_macro[0]);
  values.push_back(rate(correct_, weights));
  if (!ranked_hits_.empty()) {
    for (const std::size_t k : kRanks) values.push_back(precision_at(k, weights));
  }
  if (!has_code_table_) return;
  std::uint64_t unknown = 0;
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    unknown += unknown_[i].first * weights[i];
    given += unknown_[i].second * weights[i];
  }
  values.push_back(share(unknown, given));
}

std::vector<double> Scorer::values(const std::vector<std::uint32_t>& weights) const {
  std::vector<double> values;
  std::vector<double> micro_and_macro;
  switch (task_) {
    case EvalTask::kCodeF1:
      append_code_values(weights, values);
      break;
    case EvalTask::kMultipleChoice:
    case EvalTask::kClassification:
      if (has_negative_) {
        append_f1(labels_, weights, true, values);
        append_f1(any_, weights, false, micro_and_macro);
        values.push_back(micro_and_macro[0]);
        values.push_back(rate(correct_, weights));
      } else {
        append_f1(labels_, weights, false, micro_and_macro);
        values.push_back(rate(correct_, weights));
        if (task_ == EvalTask::kMultipleChoice) values.push_back(rate(correct_norm_, weights));
        values.push_back(micro_and_macro[1]);
      }
      if (!confidences_.empty()) values.push_back(calibration_error(weights));
      if (measures_) measures_->append(weights, values);
      break;
    case EvalTask::kDecision:
      values.push_back(rate(decided_, weights));
      append_f1(labels_, weights, false, micro_and_macro);
      values.push_back(micro_and_macro[1]);
      append_f1(any_, weights, false, micro_and_macro);
      values.push_back(micro_and_macro[2]);
      values.push_back(rate(correct_, weights));
      break;
    case EvalTask::kGeneration:
      append_text_values(weights, values);
      break;
    case EvalTask::kExact:
      values.push_back(rate(correct_, weights));
      break;
    case EvalTask::kEntities:
      entities_->append(weights, values);
      values.push_back(rate(correct_, weights));
      break;
  }
  values.push_back(rate(unreadable_, weights));
  values.push_back(rate(not_asked_, weights));
  return values;
}

std::map<std::string, Metric> score(const Scorer& scorer, std::uint64_t seed,
                                    std::size_t resamples) {
  const auto whole = scorer.values(std::vector<std::uint32_t>(scorer.items(), 1));
  auto drawn =
      bootstrap(scorer.items(), seed, resamples,
                [&](const std::vector<std::uint32_t>& weights) { return scorer.values(weights); });
  drawn.resize(whole.size());
  std::map<std::string, Metric> metrics;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    metrics[scorer.names()[i]] = with_interval(whole[i], std::move(drawn[i]));
  }
  return metrics;
}

bool lower_is_better(std::string_view metric) {
  return metric == "parse_failure_rate" || metric == "not_asked_rate" || metric == "ece" ||
         metric == "unknown_code_rate" || metric == "general_perplexity" ||
         metric == "above_gold_rate" || metric == "below_gold_rate" ||
         metric.starts_with("canary_");
}

double item_f1(const std::vector<std::string>& gold, const std::vector<std::string>& parsed) {
  const auto wanted = as_set(gold);
  const auto given = as_set(parsed);
  if (wanted.empty() && given.empty()) return 1;
  const auto both = std::count_if(given.begin(), given.end(),
                                  [&](const auto& label) { return wanted.count(label) > 0; });
  return f1(static_cast<std::uint64_t>(both), wanted.size(), given.size());
}

}  // namespace residency::eval
