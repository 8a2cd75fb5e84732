#include "synth/cases/radiology_case.h"

#include <algorithm>
#include <fmt/format.h>

namespace residency::synth {
namespace {

constexpr int kUnusualPercent = 32;

Result<void> check_whole(const RadiologyStudy& study) {
  const bool whole = !study.title.empty() && !study.indication.empty() && !study.normal.empty() &&
                     !study.regions.empty() &&
                     std::all_of(study.regions.begin(), study.regions.end(),
                                 [](const auto& region) { return !region.usual.empty(); });
  if (whole) return {};
  return invalid_input("study needs TITLE, NORMAL and a row of urgency 0 for each region: " +
                       study.name);
}

Result<void> add_finding(const CaseRow& row, RadiologyStudy& study) {
  RadiologyFinding finding;
  const std::string& urgency = row.fields[2];
  if (urgency.size() != 1 || urgency[0] < '0' || urgency[0] > '4')
    return invalid_input("urgency must be 0 to 4: " + row.where);
  finding.urgency = urgency[0] - '0';
  finding.name = row.fields[3];
  RESIDENCY_TRY(finding.finding, parse_case_template(row, 4));
  RESIDENCY_TRY(finding.impression, parse_case_template(row, 5));
  if (finding.urgency > 0 && finding.impression.empty())
    return invalid_input("finding needs an impression: " + row.where);
  const auto region = std::find_if(study.regions.begin(), study.regions.end(),
                                   [&](const auto& known) { return known.name == row.fields[1]; });
  const bool fresh = region == study.regions.end();
  if (fresh) study.regions.push_back({row.fields[1], {}, {}});
  RadiologyRegion& at = fresh ? study.regions.back() : *region;
  (finding.urgency == 0 ? at.usual : at.unusual).push_back(std::move(finding));
  return {};
}

}  // namespace

Result<std::vector<RadiologyStudy>> parse_radiology_findings(std::string_view table,
                                                             std::string_view name) {
  RESIDENCY_TRY(const auto rows, parse_case_rows(table, name, 6));
  std::vector<RadiologyStudy> studies;
  for (const CaseRow& row : rows) {
    if (studies.empty() || studies.back().name != row.fields[0])
      studies.push_back({row.fields[0], {}, {}, {}, {}});
    RadiologyStudy& study = studies.back();
    if (row.fields[3] == "TITLE") {
      RESIDENCY_TRY(study.title, parse_case_template(row, 4));
      RESIDENCY_TRY(study.indication, parse_case_template(row, 5));
    } else if (row.fields[3] == "NORMAL") {
      RESIDENCY_TRY(study.normal, parse_case_template(row, 5));
    } else {
      RESIDENCY_TRY_VOID(add_finding(row, study));
    }
  }
  for (const RadiologyStudy& study : studies) RESIDENCY_TRY_VOID(check_whole(study));
  if (studies.empty()) return invalid_input("table has no study: " + std::string(name));
  return studies;
}

std::string impression_text(std::vector<std::pair<int, std::string>> findings,
                            const std::string& normal) {
  if (findings.empty()) return normal;
  if (findings.size() == 1) return findings.front().second;
  std::stable_sort(findings.begin(), findings.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text;
  for (std::size_t i = 0; i < findings.size(); ++i)
    text += fmt::format("{}{}. {}", i == 0 ? "" : "\n", i + 1, findings[i].second);
  return text;
}

MadeCase make_radiology(const std::vector<RadiologyStudy>& studies, const Grammar& grammar,
                        Random random, std::uint64_t index) {
  const RadiologyStudy& study = random.pick(studies);
  CaseText head(random);
  std::string reported;
  std::vector<std::pair<int, std::string>> said;
  Json truth_findings = Json::array();
  MadeCase made;
  const bool all_usual = random.chance(12);
  for (const RadiologyRegion& region : study.regions) {
    const bool unusual = !all_usual && !region.unusual.empty() && random.chance(kUnusualPercent);
    const RadiologyFinding& finding = random.pick(unusual ? region.unusual : region.usual);
    CaseText text(random);  // its sizes and sides are its own
    const std::string words = text.write(grammar, finding.finding);
    if (!words.empty()) reported += (reported.empty() ? "" : " ") + words;
    if (finding.urgency > 0) {
      said.emplace_back(finding.urgency, text.write(grammar, finding.impression));
      truth_findings.push_back({{"name", finding.name}, {"urgency", finding.urgency}});
    }
    made.missed_a_slot = made.missed_a_slot || text.missed_a_slot();
  }
  head.set("title", head.write(grammar, study.title));
  head.set("indication", head.write(grammar, study.indication));
  head.set("findings", reported);
  const std::string report = head.write(grammar, "report");
  const std::string impression = impression_text(said, head.write(grammar, study.normal));
  const std::string id = fmt::format("radiology-{:06}", index);
  const std::string prompt =
      fmt::format("Write the impression of this radiology report.\n\n{}\n\nImpression:", report);
  made.line = {{"id", id},
               {"category", study.name},
               {"messages",
                {{{"role", "user"}, {"content", prompt}},
                 {{"role", "assistant"}, {"content", impression}}}}};
  made.truth = {{"id", id},
                {"label", impression},
                {"rule", said.empty() ? "nothing unusual: the study's usual impression"
                                      : "every unusual finding once, the most urgent first"},
                {"facts", {{"study", study.name}, {"findings", truth_findings}}}};
  made.missed_a_slot = made.missed_a_slot || head.missed_a_slot();
  return made;
}

}  // namespace residency::synth
