#include "dataset/dataset.h"

#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/stage_run.h"
#include "model/model.h"
#include "pipeline/stages/base_model.h"

namespace residency::cli {
namespace {

struct PreviewOptions {
  CommonOptions common;
  std::string dataset;
  std::string base;
  std::string split = "train";
  std::size_t examples = 1;
};

void show(const dataset::TokenizedExample& example, const model::Tokenizer& tokenizer, bool json) {
  if (!json) {
    fmt::print("{}\n\n", dataset::preview(example, tokenizer));
    return;
  }
  Json tokens = Json::array();
  for (std::size_t i = 0; i < example.tokens.size(); ++i) {
    tokens.push_back({{"id", example.tokens[i]},
                      {"text", tokenizer.decode({example.tokens[i]}, true)},
                      {"trained", example.loss[i] != 0}});
  }
  fmt::print("{}\n", dump_json({{"id", example.id}, {"tokens", std::move(tokens)}}));
}

/// Of a labelled text its entities stand in brackets, behind it its labels.
void show_labelled(const dataset::Example& example, bool json) {
  if (json) {
    fmt::print("{}\n", dataset::to_json_line(example));
    return;
  }
  const std::string& text = example.messages.front().content;
  std::size_t at = 0;
  for (const dataset::LabelledSpan& span : example.entities) {
    if (span.begin < at) continue;
    fmt::print("{}\u27e6{}|{}\u27e7", text.substr(at, span.begin - at), span.type,
               text.substr(span.begin, span.end - span.begin));
    at = span.end;
  }
  fmt::print("{}", text.substr(at));
  for (const std::string& label : example.labels) fmt::print(" \u27e6{}\u27e7", label);
  fmt::print("\n\n");
}

Result<void> preview(const PreviewOptions& options) {
  RESIDENCY_TRY(const auto workspace, open_workspace(options.common));
  RESIDENCY_TRY(const auto base, workspace->manifest(options.base));
  RESIDENCY_TRY(const auto file, pipeline::base_model_of(*workspace, base));
  RESIDENCY_TRY(const auto tokenizer, model::Tokenizer::open(file.path));
  RESIDENCY_TRY(const auto lines, workspace->read_lines(options.dataset, options.split + ".jsonl"));
  std::string line;
  for (std::size_t shown = 0; shown < options.examples; ++shown) {
    RESIDENCY_TRY(const bool more, lines->next(line));
    if (!more) break;
    RESIDENCY_TRY(const auto example, dataset::example_from_json_line(line));
    dataset::TruncationReport report;
    std::vector<dataset::TokenizedExample> parts;
    if (example.format == dataset::Format::kLabelled) {
      show_labelled(example, options.common.json);
      continue;
    }
    if (example.format == dataset::Format::kText) {
      RESIDENCY_TRY(
          parts, dataset::tokenize_text(example, *tokenizer, dataset::kSequenceTokensMax, report));
    } else {
      RESIDENCY_TRY(auto tokens,
                    dataset::tokenize(example, *tokenizer, dataset::kSequenceTokensMax, report));
      parts.push_back(std::move(tokens));
    }
    for (const auto& tokens : parts) show(tokens, *tokenizer, options.common.json);
  }
  return {};
}

}  // namespace

int dataset_command(const Words& words) {
  CLI::App app{
      "Builds training, validation and test sets from a clean corpus, split by patient, or "
      "from a public set under a waiver; shows which tokens are trained."};
  app.require_subcommand(1);
  StageRunOptions options;
  std::string input;
  auto* build = app.add_subcommand("build", "build a data set");
  options.add_to(*build);
  build->add_option("--input", input, "a corpus.clean artifact's id (not for public sets)");
  PreviewOptions shown;
  auto* show = app.add_subcommand("preview", "print examples with the trained tokens marked");
  shown.common.add_to(*show);
  show->add_option("dataset", shown.dataset, "a dataset artifact's id")->required();
  show->add_option("--base", shown.base, "the base artifact whose tokenizer is used")->required();
  show->add_option("--split", shown.split, "train, validation or test")->capture_default_str();
  show->add_option("-n", shown.examples, "how many")->capture_default_str();
  if (auto ended = parse(app, words)) return *ended;
  if (show->parsed()) {
    auto done = preview(shown);
    return done.ok() ? 0 : fail(done.error(), shown.common.json);
  }
  if (!input.empty()) options.inputs = {input};
  return run_stage("dataset", options, Json::object());
}

}  // namespace residency::cli
