#include <fmt/format.h>
#include <functional>
#include <sys/stat.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "dataset/example.h"
#include "deid/detect/detector.h"
#include "serve/monitor/invocation.h"
#include "serve/monitor/state_log.h"
#include "serve/monitor/traffic_profile.h"

namespace residency::cli {
namespace {

constexpr int kDriftExit = 3;

struct MonitorWords {
  CommonOptions common;
  std::string baseline;
  std::string deployment;
  std::string out;
  bool remove = false;
};

std::string question_of(const Json& messages) {
  std::string question;
  for (const Json& message : messages) {
    if (json_text(message, "role") == "user") question = json_text(message, "content");
  }
  return question;
}

/// The test split of a data set: what the model was evaluated on.
Result<serve::TrafficProfile> profile_of_dataset(store::Workspace& workspace,
                                                 const std::string& id) {
  RESIDENCY_TRY(const auto manifest, workspace.manifest(id));
  RESIDENCY_TRY(const auto lines, workspace.read_lines(manifest.id, "test.jsonl"));
  serve::TrafficProfile profile;
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, lines->next(line));
    if (!more) return profile;
    RESIDENCY_TRY(const auto example, dataset::example_from_json_line(line));
    for (const auto& message : example.messages) {
      if (message.role == "user") profile.add_question(message.content);
      if (message.role == "assistant") profile.add_answer(message.content);
    }
  }
}

Result<serve::TrafficProfile> baseline_of(store::Workspace& workspace, const std::string& what) {
  if (!Env::posix().exists(what)) return profile_of_dataset(workspace, what);
  RESIDENCY_TRY(const std::string text, Env::posix().read_file(what, 16u << 20));
  RESIDENCY_TRY(const Json json, parse_json(text));
  return serve::TrafficProfile::from_json(json);
}

Result<serve::TrafficProfile> live_profile(store::Workspace& workspace,
                                           const std::string& deployment) {
  RESIDENCY_TRY(const auto lines,
                serve::StateLog::read(workspace, std::string(serve::kInvocationLog)));
  serve::TrafficProfile profile;
  for (const std::string& line : lines) {
    RESIDENCY_TRY(const auto one, serve::Invocation::from_json_line(line));
    if (!deployment.empty() && one.deployment != deployment) continue;
    profile.add_question(question_of(one.messages));
    profile.add_answer(one.answer);
    if (!one.guardrail.is_object() || one.guardrail.empty()) continue;
    std::vector<std::string> policies;
    const Json& findings = json_member(one.guardrail, "findings");
    for (std::size_t i = 0; findings.is_array() && i < findings.size(); ++i)
      policies.push_back(json_text(findings[i], "policy"));
    profile.add_guardrail(json_text(one.guardrail, "outcome", "pass"), policies);
  }
  return profile;
}

void print_drift(const serve::DriftReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const serve::DriftMeasure& one : report.measures)
    rows.push_back({one.name, fmt::format("{:.4f}", one.baseline), fmt::format("{:.4f}", one.live),
                    fmt::format("{:.4f}", one.value), fmt::format("{:.4f}", one.bound),
                    fmt::format("{:.2g}", one.p), one.alarm ? "drifted" : ""});
  fmt::print("{}\n{} questions against {} of the baseline{}\n",
             render_table({"MEASURE", "BASELINE", "LIVE", "DISTANCE", "BOUND", "P", ""}, rows),
             report.live_questions, report.baseline_questions,
             report.enough ? "" : ": too few to say");
}

int show_drift(const MonitorWords& words) {
  auto workspace = open_workspace(words.common);
  if (!workspace.ok()) return fail(workspace.error(), words.common.json);
  const auto baseline = baseline_of(**workspace, words.baseline);
  if (!baseline.ok()) return fail(baseline.error(), words.common.json);
  const auto live = live_profile(**workspace, words.deployment);
  if (!live.ok()) return fail(live.error(), words.common.json);
  const auto report = serve::drift(*baseline, *live);
  if (words.common.json) {
    print_json(report.to_json());
  } else {
    print_drift(report);
  }
  return report.alarm() ? kDriftExit : 0;
}

int write_profile(const MonitorWords& words) {
  auto workspace = open_workspace(words.common);
  if (!workspace.ok()) return fail(workspace.error(), words.common.json);
  const auto profile = words.baseline.empty() ? live_profile(**workspace, words.deployment)
                                              : baseline_of(**workspace, words.baseline);
  if (!profile.ok()) return fail(profile.error(), words.common.json);
  const auto written =
      Env::posix().write_file_atomic(words.out, dump_json(profile->to_json()) + "\n");
  if (!written.ok()) return fail(written.error(), words.common.json);
  if (words.common.json) {
    print_json({{"questions", profile->questions()}, {"file", words.out}});
  } else {
    fmt::print("{} questions; the profile, without any text, is in {}\n", profile->questions(),
               words.out);
  }
  return 0;
}

/// Every text of a line with the identifiers that the detector finds replaced by their class.
Result<void> clean(const deid::Detector& detector, Json& value) {
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    RESIDENCY_TRY(const auto spans, detector.detect(text, nullptr));
    std::string out;
    std::size_t past = 0;
    for (const deid::Span& span : spans) {
      out += text.substr(past, span.begin - past);
      out += fmt::format("[{}]", phi_class_name(span.phi_class));
      past = span.end;
    }
    value = out + text.substr(past);
    return {};
  }
  if (!value.is_structured()) return {};
  for (auto& [key, inner] : value.items()) {
    if (key == "role") continue;
    RESIDENCY_TRY_VOID(clean(detector, inner));
  }
  return {};
}

Result<void> write_lines(const deid::Detector& detector, const std::string& path,
                         const std::vector<std::string>& lines) {
  std::string bytes;
  for (const std::string& line : lines) {
    RESIDENCY_TRY(Json json, parse_json(line));
    RESIDENCY_TRY_VOID(clean(detector, json));
    bytes += dump_json(json) + "\n";
  }
  RESIDENCY_TRY_VOID(Env::posix().write_file_atomic(path, bytes));
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0)
    return io_error("a file could not be closed to others: " + path);
  return {};
}

Result<serve::FeedbackSet> export_feedback(const MonitorWords& words) {
  RESIDENCY_TRY(const auto workspace, open_workspace(words.common));
  RESIDENCY_TRY(const auto invocations,
                serve::StateLog::read(*workspace, std::string(serve::kInvocationLog)));
  RESIDENCY_TRY(const auto feedback,
                serve::StateLog::read(*workspace, std::string(serve::kFeedbackLog)));
  RESIDENCY_TRY(auto set, serve::feedback_set(invocations, feedback));
  RESIDENCY_TRY(const auto detector, deid::Detector::open());
  RESIDENCY_TRY_VOID(Env::posix().make_directories(words.out));
  RESIDENCY_TRY_VOID(write_lines(*detector, words.out + "/preferred.jsonl", set.preferred));
  RESIDENCY_TRY_VOID(write_lines(*detector, words.out + "/judged.jsonl", set.judged));
  RESIDENCY_TRY_VOID(write_lines(*detector, words.out + "/approved.jsonl", set.approved));
  return set;
}

int feedback(const MonitorWords& words) {
  const auto set = export_feedback(words);
  if (!set.ok()) return fail(set.error(), words.common.json);
  if (words.common.json) {
    print_json({{"preferred", set->preferred.size()},
                {"judged", set->judged.size()},
                {"approved", set->approved.size()},
                {"unmatched", set->unmatched}});
    return 0;
  }
  fmt::print(
      "{} pairs (preferred.jsonl, for dpo and orpo), {} judged answers (judged.jsonl, for kto), "
      "{} approved conversations (approved.jsonl, for sft) in {}\n{} without their exchange in the "
      "log. Identifiers that were found are replaced; a named person must vouch for the rest in "
      "dataset.waiver.\n",
      set->preferred.size(), set->judged.size(), set->approved.size(), words.out, set->unmatched);
  return 0;
}

int log(const MonitorWords& words) {
  auto workspace = open_workspace(words.common);
  if (!workspace.ok()) return fail(workspace.error(), words.common.json);
  Json counts = Json::object();
  for (const std::string_view name : {serve::kInvocationLog, serve::kFeedbackLog}) {
    const auto lines = serve::StateLog::read(**workspace, std::string(name));
    if (!lines.ok()) return fail(lines.error(), words.common.json);
    counts[std::string(name)] = lines->size();
    if (!words.remove) continue;
    if (auto gone = serve::StateLog::remove(**workspace, std::string(name)); !gone.ok())
      return fail(gone.error(), words.common.json);
  }
  if (words.common.json) {
    print_json(counts);
  } else {
    fmt::print("{} exchanges, {} ratings{}\n", counts["invocations"].get<std::size_t>(),
               counts["feedback"].get<std::size_t>(), words.remove ? ": removed" : "");
  }
  return 0;
}

}  // namespace

int monitor_command(const Words& words) {
  CLI::App app{
      "Watches what is served: drift against the evaluation, ratings as training data, the log of "
      "exchanges."};
  app.require_subcommand(1);
  MonitorWords given;
  std::function<int()> chosen;
  const auto add = [&](const char* name, const char* what, int (*run)(const MonitorWords&)) {
    CLI::App* sub = app.add_subcommand(name, what);
    given.common.add_to(*sub);
    sub->callback([&given, &chosen, run] { chosen = [&given, run] { return run(given); }; });
    return sub;
  };
  CLI::App* drifting =
      add("drift",
          "questions, refusals and guardrails against a baseline: exit status 3 where they drifted",
          show_drift);
  drifting->add_option("--baseline", given.baseline, "a data set's id, or a profile's file")
      ->required();
  drifting->add_option("--deployment", given.deployment, "only this deployment's exchanges");
  CLI::App* profiling =
      add("profile", "write a profile of traffic, without any text", write_profile);
  profiling->add_option("--dataset", given.baseline, "of a data set's test split; else of the log");
  profiling->add_option("--deployment", given.deployment, "only this deployment's exchanges");
  profiling->add_option("--out", given.out, "the file")->required();
  CLI::App* rating =
      add("feedback", "write rated answers as lines for the next training", feedback);
  rating->add_option("--out", given.out, "the folder")->required();
  CLI::App* logging = add("log", "how much the logs hold", log);
  logging->add_flag("--remove", given.remove, "remove them");
  if (auto ended = parse(app, words)) return *ended;
  return chosen();
}

}  // namespace residency::cli
