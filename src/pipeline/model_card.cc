#include "pipeline/model_card.h"

#include <algorithm>
#include <fmt/format.h>

#include "eval/eval.h"
#include "pipeline/proof_work.h"
#include "pipeline/stage.h"

namespace residency::pipeline {
namespace {

/// The first artifact of `kind` among the parents.
Result<store::Manifest> parent_of(store::Workspace& workspace, const store::Manifest& manifest,
                                  std::string_view kind) {
  for (const std::string& id : manifest.parents) {
    RESIDENCY_TRY(auto parent, workspace.manifest(id));
    if (parent.kind == kind) return parent;
  }
  return not_found(fmt::format("no {} among the parents of {}", kind, manifest.id));
}

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : dump_json(value);
}

std::string counts_text(const store::Manifest& manifest) {
  std::string text;
  for (const auto& [name, count] : manifest.counts)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", name, count);
  return text;
}

Result<std::string> data_section(store::Workspace& workspace, const store::Manifest& dataset) {
  std::string text =
      fmt::format("## Data\n\n- data set: `{}` ({})\n", dataset.id, counts_text(dataset));
  const Json& waiver = json_member(dataset.properties, "waiver");
  if (waiver.is_object()) {
    text += fmt::format("- public data under the waiver of {}: {}\n- source: SHA-256 `{}`\n",
                        json_text(waiver, "person"), json_text(waiver, "reason"),
                        json_text(dataset.properties, "source_sha256"));
    return text + "\n";
  }
  for (const std::string& id : dataset.parents) {
    RESIDENCY_TRY(const auto corpus, workspace.manifest(id));
    if (corpus.kind != "corpus.clean") continue;
    RESIDENCY_TRY(const Json certificate,
                  certificate_of(workspace, id, workspace.env().now_unix_ms()));
    text += fmt::format("- de-identified corpus: `{}` ({})\n- certificate:\n", corpus.id,
                        counts_text(corpus));
    for (const char* key :
         {"method", "policy", "policy_version", "state", "expires_at", "actual_knowledge"}) {
      const Json& value = json_member(certificate, key);
      if (!value.is_null()) text += fmt::format("  - {}: {}\n", key, value_text(value));
    }
  }
  return text + "\n";
}

std::string training_section(const store::Manifest& tuned, const store::Manifest& base) {
  const Json& training = json_member(tuned.properties, "training");
  const Json& options = json_member(training, "options");
  std::string text = fmt::format(
      "## Training\n\n- base model: `{}` (SHA-256 `{}`)\n- steps: {}, tokens: {}, engine: {}\n",
      base.id, json_text(tuned.properties, "base_sha256"), json_integer(training, "steps"),
      json_integer(training, "tokens"), json_text(training, "engine"));
  const Json& loss = json_member(training, "best_validation_loss");
  if (loss.is_number()) text += fmt::format("- best validation loss: {:.4f}\n", loss.get<double>());
  for (const char* key : {"method", "objective", "learning_rate", "epochs", "batch_tokens",
                          "sequence_tokens_max", "optimiser", "precision", "seed"}) {
    const Json& value = json_member(options, key);
    if (!value.is_null()) text += fmt::format("- {}: {}\n", key, value_text(value));
  }
  const Json& head = json_member(options, "head");
  if (head.is_object())
    text += fmt::format("- head: {}, attention {}, {} labels\n", json_text(head, "kind"),
                        json_text(head, "attention"), json_member(head, "labels").size());
  const Json& cut = json_member(json_member(training, "truncation"), "dropped");
  if (cut.is_number())
    text += fmt::format("- examples dropped as too long: {}\n", cut.get<std::int64_t>());
  return text + "\n";
}

std::string scores_section(const eval::EvalReport& report) {
  std::string text = fmt::format(
      "## Scores\n\nTask {}, n = {}; 95 % intervals.\n\n| metric | base | this model |\n"
      "| --- | --- | --- |\n",
      eval::task_name(report.tuned.task), report.tuned.items);
  for (const auto& [name, change] : report.comparison.metrics) {
    text += fmt::format("| {} | {:.3f} [{:.3f}, {:.3f}] | {:.3f} [{:.3f}, {:.3f}] |\n", name,
                        change.base.value, change.base.low, change.base.high, change.tuned.value,
                        change.tuned.low, change.tuned.high);
  }
  text += "\n";
  for (const std::string& note : eval::scores_notes(report.tuned))
    text += fmt::format("- {}\n", note);
  text += fmt::format("\nThe gate {} this model.\n", report.passed ? "passed" : "refused");
  for (const std::string& reason : report.gate.reasons()) text += "- " + reason + "\n";
  return text + "\n";
}

constexpr std::string_view kLimits =
    "## Intended use and limits\n\n"
    "- For the task and the kind of text that it was scored on, under the eyes of a clinician. It "
    "is no medical device and gives no diagnosis.\n"
    "- The scores above say how it does on that test set alone; other hospitals, note types, "
    "languages and patients were not measured.\n"
    "- Removal of identifiers is never certain: the certificate states the method and what is "
    "left open.\n"
    "- A change of the data, the base or the recipe is another model, with a card of its own.\n";

}  // namespace

Result<std::string> model_card(store::Workspace& workspace, const std::string& report) {
  RESIDENCY_TRY(const auto manifest, workspace.manifest(report));
  if (manifest.kind != "report") return invalid_argument("is no report: " + manifest.id);
  RESIDENCY_TRY(const std::string bytes, workspace.read_blob(manifest.id, "report.json"));
  RESIDENCY_TRY(const Json json, parse_json(bytes));
  RESIDENCY_TRY(const auto scores, eval::EvalReport::from_json(json));
  RESIDENCY_TRY(const auto tuned, workspace.manifest(json_text(manifest.properties, "adapter")));
  RESIDENCY_TRY(const auto base, parent_of(workspace, tuned, "base"));
  RESIDENCY_TRY(const auto dataset, parent_of(workspace, tuned, "dataset"));
  RESIDENCY_TRY(const std::string data, data_section(workspace, dataset));
  std::string card =
      fmt::format("# Model card: {}\n\nMade from the lineage of report `{}` by Residency {}.\n\n",
                  tuned.id, manifest.id, tool_version());
  card += data;
  card += training_section(tuned, base);
  card += scores_section(scores);
  return card + std::string(kLimits);
}

Result<std::string> report_loss_curve(store::Workspace& workspace, const std::string& report) {
  RESIDENCY_TRY(const auto manifest, workspace.manifest(report));
  RESIDENCY_TRY(const auto tuned, workspace.manifest(json_text(manifest.properties, "adapter")));
  const auto& blobs = tuned.blobs;
  const bool there = std::any_of(blobs.begin(), blobs.end(),
                                 [](const auto& blob) { return blob.name == "loss_curve.svg"; });
  if (!there) return std::string();
  return workspace.read_blob(tuned.id, "loss_curve.svg");
}

}  // namespace residency::pipeline
