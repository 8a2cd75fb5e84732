#include "guard/guard.h"

#include <fmt/format.h>
#include <iostream>
#include <memory>
#include <set>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/terminal_progress.h"
#include "deid/policy/policy_file.h"
#include "guard/bench/guard_bench.h"
#include "guard/content/content_training.h"

namespace residency::cli {
namespace {

constexpr std::size_t kTextBytesMax = 4u << 20;
constexpr int kGateExit = 3;

struct GuardWords {
  CommonOptions common;
  std::string policy = "clinician";
  std::string key;
  std::string file;
  std::string text;
  std::string source_file;
  std::string query;
  std::vector<std::string> context;
  bool output = false;
  bool show_template = false;
  bool bedrock = false;
  std::vector<std::string> cases;
  std::string misses;
  std::size_t piece = 16;
  double recall_min = 0;
  double alarms_max = 1;
  std::string out;
  std::vector<std::string> ordinary;
};

Json to_json(const guard::Finding& finding) {
  return {{"policy", finding.policy},   {"name", finding.name},
          {"begin", finding.begin},     {"end", finding.end},
          {"score", finding.score},     {"action", guard::action_name(finding.action)},
          {"dry_run", finding.dry_run}, {"note", finding.note},
          {"turn", finding.turn}};
}

Json to_json(const guard::Share& share) {
  return {{"hits", share.hits},
          {"of", share.all},
          {"value", share.value()},
          {"low", share.low()},
          {"high", share.high()}};
}

Json to_json(const std::map<std::string, guard::Share>& shares) {
  Json json = Json::object();
  for (const auto& [name, share] : shares) json[name] = to_json(share);
  return json;
}

Result<std::string> read_text(const GuardWords& words) {
  if (!words.text.empty()) return words.text;
  if (!words.file.empty() && words.file != "-")
    return Env::posix().read_file(words.file, kTextBytesMax);
  std::string text;
  std::string piece(1u << 16, '\0');
  while (std::cin.read(piece.data(), static_cast<std::streamsize>(piece.size())) ||
         std::cin.gcount() > 0) {
    text.append(piece, 0, static_cast<std::size_t>(std::cin.gcount()));
    if (text.size() > kTextBytesMax) return invalid_input("the text is longer than 4 MiB");
  }
  return text;
}

void print_findings(const std::vector<guard::Finding>& findings) {
  std::vector<std::vector<std::string>> rows;
  for (const guard::Finding& one : findings)
    rows.push_back({one.policy, one.name, fmt::format("{}-{}", one.begin, one.end),
                    fmt::format("{:.2f}", one.score),
                    std::string(guard::action_name(one.action)) + (one.dry_run ? " (dry run)" : ""),
                    one.note});
  if (!rows.empty())
    fmt::print("{}\n", render_table({"POLICY", "NAME", "BYTES", "SCORE", "ACTION", "NOTE"}, rows));
}

Result<std::shared_ptr<const guard::Guardrail>> open_guardrail(const GuardWords& words) {
  RESIDENCY_TRY(auto policy, guard::open_guard_policy(Env::posix(), words.policy, words.key));
  return guard::Guardrail::open(std::move(policy));
}

int check(const GuardWords& words) {
  const auto guardrail = open_guardrail(words);
  if (!guardrail.ok()) return fail(guardrail.error(), words.common.json);
  const auto text = read_text(words);
  if (!text.ok()) return fail(text.error(), words.common.json);
  guard::Conversation conversation;
  for (const std::string& turn : words.context) conversation.turns.push_back({"user", turn});
  if (!words.query.empty()) conversation.turns.push_back({"user", words.query});
  if (!words.source_file.empty()) {
    auto source = Env::posix().read_file(words.source_file, kTextBytesMax);
    if (!source.ok()) return fail(source.error(), words.common.json);
    conversation.sources.push_back(std::move(source).value());
  }
  guard::Outcome outcome;
  std::vector<guard::Finding> findings;
  std::string left;
  Json json;
  if (words.output) {
    auto verdict = (*guardrail)->check_output(conversation, *text);
    outcome = verdict.outcome;
    findings = std::move(verdict.findings);
    left = std::move(verdict.text);
    json["grounding"] = verdict.grounding;
    json["relevance"] = verdict.relevance;
  } else {
    conversation.turns.push_back({"user", *text});
    auto verdict = (*guardrail)->check_input(conversation);
    outcome = verdict.outcome;
    findings = std::move(verdict.findings);
    left = verdict.message.empty() ? verdict.texts.back() : verdict.message;
  }
  if (words.common.json) {
    json["outcome"] = guard::outcome_name(outcome);
    json["text"] = left;
    json["policy"] = {{"name", (*guardrail)->policy().name},
                      {"version", (*guardrail)->policy().version},
                      {"sha256", (*guardrail)->policy().sha256}};
    json["findings"] = Json::array();
    for (const guard::Finding& one : findings) json["findings"].push_back(to_json(one));
    print_json(json);
  } else {
    fmt::print("{}\n{}\n", guard::outcome_name(outcome), left);
    print_findings(findings);
  }
  const bool stopped = outcome == guard::Outcome::kBlocked || outcome == guard::Outcome::kAnswered;
  return stopped ? kGateExit : 0;
}

int policies(const GuardWords& words) {
  if (words.show_template) {
    fmt::print("{}", guard::guard_policy_template());
    return 0;
  }
  std::vector<std::string> names{"clinician", "patient", "phi", "off"};
  if (!words.file.empty()) names = {words.file};
  Json all = Json::array();
  for (const std::string& name : names) {
    const auto policy = guard::open_guard_policy(Env::posix(), name, words.key);
    if (!policy.ok()) return fail(policy.error(), words.common.json);
    if (words.bedrock) {
      print_json(policy->to_bedrock());
      continue;
    }
    Json settings = Json::parse(policy->canonical_json(), nullptr, false);
    if (words.common.json) {
      settings["sha256"] = policy->sha256;
      settings["signed_by"] = policy->signed_by;
      all.push_back(std::move(settings));
      continue;
    }
    fmt::print("{} version {}, mode {}, country {}{}\n  sha256 {}\n  signed by: {}\n", policy->name,
               policy->version, guard::mode_name(policy->mode), policy->country,
               policy->dry_run ? ", dry run" : "", policy->sha256,
               policy->signed_by.empty() ? "nobody" : policy->signed_by);
    std::vector<std::vector<std::string>> rows;
    for (const auto& [content, one] : settings["content"].items())
      rows.push_back({"content." + content,
                      fmt::format("{} {}", one["input_action"].get<std::string>(),
                                  one["input"].get<std::string>()),
                      fmt::format("{} {}", one["output_action"].get<std::string>(),
                                  one["output"].get<std::string>()),
                      one["dry_run"].get<bool>() ? "yes" : ""});
    for (const auto& [rail, one] : settings["rails"].items())
      rows.push_back({rail, one["input"].get<std::string>(), one["output"].get<std::string>(),
                      one["dry_run"].get<bool>() ? "yes" : ""});
    fmt::print("{}\n", render_table({"POLICY", "QUESTION", "ANSWER", "DRY RUN"}, rows));
  }
  if (words.common.json) print_json(all);
  return 0;
}

int sign(const GuardWords& words) {
  const auto key = guard::sign_guard_policy(Env::posix(), words.file, words.key);
  if (!key.ok()) return fail(key.error(), words.common.json);
  if (words.common.json) {
    print_json({{"public_key", *key}, {"signature", words.file + ".sig"}});
  } else {
    fmt::print("signed into {}.sig; the public key is {}\n", words.file, *key);
  }
  return 0;
}

std::string shown(const guard::Share& share) {
  return fmt::format("{:.4f} [{:.4f}, {:.4f}]", share.value(), share.low(), share.high());
}

Result<void> write_misses(const std::string& path, const guard::GuardBenchReport& report) {
  std::string lines;
  for (const guard::CaseOutcome& one : report.outcomes) {
    const bool wrong =
        one.given->harmful ? !one.caught || one.leaked : one.outcome != guard::Outcome::kPass;
    if (!wrong) continue;
    Json findings = Json::array();
    for (const guard::Finding& finding : one.findings) findings.push_back(to_json(finding));
    lines += dump_json({{"where", one.given->where},
                        {"text", one.given->text},
                        {"policy", one.given->policy},
                        {"category", one.given->category},
                        {"expected", one.given->harmful ? "stop" : "allow"},
                        {"leaked", one.leaked},
                        {"findings", findings}}) +
             "\n";
  }
  return Env::posix().write_file_atomic(path, lines);
}

void print_report(const guard::GuardBenchReport& report) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [policy, alarms] : report.alarms) {
    const auto recall = report.recall.find(policy);
    const auto own = report.own_recall.find(policy);
    const bool has = recall != report.recall.end();
    rows.push_back({policy, has ? std::to_string(recall->second.all) : "",
                    has ? shown(recall->second) : "",
                    has ? fmt::format("{:.4f}", own->second.value()) : "",
                    alarms.all > 0 ? shown(alarms) : ""});
  }
  rows.push_back({"all", std::to_string(report.recall_of_all.all), shown(report.recall_of_all), "",
                  report.alarms_of_all.all > 0 ? shown(report.alarms_of_all) : ""});
  fmt::print("{}\n",
             render_table(
                 {"POLICY", "HARMFUL", "RECALL (95 %)", "BY ITSELF", "FALSE ALARMS (95 %)"}, rows));
  if (report.alarms_of_all.all > 0) {
    rows.clear();
    for (const auto& [category, alarms] : report.alarms_in)
      rows.push_back(
          {category, std::to_string(alarms.all), std::to_string(alarms.hits), shown(alarms)});
    fmt::print("{}\n", render_table({"ORDINARY", "CASES", "STOPPED", "FALSE ALARMS (95 %)"}, rows));
  }
  fmt::print("a question takes p50 {:.0f}, p95 {:.0f} microseconds, a whole answer p95 {:.0f}\n",
             guard::quantile(report.input_us, 0.5), guard::quantile(report.input_us, 0.95),
             guard::quantile(report.output_us, 0.95));
}

int test(const GuardWords& words) {
  std::vector<guard::GuardCase> cases;
  for (const std::string& path : words.cases) {
    auto some = guard::read_cases(Env::posix(), path);
    if (!some.ok()) return fail(some.error(), words.common.json);
    std::move(some->begin(), some->end(), std::back_inserter(cases));
  }
  // Without a policy each case meets the preset of its mode.
  std::map<guard::Mode, std::shared_ptr<const guard::Guardrail>> guardrails;
  for (const guard::Mode mode : {guard::Mode::kClinician, guard::Mode::kPatient}) {
    GuardWords one = words;
    if (words.policy.empty()) one.policy = guard::mode_name(mode);
    auto guardrail = open_guardrail(one);
    if (!guardrail.ok()) return fail(guardrail.error(), words.common.json);
    guardrails[mode] = std::move(guardrail).value();
  }
  TerminalProgress progress(words.common.quiet);
  progress.title("guard test");
  const auto report = guard::run_cases(
      cases, [&](guard::Mode mode) -> const guard::Guardrail& { return *guardrails.at(mode); },
      words.piece, &progress);
  if (progress.cancelled()) return fail(cancelled("the test was stopped"), words.common.json);
  if (!words.misses.empty()) {
    if (auto written = write_misses(words.misses, report); !written.ok())
      return fail(written.error(), words.common.json);
  }
  if (words.common.json) {
    print_json({{"recall", to_json(report.recall)},
                {"recall_by_itself", to_json(report.own_recall)},
                {"false_alarms", to_json(report.alarms)},
                {"false_alarms_in", to_json(report.alarms_in)},
                {"recall_of_all", to_json(report.recall_of_all)},
                {"false_alarms_of_all", to_json(report.alarms_of_all)},
                {"leaks", to_json(report.leaks)},
                {"question_p50_us", guard::quantile(report.input_us, 0.5)},
                {"question_p95_us", guard::quantile(report.input_us, 0.95)},
                {"answer_p95_us", guard::quantile(report.output_us, 0.95)}});
  } else {
    print_report(report);
  }
  const bool low = report.recall_of_all.all > 0 && report.recall_of_all.value() < words.recall_min;
  const bool loud = report.alarms_of_all.value() > words.alarms_max;
  return low || loud ? kGateExit : 0;
}

int train(const GuardWords& words) {
  std::vector<guard::GuardCase> cases;
  for (const std::string& path : words.cases) {
    auto some = guard::read_cases(Env::posix(), path);
    if (!some.ok()) return fail(some.error(), words.common.json);
    std::move(some->begin(), some->end(), std::back_inserter(cases));
  }
  std::vector<guard::LabelledText> ordinary;
  for (const std::string& path : words.ordinary) {
    const auto text = Env::posix().read_file(path, 64u << 20);
    if (!text.ok()) return fail(text.error(), words.common.json);
    auto lines = guard::ordinary_lines(*text);
    std::move(lines.begin(), lines.end(), std::back_inserter(ordinary));
  }
  const auto training = guard::train_from_cases(cases, ordinary, {});
  if (!training.ok()) return fail(training.error(), words.common.json);
  if (auto written = Env::posix().write_file_atomic(words.out, training->model.serialise());
      !written.ok())
    return fail(written.error(), words.common.json);
  std::map<std::string, guard::Share> recall;
  guard::Share alarms;
  const double threshold = guard::strength_threshold(guard::Strength::kMedium);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto& scores = training->held_out[i];
    if (cases[i].harmful) {
      guard::Share& share = recall[cases[i].policy];
      ++share.all;
      share.hits +=
          scores[static_cast<std::size_t>(*guard::category_of(cases[i]))] >= threshold ? 1 : 0;
    } else {
      ++alarms.all;
      alarms.hits += *std::max_element(scores.begin(), scores.end()) >= threshold ? 1 : 0;
    }
  }
  if (words.common.json) {
    print_json(
        {{"model", words.out}, {"recall", to_json(recall)}, {"false_alarms", to_json(alarms)}});
    return 0;
  }
  fmt::print("the model is in {}; by five-fold cross-validation over the given cases:\n",
             words.out);
  for (const auto& [policy, share] : recall)
    fmt::print("  {:<24} recall {}\n", policy, shown(share));
  fmt::print("  false alarms {}\n", shown(alarms));
  return 0;
}

void add_policy_options(CLI::App& app, GuardWords& words) {
  app.add_option("--policy", words.policy,
                 "clinician, patient, phi, off, or a file (YAML, or Bedrock's JSON)")
      ->capture_default_str();
  app.add_option("--require-key", words.key, "the policy must be signed with this public key");
}

}  // namespace

int guard_command(const Words& words) {
  CLI::App app{
      "Guardrails: checks a text, tests policies against labelled cases, shows and signs policies, "
      "trains the content classifier."};
  app.require_subcommand(1);
  GuardWords given;
  std::function<int()> chosen;
  const auto add = [&](const char* name, const char* what, int (*run)(const GuardWords&)) {
    CLI::App* sub = app.add_subcommand(name, what);
    given.common.add_to(*sub, false);
    sub->callback([&given, &chosen, run] { chosen = [&given, run] { return run(given); }; });
    return sub;
  };
  CLI::App* checking = add("check", "look at one text: exit status 3 where it is stopped", check);
  add_policy_options(*checking, given);
  checking->add_option("file", given.file, "the text's file; standard input where missing");
  checking->add_option("-t,--text", given.text, "the text itself");
  checking->add_flag("--output", given.output, "it is an answer, not a question");
  checking->add_option("--query", given.query, "the question the answer is for");
  checking->add_option("--context", given.context, "what the user said before (repeatable)");
  checking->add_option("--source", given.source_file, "a file the answer must rest on");

  CLI::App* testing =
      add("test", "recall and false alarms of each policy over labelled cases", test);
  given.policy = "clinician";
  testing->add_option("cases", given.cases, "files (.jsonl, .txt) or folders of cases")->required();
  std::string test_policy;
  testing->add_option("--policy", test_policy,
                      "a policy for all cases; else the preset of each case's mode");
  testing->add_option("--require-key", given.key, "the policy must be signed with this public key");
  testing->add_option("--misses", given.misses,
                      "write what went wrong into this file (JSON lines)");
  testing->add_option("--piece", given.piece, "bytes in which answers come")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  testing->add_option("--recall-min", given.recall_min, "exit status 3 below this")
      ->check(CLI::Range(0.0, 1.0));
  testing->add_option("--false-alarms-max", given.alarms_max, "exit status 3 above this")
      ->check(CLI::Range(0.0, 1.0));

  CLI::App* showing =
      add("policies", "show the presets, or check and show a policy file", policies);
  showing->add_option("file", given.file, "a preset or a file");
  showing->add_option("--require-key", given.key, "the policy must be signed with this public key");
  showing->add_flag("--template", given.show_template, "print a policy file with every key");
  showing->add_flag("--bedrock", given.bedrock, "print it as Bedrock's GetGuardrail would");

  CLI::App* signing = add("sign", "sign a policy file (keys: residency deid policy new-key)", sign);
  signing->add_option("file", given.file, "the policy file")->required();
  signing->add_option("--key", given.key, "the private key's file")->required();

  CLI::App* training = add("train", "train the content classifier again", train);
  training->add_option("cases", given.cases, "files or folders of cases")->required();
  training->add_option("--ordinary", given.ordinary, "files of ordinary lines (repeatable)");
  training->add_option("--out", given.out, "where the model goes")->required();

  if (auto ended = parse(app, words)) return *ended;
  if (testing->parsed()) given.policy = test_policy;
  return chosen();
}

}  // namespace residency::cli
