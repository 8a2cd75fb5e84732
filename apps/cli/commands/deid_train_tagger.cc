#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <memory>

#include "base/env.h"
#include "base/json.h"
#include "cli/command_line.h"
#include "cli/commands/deid_commands.h"
#include "cli/terminal_progress.h"
#include "crypto/sha256.h"
#include "deid/gold/gold_document.h"
#include "deid/tagger/tagger_trainer.h"
#include "synth/note_writer.h"

namespace residency::cli {
namespace {

constexpr std::uint64_t kNegativesBytesMax = 1u << 28;
constexpr int kNotesPerPatient = 4;

/// Notes of a synthetic hospital with their identifiers.
Result<std::vector<deid::TagExample>> make_notes(std::uint64_t seed, int patients) {
  RESIDENCY_TRY(const synth::Tables tables, synth::Tables::load());
  const synth::World world = synth::make_world(tables, seed);
  std::vector<deid::TagExample> notes;
  for (int i = 0; i < patients; ++i) {
    const synth::PatientPlan plan =
        synth::make_plan(tables, world, seed, static_cast<std::uint64_t>(i), kNotesPerPatient);
    for (const synth::Encounter& encounter : plan.encounters) {
      for (const synth::PlannedNote& note : encounter.notes) {
        const synth::WrittenNote written = synth::write_note(tables, plan, encounter, note);
        deid::TagExample example{written.text.text(), {}};
        for (const synth::PhiSpan& span : written.text.phi())
          example.spans.push_back({span.start, span.end, span.phi_class});
        notes.push_back(std::move(example));
      }
    }
  }
  return notes;
}

/// The questions of JSON lines in MedQA's layout.
Result<std::vector<std::string>> read_questions(std::string_view text) {
  std::vector<std::string> questions;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) {
      RESIDENCY_TRY(const Json item, parse_json(std::string(text.substr(0, end))));
      questions.push_back(json_text(item, "question"));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return questions;
}

/// Every second abstract of a file in PubMedQA's layout: the others are for measuring.
Result<std::vector<std::string>> read_abstracts(const std::string& text) {
  RESIDENCY_TRY(const Json items, parse_json(text));
  if (!items.is_object())
    return invalid_input("the negatives are no JSON object in PubMedQA's layout");
  std::vector<std::string> abstracts;
  std::size_t index = 0;
  for (const auto& [id, item] : items.items()) {
    if (index++ % 2 == 1) continue;
    const Json& contexts = json_member(item, "CONTEXTS");
    if (!contexts.is_array()) continue;
    for (const Json& part : contexts) {
      if (part.is_string()) abstracts.push_back(part.get<std::string>());
    }
  }
  return abstracts;
}

/// What was asked for, and the work.
class TrainTagger {
 public:
  void add_to(CLI::App& deid, Chosen& chosen, std::shared_ptr<TrainTagger> self);
  int run();

 private:
  CommonOptions common_;
  std::string out_;
  std::string negatives_;
  std::string questions_;
  std::vector<std::string> notes_;
  int patients_ = 700;
  deid::TaggerTrainOptions options_;
};

void TrainTagger::add_to(CLI::App& deid, Chosen& chosen, std::shared_ptr<TrainTagger> self) {
  CLI::App* command = deid.add_subcommand(
      "train-tagger", "make the learned tagger's model file; equal options give equal bytes");
  common_.add_to(*command, false);
  command->add_option("--out", out_, "the file to write")->required();
  command->add_option("-n,--patients", patients_, "of the synthetic hospital")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command->add_option("--seed", options_.seed, "what everything is drawn from")
      ->capture_default_str();
  command->add_option("--steps", options_.steps, "optimiser steps of 4096 tokens")
      ->capture_default_str();
  command->add_option("--rate", options_.rate, "the highest learning rate")->capture_default_str();
  command->add_option("--words", options_.words, "the most rows of the vocabulary")
      ->capture_default_str();
  command->add_option("--outside-bias", options_.outside_bias, "below 0 looks at more spans")
      ->capture_default_str();
  command->add_option("--precision", options_.span_precision, "what thresholds are fitted to")
      ->capture_default_str();
  command
      ->add_option("--doubt-loss", options_.doubt_loss,
                   "share of identifying characters that doubting weak rules may cost")
      ->capture_default_str();
  command->add_option("--notes", notes_,
                      "notes with marks (deid score reads them too): files or folders");
  command->add_option("--negatives", negatives_,
                      "abstracts in PubMedQA's layout that identify nobody");
  command->add_option("--questions", questions_,
                      "questions as JSON lines in MedQA's layout that identify nobody");
  command->callback([&chosen, self] { chosen = [self] { return self->run(); }; });
}

int TrainTagger::run() {
  TerminalProgress progress(common_.quiet || common_.json);
  progress.title("train-tagger");
  Env& env = Env::posix();
  auto trained = [&]() -> Result<deid::TrainedTagger> {
    RESIDENCY_TRY_VOID(options_.validate());
    std::vector<std::string> negatives;
    std::string digest;
    if (!negatives_.empty()) {
      RESIDENCY_TRY(const std::string text, env.read_file(negatives_, kNegativesBytesMax));
      digest = crypto::sha256_hex(text);
      RESIDENCY_TRY(negatives, read_abstracts(text));
    }
    if (!questions_.empty()) {
      RESIDENCY_TRY(const std::string text, env.read_file(questions_, kNegativesBytesMax));
      digest += (digest.empty() ? "" : " ") + crypto::sha256_hex(text);
      RESIDENCY_TRY(auto more, read_questions(text));
      std::move(more.begin(), more.end(), std::back_inserter(negatives));
    }
    deid::TaggerTexts texts;
    texts.negatives = std::move(negatives);
    for (const std::string& path : notes_) {
      RESIDENCY_TRY(auto documents, deid::read_gold(env, path, deid::OffsetUnit::kCodePoints, {}));
      for (auto& document : documents)
        texts.written.push_back({std::move(document.text), std::move(document.spans)});
    }
    RESIDENCY_TRY(texts.notes, make_notes(options_.seed, patients_));
    RESIDENCY_TRY(auto made, deid::train_tagger(texts, options_, progress));
    made.report["patients"] = patients_;
    made.report["negatives_sha256"] = digest;
    made.model.note = dump_json(made.report);
    RESIDENCY_TRY_VOID(env.write_file_atomic(out_, made.model.write()));
    return made;
  }();
  progress.clear();
  if (!trained.ok()) return fail(trained.error(), common_.json);
  if (common_.json) {
    print_json(trained->report);
  } else {
    fmt::print("made {}\n{}\n", out_, trained->report.dump(2));
  }
  return 0;
}

}  // namespace

void add_deid_train_tagger(CLI::App& app, Chosen& chosen) {
  const auto command = std::make_shared<TrainTagger>();
  command->add_to(app, chosen, command);
}

}  // namespace residency::cli
