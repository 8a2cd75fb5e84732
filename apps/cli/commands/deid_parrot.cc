#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

#include "base/env.h"
#include "cli/commands/deid_commands.h"
#include "cli/terminal_progress.h"
#include "pipeline/proof_work.h"

namespace residency::cli {
namespace {

struct ParrotWords {
  CommonOptions common;
  pipeline::CrosswalkRequest request;
  std::string corpus;
  std::size_t documents = 2000;
  std::size_t finds = 100;
  deid::ParrotOptions options;
};

Json finds_json(const pipeline::ParrotOutcome& outcome) {
  Json finds = Json::array();
  for (const pipeline::ParrotFind& one : outcome.finds)
    finds.push_back({{"record", one.record_id},
                     {"class", one.phi_class},
                     {"score", one.score},
                     {"before", one.before},
                     {"text", one.text},
                     {"after", one.after}});
  return finds;
}

std::string in_a_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

int attack(const ParrotWords& words) {
  TerminalProgress progress(words.common.quiet);
  progress.title("parrot attack");
  const auto work = [&]() -> Result<pipeline::ParrotOutcome> {
    RESIDENCY_TRY(const auto workspace, open_workspace(words.common));
    return pipeline::attack_corpus(*workspace, words.request, words.corpus, words.documents,
                                   words.finds, words.options, Env::posix().now_unix_ms(),
                                   progress);
  };
  const auto outcome = work();
  if (!outcome.ok()) return fail(outcome.error(), words.common.json);
  const deid::ParrotReport& report = outcome->report;
  if (words.common.json) {
    print_json({{"documents", report.documents},
                {"replaced", report.replaced},
                {"found_again", report.found_again},
                {"look_alikes", report.look_alikes.size()},
                {"finds", finds_json(*outcome)}});
    return 0;
  }
  fmt::print("{} documents, {} replaced places, of which the attacker finds {}\n", report.documents,
             report.replaced, report.found_again);
  fmt::print("{} look-alikes that were not replaced\n", report.look_alikes.size());
  for (const pipeline::ParrotFind& one : outcome->finds)
    fmt::print("{}  {:<14} {:.2f}  {}>>{}<<{}\n", one.record_id, one.phi_class, one.score,
               in_a_line(one.before), in_a_line(one.text), in_a_line(one.after));
  return 0;
}

}  // namespace

void add_deid_parrot(CLI::App& app, Chosen& chosen) {
  auto* parrot = app.add_subcommand(
      "parrot",
      "attack a clean corpus before its release: a tagger that learns from the output lists what "
      "looks like the replaced places and was not replaced (may be PHI)");
  const auto words = std::make_shared<ParrotWords>();
  words->request.actor = "os:" + std::to_string(::getuid());
  words->common.add_to(*parrot);
  parrot->add_option("corpus", words->corpus, "a corpus.clean artifact's id")->required();
  parrot->add_option("--role", words->request.role, "privacy-officer")->required();
  parrot->add_option("-n,--documents", words->documents, "how many notes, drawn by the seed")
      ->capture_default_str();
  parrot->add_option("--finds", words->finds, "how many to print, the likeliest first")
      ->capture_default_str();
  parrot->add_option("--seed", words->options.seed, "of the draw and the training")
      ->capture_default_str();
  parrot->add_option("--score", words->options.score_min, "from what score on a find counts")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  parrot->callback([words, &chosen] { chosen = [words] { return attack(*words); }; });
}

}  // namespace residency::cli
