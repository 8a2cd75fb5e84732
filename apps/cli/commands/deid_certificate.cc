#include <fmt/format.h>
#include <memory>
#include <unistd.h>

#include "base/env.h"
#include "cli/commands/deid_commands.h"
#include "crypto/sha256.h"
#include "pipeline/proof_work.h"

namespace residency::cli {
namespace {

constexpr std::uint64_t kReportBytesMax = 256u << 20;

struct CertificateWords {
  CommonOptions common;
  pipeline::CrosswalkRequest request;
  pipeline::Attestation attestation;
  std::string corpus, expert_report;
};

void show(const Json& certificate) {
  const Json& report = json_member(certificate, "report");
  fmt::print("{}\n  state     {}, until {}\n  method    {}\n", json_text(certificate, "corpus"),
             json_text(certificate, "state"), json_text(certificate, "expires_at"),
             json_text(certificate, "method"));
  for (const Json& reason : json_member(certificate, "method_reasons")) {
    if (reason.is_string()) fmt::print("            {}\n", reason.get<std::string>());
  }
  fmt::print("  policy    {}\n  detector  {}\n  records   {} ({} clean, {} set aside)\n",
             json_text(certificate, "policy_sha256").substr(0, 16),
             json_text(certificate, "detector"), json_integer(report, "records"),
             json_integer(report, "clean"), json_integer(report, "quarantined"));
  const Json& review = json_member(certificate, "review");
  if (review.is_object()) {
    fmt::print("  review    {} documents, {} leaks; at most {:.4f} of the documents (95 %)\n",
               json_integer(review, "documents"), json_integer(review, "leaks"),
               json_number(review, "leak_bound_95", 1));
  } else {
    fmt::print("  review    none: see residency deid review\n");
  }
  for (const char* key : {"actual_knowledge_attestation", "expert"}) {
    const Json& attested = json_member(certificate, key);
    if (!attested.is_object()) continue;
    if (json_flag(attested, "given"))
      fmt::print("  {}: {}, {}\n", key, json_text(attested, "by"), json_text(attested, "at"));
    else
      fmt::print("  {}: open (residency deid attest)\n", key);
  }
}

int certificate(const CertificateWords& words) {
  const auto work = [&]() -> Result<Json> {
    RESIDENCY_TRY(const auto workspace, open_workspace(words.common));
    return pipeline::certificate_of(*workspace, words.corpus, Env::posix().now_unix_ms());
  };
  const auto found = work();
  if (!found.ok()) return fail(found.error(), words.common.json);
  if (words.common.json)
    print_json(*found);
  else
    show(*found);
  return json_text(*found, "state") == "expired" ? 3 : 0;
}

int attest(const CertificateWords& words) {
  const auto work = [&]() -> Result<void> {
    pipeline::Attestation attestation = words.attestation;
    if (!words.expert_report.empty()) {
      RESIDENCY_TRY(const std::string report,
                    Env::posix().read_file(words.expert_report, kReportBytesMax));
      attestation.expert_report_sha256 = crypto::sha256_hex(report);
    }
    RESIDENCY_TRY(const auto workspace, open_workspace(words.common));
    return pipeline::attest(*workspace, words.request, words.corpus, attestation,
                            Env::posix().now_unix_ms());
  };
  if (const auto done = work(); !done.ok()) return fail(done.error(), words.common.json);
  if (words.common.json)
    print_json({{"attested", true}});
  else
    fmt::print("attested\n");
  return 0;
}

}  // namespace

void add_deid_certificate(CLI::App& app, Chosen& chosen) {
  const auto words = std::make_shared<CertificateWords>();
  words->request.actor = "os:" + std::to_string(::getuid());
  auto* shown = app.add_subcommand(
      "certificate", "what was done to a clean corpus, and how that stands today; 3 if expired");
  words->common.add_to(*shown);
  shown->add_option("corpus", words->corpus, "a corpus.clean artifact's id")->required();
  shown->callback([words, &chosen] { chosen = [words] { return certificate(*words); }; });
  auto* given = app.add_subcommand(
      "attest", "a named person's word that nothing left is known to identify anyone");
  words->common.add_to(*given);
  given->add_option("corpus", words->corpus, "a corpus.clean artifact's id")->required();
  given->add_option("--name", words->attestation.name, "who attests")->required();
  given->add_option("--statement", words->attestation.statement, "what is attested")->required();
  given->add_option("--expert-report", words->expert_report,
                    "the expert's report: its digest is kept");
  given->add_option("--role", words->request.role, "privacy-officer")->required();
  given->callback([words, &chosen] { chosen = [words] { return attest(*words); }; });
}

}  // namespace residency::cli
