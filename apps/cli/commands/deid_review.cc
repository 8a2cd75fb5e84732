#include <cstdlib>
#include <fmt/format.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "cli/commands/deid_commands.h"
#include "deid/proof/verdicts.h"
#include "pipeline/proof_work.h"

namespace residency::cli {
namespace {

constexpr std::uint64_t kSampleBytesMax = 256u << 20;

struct ReviewWords {
  CommonOptions common;
  pipeline::CrosswalkRequest request;
  std::string corpus, file, seed = "1", sheet;
  std::vector<std::string> sheets, reviewers;
  std::size_t documents = 100;
};

Result<std::string> passphrase() {
  const char* given = std::getenv("RESIDENCY_REVIEW_PASSPHRASE");
  if (given == nullptr)
    return invalid_argument("put the sample's passphrase into RESIDENCY_REVIEW_PASSPHRASE");
  return std::string(given);
}

Result<deid::ReviewSample> read_sample(const ReviewWords& words) {
  RESIDENCY_TRY(const std::string secret, passphrase());
  RESIDENCY_TRY(const std::string bytes, Env::posix().read_file(words.file, kSampleBytesMax));
  return deid::open_sample(bytes, secret);
}

Result<void> write_private(const std::string& path, std::string_view bytes) {
  RESIDENCY_TRY_VOID(Env::posix().write_file_atomic(path, bytes));
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0)
    return io_error("the file could not be closed to others: " + path);
  return {};
}

int sample(const ReviewWords& words) {
  const auto work = [&]() -> Result<std::size_t> {
    RESIDENCY_TRY(const std::string secret, passphrase());
    RESIDENCY_TRY(const auto workspace, open_workspace(words.common));
    RESIDENCY_TRY(const auto drawn, pipeline::draw_review(*workspace, words.request, words.corpus,
                                                          words.documents, words.seed));
    RESIDENCY_TRY(const std::string sealed, deid::seal_sample(drawn, secret));
    RESIDENCY_TRY_VOID(write_private(words.file, sealed));
    return drawn.documents.size();
  };
  const auto count = work();
  if (!count.ok()) return fail(count.error(), words.common.json);
  if (words.common.json)
    print_json({{"documents", *count}, {"file", words.file}});
  else
    fmt::print("{} documents, encrypted, in {}\n", *count, words.file);
  return 0;
}

/// The documents to read, and a sheet to fill in.
int open_it(const ReviewWords& words) {
  const auto work = [&]() -> Result<void> {
    RESIDENCY_TRY_VOID(words.request.role == pipeline::kPrivacyOfficer
                           ? Result<void>()
                           : permission_denied("a sample may hold PHI: --role privacy-officer"));
    RESIDENCY_TRY(const auto drawn, read_sample(words));
    std::string sheet;
    for (const deid::ReviewDocument& document : drawn.documents) {
      fmt::print("{}\n", dump_json({{"record", document.record_id},
                                    {"type", document.note_type},
                                    {"text", document.text}}));
      sheet += dump_json({{"record", document.record_id}, {"leaks", nullptr}}) + "\n";
    }
    if (!words.sheet.empty()) RESIDENCY_TRY_VOID(write_private(words.sheet, sheet));
    return {};
  };
  const auto done = work();
  return done.ok() ? 0 : fail(done.error(), words.common.json);
}

void show(const deid::ReviewEstimate& estimate) {
  fmt::print("{} documents, {} words: {} leaks in {} documents\n", estimate.documents,
             estimate.words, estimate.leaks, estimate.documents_with_leaks);
  for (const auto& [name, count] : estimate.by_class) fmt::print("  {:<16} {}\n", name, count);
  fmt::print("share of documents with a leak: {:.4f} to {:.4f} (95 %, Clopper-Pearson)\n",
             estimate.document_risk.low, estimate.document_risk.high);
  if (estimate.documents_with_leaks == 0)
    fmt::print("none found: at most {:.4f} with 95 % confidence (3/n)\n", estimate.leak_bound);
  if (estimate.recapture)
    fmt::print("missed by both reviewers: about {:.1f} ({:.1f} to {:.1f})\n",
               estimate.recapture->missed, estimate.recapture->missed_range.low,
               estimate.recapture->missed_range.high);
  if (estimate.kappa) fmt::print("agreement of the reviewers: kappa {:.3f}\n", *estimate.kappa);
}

int verdicts(const ReviewWords& words) {
  const auto work = [&]() -> Result<deid::ReviewEstimate> {
    if (words.sheets.empty() || words.sheets.size() > 2 ||
        words.reviewers.size() != words.sheets.size())
      return invalid_argument("give one or two sheets, and as many --reviewer NAME");
    RESIDENCY_TRY(const auto drawn, read_sample(words));
    std::vector<deid::Verdicts> read;
    for (const std::string& path : words.sheets) {
      RESIDENCY_TRY(const std::string sheet, Env::posix().read_file(path, kSampleBytesMax));
      RESIDENCY_TRY(auto one, deid::read_verdicts(sheet, path, drawn));
      read.push_back(std::move(one));
    }
    const deid::ReviewEstimate found = deid::estimate(drawn, read);
    RESIDENCY_TRY(const auto workspace, open_workspace(words.common));
    RESIDENCY_TRY_VOID(pipeline::keep_review(*workspace, words.request, drawn, found,
                                             words.reviewers, Env::posix().now_unix_ms()));
    return found;
  };
  const auto found = work();
  if (!found.ok()) return fail(found.error(), words.common.json);
  if (words.common.json)
    print_json(found->to_json());
  else
    show(*found);
  return 0;
}

}  // namespace

void add_deid_review(CLI::App& app, Chosen& chosen) {
  auto* review = app.add_subcommand(
      "review", "a sample for people to read, and what they found as an estimate of what is left");
  review->require_subcommand(1);
  const auto words = std::make_shared<ReviewWords>();
  words->request.actor = "os:" + std::to_string(::getuid());
  const auto add = [&](const char* name, const char* summary, int (*act)(const ReviewWords&)) {
    auto* verb = review->add_subcommand(name, summary);
    words->common.add_to(*verb);
    verb->add_option("--role", words->request.role, "privacy-officer")->required();
    verb->callback([&chosen, words, act] { chosen = [words, act] { return act(*words); }; });
    return verb;
  };
  auto* drawn = add("sample", "draw notes of a clean corpus into an encrypted file", sample);
  drawn->add_option("corpus", words->corpus, "a corpus.clean artifact's id")->required();
  drawn->add_option("--out", words->file, "the file to write")->required();
  drawn->add_option("-n,--documents", words->documents, "how many")->capture_default_str();
  drawn->add_option("--seed", words->seed, "what is drawn with")->capture_default_str();
  auto* opened = add("open", "print the documents, one line of JSON each", open_it);
  opened->add_option("file", words->file, "the sample")->required();
  opened->add_option("--sheet", words->sheet, "also write a sheet of verdicts to fill in");
  auto* read = add("verdicts", "read one or two filled sheets; keep the estimate", verdicts);
  read->add_option("file", words->file, "the sample")->required();
  read->add_option("sheets", words->sheets, "the sheets")->required();
  read->add_option("--reviewer", words->reviewers, "whose sheet it is, in the same order");
}

}  // namespace residency::cli
