#include "deid/proof/verdicts.h"

#include <algorithm>
#include <fmt/format.h>

#include "deid/gold/json_gold.h"

namespace residency::deid {
namespace {

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::uint64_t words_of(std::string_view text) {
  std::uint64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    words += !blank && !inside ? 1 : 0;
    inside = !blank;
  }
  return words;
}

bool overlap(const Leak& a, const Leak& b) { return a.begin < b.end && b.begin < a.end; }

Result<Leak> read_leak(const Json& json, std::size_t length, const std::string& where) {
  const Json& begin = json_member(json, "begin");
  const Json& end = json_member(json, "end");
  if (!begin.is_number_unsigned() || !end.is_number_unsigned())
    return invalid_input(where + ": a leak needs begin and end");
  Leak leak{begin.get<std::size_t>(), end.get<std::size_t>(), PhiClass::kOtherId};
  if (leak.begin >= leak.end || leak.end > length)
    return invalid_input(
        fmt::format("{}: a leak outside of the text's {} characters", where, length));
  const auto phi_class = phi_class_named(json_text(json, "class"));
  if (!phi_class) return invalid_input(where + ": a leak's class is not known");
  leak.phi_class = *phi_class;
  return leak;
}

/// Leaks of the one that the other has too.
std::uint64_t shared(const std::vector<Leak>& one, const std::vector<Leak>& other) {
  std::vector<bool> used(other.size(), false);
  std::uint64_t both = 0;
  for (const Leak& leak : one) {
    for (std::size_t i = 0; i < other.size(); ++i) {
      if (used[i] || !overlap(leak, other[i])) continue;
      used[i] = true;
      ++both;
      break;
    }
  }
  return both;
}

}  // namespace

Result<Verdicts> read_verdicts(std::string_view sheet, const std::string& name,
                               const ReviewSample& sample) {
  std::map<std::string, std::size_t> lengths;
  for (const ReviewDocument& document : sample.documents)
    lengths[document.record_id] = code_points(document.text);
  Verdicts verdicts;
  const auto take = [&](const Json& object, const std::string& where) -> Result<void> {
    const std::string record = json_text(object, "record");
    const auto known = lengths.find(record);
    if (known == lengths.end()) return invalid_input(where + ": the record is not in the sample");
    if (verdicts.contains(record)) return invalid_input(where + ": the record stands here twice");
    const Json& leaks = json_member(object, "leaks");
    if (!leaks.is_array())
      return invalid_input(where + ": give \"leaks\", a list; an empty one where there are none");
    std::vector<Leak>& list = verdicts[record];
    for (const Json& leak : leaks) {
      RESIDENCY_TRY(const Leak read, read_leak(leak, known->second, where));
      list.push_back(read);
    }
    return {};
  };
  RESIDENCY_TRY_VOID(each_json_line(sheet, name, take));
  if (verdicts.size() != lengths.size())
    return invalid_input(fmt::format("{}: {} of {} documents have no verdict", name,
                                     lengths.size() - verdicts.size(), lengths.size()));
  return verdicts;
}

ReviewEstimate estimate(const ReviewSample& sample, const std::vector<Verdicts>& reviewers) {
  ReviewEstimate result;
  result.documents = sample.documents.size();
  result.reviewers = reviewers.size();
  const bool two = reviewers.size() == 2;
  std::uint64_t first = 0, second = 0, both = 0;
  std::uint64_t agree_leak = 0, first_alone = 0, second_alone = 0, neither = 0;
  for (const ReviewDocument& document : sample.documents) {
    result.words += words_of(document.text);
    const std::vector<Leak>& one = reviewers[0].at(document.record_id);
    std::vector<Leak> all = one;
    if (two) {
      const std::vector<Leak>& other = reviewers[1].at(document.record_id);
      first += one.size();
      second += other.size();
      both += shared(one, other);
      for (const Leak& leak : other) {
        if (std::none_of(one.begin(), one.end(),
                         [&](const Leak& known) { return overlap(known, leak); }))
          all.push_back(leak);
      }
      agree_leak += !one.empty() && !other.empty() ? 1 : 0;
      first_alone += !one.empty() && other.empty() ? 1 : 0;
      second_alone += one.empty() && !other.empty() ? 1 : 0;
      neither += one.empty() && other.empty() ? 1 : 0;
    }
    result.documents_with_leaks += all.empty() ? 0 : 1;
    result.leaks += all.size();
    for (const Leak& leak : all) ++result.by_class[std::string(phi_class_name(leak.phi_class))];
  }
  result.document_risk = clopper_pearson(result.documents_with_leaks, result.documents);
  result.leak_bound = result.documents_with_leaks == 0 ? rule_of_three(result.documents)
                                                       : result.document_risk.high;
  if (two) {
    result.recapture = chapman(first, second, both);
    result.kappa = cohen_kappa(agree_leak, first_alone, second_alone, neither);
  }
  return result;
}

Json ReviewEstimate::to_json() const {
  Json json{{"documents", documents},
            {"words", words},
            {"reviewers", reviewers},
            {"documents_with_leaks", documents_with_leaks},
            {"leaks", leaks},
            {"leaks_by_class", by_class},
            {"document_risk_low", document_risk.low},
            {"document_risk_high", document_risk.high},
            {"leak_bound_95", leak_bound}};
  json["leaks_per_1000_words"] =
      words == 0 ? 0.0 : 1000.0 * static_cast<double>(leaks) / static_cast<double>(words);
  if (recapture) {
    json["missed_by_both"] = {{"estimate", recapture->missed},
                              {"low", recapture->missed_range.low},
                              {"high", recapture->missed_range.high}};
  }
  if (kappa) json["kappa"] = *kappa;
  return json;
}

}  // namespace residency::deid
