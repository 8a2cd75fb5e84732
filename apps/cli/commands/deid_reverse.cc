#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

#include "cli/commands/deid_commands.h"
#include "pipeline/crosswalk_work.h"

namespace residency::cli {
namespace {

struct Words {
  CommonOptions common;
  pipeline::CrosswalkRequest request;
  std::string corpus, record, patient;
};

class Printed final : public LineSink {
 public:
  Result<void> write(std::string_view line) override {
    const bool done = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
                      std::fputc('\n', stdout) != EOF;
    if (!done) return io_error("standard output can't be written");
    return {};
  }
};

int reverse(const Words& words) {
  const auto work = [&]() -> Result<pipeline::ReversalReport> {
    RESIDENCY_TRY(const auto workspace, open_workspace(words.common));
    Printed out;
    return pipeline::reverse_corpus(*workspace, words.request, words.corpus, words.record,
                                    words.patient, out);
  };
  auto report = work();
  if (!report.ok()) return fail(report.error(), words.common.json);
  fmt::print(stderr, "{} records, {} values put back, {} decrypted, {} not readable\n",
             report->records, report->restored, report->decrypted, report->unreadable);
  return 0;
}

}  // namespace

void add_deid_reverse(CLI::App& app, Chosen& chosen) {
  const auto words = std::make_shared<Words>();
  words->request.actor = "os:" + std::to_string(::getuid());
  auto* verb = app.add_subcommand(
      "reverse", "print records with their identifiers back (PHI), one line of JSON each");
  words->common.add_to(*verb);
  verb->add_option("corpus", words->corpus, "a corpus.clean artifact's id")->required();
  auto* record = verb->add_option("--record", words->record, "one record's id");
  verb->add_option("--patient", words->patient, "one patient's pseudonym")->excludes(record);
  verb->add_option("--role", words->request.role, "privacy-officer")->required();
  verb->add_option("--reason", words->request.reason, "why; kept encrypted")->required();
  verb->callback([&chosen, words] { chosen = [words] { return reverse(*words); }; });
}

}  // namespace residency::cli
