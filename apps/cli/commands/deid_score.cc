#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <sys/stat.h>

#include "cli/command_line.h"
#include "cli/commands/deid_commands.h"
#include "cli/terminal_progress.h"
#include "deid/detect/detector.h"
#include "deid/gold/fit_recall.h"
#include "deid/gold/gold_document.h"
#include "eval/statistics.h"

namespace residency::cli {
namespace {

constexpr std::size_t kContextBytes = 40;
constexpr std::string_view kPrivacyOfficer = "privacy-officer";

struct ScoreOptions {
  CommonOptions common;
  std::vector<std::string> gold;
  std::vector<std::string> ignored;
  std::vector<std::string> without_layers;
  bool byte_offsets = false;
  bool with_record = false;
  bool ablate = false;
  double threshold = 0.5;
  std::uint64_t resamples = 1000;
  std::uint64_t seed = 0;
  std::string misses;
  std::string role;
  double fit_recall = 0;  // 0: no fit
};

struct Group {
  std::string_view name;
  std::vector<PhiClass> classes;
};

std::vector<Group> groups() {
  using enum PhiClass;
  return {
      {"names", {kPatientName, kRelativeName, kClinicianName}},
      {"dates", {kDate}},
      {"ages", {kAge}},
      {"contacts", {kPhone, kFax, kEmail, kUrl, kIpAddress}},
      {"ids",
       {kSsn, kMrn, kHealthPlanId, kAccount, kLicense, kVehicle, kDevice, kBiometric, kOtherId}},
      {"places", {kStreet, kCity, kCounty, kZip}},
      {"organisations", {kEmployer, kHospital, kWard}},
      {"professions", {kProfession}}};
}

bool switch_off(const std::string& layer, deid::DetectorOptions& options) {
  if (layer == "patterns") return options.patterns = false, true;
  if (layer == "dictionaries") return options.dictionaries = false, true;
  if (layer == "known") return options.known = false, true;
  if (layer == "propagation") return options.propagation = false, true;
  if (layer == "tagger") return options.tagger = false, true;
  return false;
}

Result<std::vector<deid::Score>> score_all(const deid::DetectorOptions& options,
                                           const std::vector<deid::GoldDocument>& documents,
                                           bool with_record, Progress& progress,
                                           std::vector<std::vector<deid::Span>>* found) {
  RESIDENCY_TRY(const auto detector, deid::Detector::open(options));
  std::vector<deid::Score> scores;
  for (const deid::GoldDocument& document : documents) {
    if (progress.cancelled()) return cancelled("scoring was stopped");
    RESIDENCY_TRY(auto spans,
                  detector->detect(document.text, with_record ? &document.known : nullptr));
    scores.push_back(deid::score(document.text, document.spans, spans));
    if (found != nullptr) found->push_back(std::move(spans));
    progress.update(scores.size(), documents.size(), "documents", "");
  }
  return scores;
}

/// Recall of each group, then precision, F1 and the altered share, of the documents by weight.
std::vector<double> figures(const std::vector<deid::Score>& scores,
                            const std::vector<std::uint32_t>& weights) {
  deid::Score sum;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    for (std::uint32_t n = 0; n < weights[i]; ++n) sum.add(scores[i]);
  }
  std::vector<double> values;
  for (const Group& group : groups()) values.push_back(sum.total_of(group.classes).byte_recall());
  values.push_back(sum.total().byte_recall());
  values.push_back(sum.byte_precision());
  values.push_back(sum.byte_f1());
  values.push_back(sum.altered_share());
  return values;
}

struct Line {
  std::string name;
  deid::ClassScore counts;
  eval::Metric metric;
};

std::vector<Line> summarise(const ScoreOptions& options, const std::vector<deid::Score>& scores) {
  const std::vector<double> values = figures(scores, std::vector<std::uint32_t>(scores.size(), 1));
  auto drawn = eval::bootstrap(
      scores.size(), options.seed, static_cast<std::size_t>(options.resamples),
      [&](const std::vector<std::uint32_t>& weights) { return figures(scores, weights); });
  deid::Score sum;
  for (const deid::Score& score : scores) sum.add(score);
  std::vector<Line> lines;
  for (const Group& group : groups()) {
    lines.push_back({std::string(group.name), sum.total_of(group.classes), {}});
  }
  lines.push_back({"recall", sum.total(), {}});
  for (const char* name : {"precision", "f1", "altered"}) lines.push_back({name, {}, {}});
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i].metric = drawn.size() > i ? eval::with_interval(values[i], std::move(drawn[i]))
                                       : eval::Metric{values[i], values[i], values[i]};
  }
  return lines;
}

Json to_json(const std::vector<Line>& lines) {
  Json json = Json::object();
  for (const Line& line : lines) {
    json[line.name] = {{"value", line.metric.value},
                       {"low", line.metric.low},
                       {"high", line.metric.high},
                       {"spans", line.counts.gold_spans},
                       {"spans_covered", line.counts.found_spans},
                       {"spans_touched", line.counts.touched_spans}};
  }
  return json;
}

std::string table(const std::vector<Line>& lines) {
  std::vector<std::vector<std::string>> rows;
  for (const Line& line : lines) {
    const bool counted = line.counts.gold_spans > 0;
    const bool group = &line - lines.data() < static_cast<std::ptrdiff_t>(groups().size());
    if (group && !counted) continue;
    rows.push_back({line.name, counted ? std::to_string(line.counts.gold_spans) : "",
                    counted ? std::to_string(line.counts.found_spans) : "",
                    counted ? std::to_string(line.counts.touched_spans) : "",
                    fmt::format("{:.4f} [{:.4f}, {:.4f}]", line.metric.value, line.metric.low,
                                line.metric.high)});
  }
  return render_table({"CHARACTERS", "SPANS", "COVERED", "TOUCHED", "VALUE (95 %)"}, rows);
}

/// Writes every gold span that is not wholly covered, with what stands around it: PHI.
Result<std::uint64_t> write_misses(const std::string& path,
                                   const std::vector<deid::GoldDocument>& documents,
                                   const std::vector<std::vector<deid::Span>>& found) {
  std::string lines;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string& text = documents[i].text;
    std::vector<char> covered(text.size(), 0);
    for (const deid::Span& span : found[i]) {
      std::fill(covered.begin() + static_cast<std::ptrdiff_t>(span.begin),
                covered.begin() + static_cast<std::ptrdiff_t>(span.end), 1);
    }
    for (const deid::GoldSpan& span : documents[i].spans) {
      const auto open = std::find_if(
          covered.begin() + static_cast<std::ptrdiff_t>(span.begin),
          covered.begin() + static_cast<std::ptrdiff_t>(span.end), [&](const char& mark) {
            return mark == 0 && static_cast<unsigned char>(
                                    text[static_cast<std::size_t>(&mark - covered.data())]) > ' ';
          });
      if (open == covered.begin() + static_cast<std::ptrdiff_t>(span.end)) continue;
      ++count;
      const std::size_t from = span.begin - std::min(span.begin, kContextBytes);
      lines += Json{{"document", documents[i].id},
                    {"class", phi_class_name(span.phi_class)},
                    {"text", text.substr(span.begin, span.end - span.begin)},
                    {"context", text.substr(from, span.end + kContextBytes - from)}}
                   .dump(-1, ' ', false, Json::error_handler_t::replace) +
               "\n";
    }
  }
  RESIDENCY_TRY_VOID(Env::posix().write_file_atomic(path, lines));
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) {
    return io_error("the list of misses could not be closed to others: " + path);
  }
  return count;
}

struct Outcome {
  std::optional<deid::RecallFit> fit;
  std::vector<Line> lines;
  std::vector<std::pair<std::string, std::vector<Line>>> ablations;
  std::size_t documents = 0;
  std::uint64_t misses = 0;
};

Result<Outcome> run_score(const ScoreOptions& options) {
  if (!options.misses.empty() && options.role != kPrivacyOfficer) {
    return permission_denied("the list of misses holds PHI: give --role privacy-officer");
  }
  deid::LabelOptions labels{options.ignored};
  const auto unit = options.byte_offsets ? deid::OffsetUnit::kBytes : deid::OffsetUnit::kCodePoints;
  std::vector<deid::GoldDocument> documents;
  for (const std::string& path : options.gold) {
    RESIDENCY_TRY(auto some, deid::read_gold(Env::posix(), path, unit, labels));
    std::move(some.begin(), some.end(), std::back_inserter(documents));
  }
  deid::DetectorOptions detector;
  detector.threshold = options.threshold;
  for (const std::string& layer : options.without_layers) {
    if (!switch_off(layer, detector)) {
      return invalid_argument(
          "no such layer (patterns, dictionaries, known, propagation, tagger): " + layer);
    }
  }
  TerminalProgress progress(options.common.quiet);
  progress.title("score");
  Outcome outcome;
  outcome.documents = documents.size();
  std::vector<std::vector<deid::Span>> found;
  RESIDENCY_TRY(const auto scores,
                score_all(detector, documents, options.with_record, progress, &found));
  outcome.lines = summarise(options, scores);
  if (!options.misses.empty()) {
    RESIDENCY_TRY(outcome.misses, write_misses(options.misses, documents, found));
  }
  if (options.fit_recall > 0) {
    progress.title("fit");
    RESIDENCY_TRY(outcome.fit, deid::fit_recall(documents, detector, options.with_record,
                                                options.fit_recall, progress));
  }
  if (!options.ablate) return outcome;
  for (const char* layer : {"patterns", "dictionaries", "known", "propagation", "tagger"}) {
    deid::DetectorOptions without = detector;
    switch_off(layer, without);
    progress.title(fmt::format("without {}", layer));
    RESIDENCY_TRY(const auto fewer,
                  score_all(without, documents, options.with_record, progress, nullptr));
    outcome.ablations.emplace_back(fmt::format("without {}", layer), summarise(options, fewer));
  }
  return outcome;
}

Json to_json(const deid::RecallFit& fit) {
  Json recall = Json::object();
  for (const auto& [group, value] : fit.recall) recall[std::string(phi_class_name(group))] = value;
  return {{"reached", fit.reached},
          {"recall", recall},
          {"recall_of_all", fit.recall_of_all},
          {"altered", fit.altered},
          {"detector", fit.settings()}};
}

void print_fit(const deid::RecallFit& fit, double wanted) {
  fmt::print("\nfitted to a recall of {} in every group of classes: {}\n", wanted,
             fit.reached ? "reached" : "not reached, this is the furthest");
  for (const auto& [group, value] : fit.recall)
    fmt::print("  {:<16} {:.4f}\n", phi_class_name(group), value);
  fmt::print("recall of all {:.4f}, altered {:.4f}; for the recipe:\ndeid: {{detector: {}}}\n",
             fit.recall_of_all, fit.altered, dump_json(fit.settings()));
}

int show(const ScoreOptions& options) {
  const auto outcome = run_score(options);
  if (!outcome.ok()) return fail(outcome.error(), options.common.json);
  if (options.common.json) {
    Json json{{"documents", outcome->documents},
              {"detector", deid::kDetectorVersion},
              {"with_record", options.with_record},
              {"scores", to_json(outcome->lines)}};
    for (const auto& [name, lines] : outcome->ablations) json["ablations"][name] = to_json(lines);
    if (outcome->fit) json["fit"] = to_json(*outcome->fit);
    print_json(json);
    return 0;
  }
  fmt::print("{}\nn = {} documents, {} the patient's record, detector {}\n", table(outcome->lines),
             outcome->documents, options.with_record ? "with" : "without", deid::kDetectorVersion);
  for (const auto& [name, lines] : outcome->ablations) {
    fmt::print("\n{}\n{}", name, table(lines));
  }
  if (outcome->fit) print_fit(*outcome->fit, options.fit_recall);
  if (!options.misses.empty()) {
    fmt::print("{} misses, with what stands around them, are in {}: it holds PHI\n",
               outcome->misses, options.misses);
  }
  return 0;
}

}  // namespace

void add_deid_score(CLI::App& app, Chosen& chosen) {
  auto* score = app.add_subcommand(
      "score",
      "score the detector against gold: i2b2/n2c2 2014 XML, brat, JSON with offsets, or a folder "
      "that `residency synth` made");
  const auto options = std::make_shared<ScoreOptions>();
  options->common.add_to(*score, false);
  score->add_option("gold", options->gold, "files or folders of gold")->required();
  score->add_option("--ignore", options->ignored, "a label that is no identifier (repeatable)");
  score->add_option("--without", options->without_layers,
                    "switch a layer off: patterns, dictionaries, known, propagation, tagger");
  score->add_flag("--bytes", options->byte_offsets,
                  "offsets of JSON gold count bytes, not code points");
  score->add_flag("--with-record", options->with_record,
                  "use what the gold tells of each patient (synthetic hospitals do)");
  score->add_flag("--ablate", options->ablate, "also score with each layer left out");
  score->add_option("--threshold", options->threshold, "the least score that counts")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1.0));
  score->add_option("--resamples", options->resamples, "of the bootstrap")
      ->capture_default_str()
      ->check(CLI::Range(0, 100000));
  score->add_option("--seed", options->seed, "of the bootstrap")->capture_default_str();
  score
      ->add_option("--fit-recall", options->fit_recall,
                   "fit the tagger's thresholds to this recall of each group of classes, and print "
                   "them for a recipe")
      ->check(CLI::Range(0.0, 1.0));
  score->add_option("--misses", options->misses, "write every miss in its context (PHI) to a file");
  score->add_option("--role", options->role, "who asks; --misses needs privacy-officer");
  score->callback([options, &chosen] { chosen = [options] { return show(*options); }; });
}

}  // namespace residency::cli
