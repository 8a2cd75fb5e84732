#include <fmt/format.h>

#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "cli/model_export.h"
#include "cli/stage_run.h"
#include "model/catalogue.h"
#include "model/hf_import.h"
#include "model/quantise.h"

namespace residency::cli {
namespace {

int list_catalogue(const CommonOptions& common) {
  auto catalogue = model::Catalogue::built_in();
  if (!catalogue.ok()) return fail(catalogue.error(), common.json);
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const model::CatalogueEntry& entry : catalogue->entries()) {
    const bool here = !entry.sha256.empty() &&
                      Env::posix().exists(model::model_cache_folder() + "/" + entry.file_name());
    all.push_back({{"name", entry.name},
                   {"family", entry.family},
                   {"licence", entry.licence},
                   {"source", entry.source},
                   {"sha256", entry.sha256},
                   {"parameters", entry.parameters},
                   {"context_tokens", entry.context_tokens},
                   {"here", here}});
    rows.push_back({entry.name, entry.family,
                    fmt::format("{:.0f}M", static_cast<double>(entry.parameters) / 1e6),
                    entry.licence,
                    entry.sha256.empty() ? "give --sha256"
                    : here               ? "here"
                                         : "run scripts/setup model"});
  }
  if (common.json) {
    print_json(all);
  } else {
    fmt::print("{}", render_table({"NAME", "FAMILY", "SIZE", "LICENCE", "FILE"}, rows));
  }
  return 0;
}

struct QuantiseWords {
  CommonOptions common;
  std::string model;  // a name of the catalogue or a file
  std::string type = "q4_k";
  std::string out;
  bool again = false;

  void add_to(CLI::App& verb) {
    common.add_to(verb, false);
    verb.add_option("model", model, "a name of the catalogue, or a GGUF file")->required();
    verb.add_option("--type", type, "q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k, q6_k")
        ->capture_default_str();
    verb.add_option("--out", out, "the file to make; MODEL-TYPE.gguf where left out");
    verb.add_flag("--again", again, "even where the model is quantised already: more is lost");
  }
};

Result<void> quantise_model(QuantiseWords& words) {
  Env& env = Env::posix();
  std::string path = words.model;
  std::string stem = path.ends_with(".gguf") ? path.substr(0, path.size() - 5) : path;
  if (!env.exists(path)) {
    RESIDENCY_TRY(const auto catalogue, model::Catalogue::built_in());
    RESIDENCY_TRY(const auto entry, catalogue.find(words.model));
    RESIDENCY_TRY(path, model::locate(env, entry));
  }
  if (words.out.empty()) words.out = stem + "-" + words.type + ".gguf";
  if (env.exists(words.out)) return already_exists("the file is there already: " + words.out);
  return model::quantise_file(env, path, {words.type, words.again}, words.out);
}

struct ImportWords {
  CommonOptions common;
  std::string folder;
  std::string out;

  void add_to(CLI::App& verb) {
    common.add_to(verb, false);
    verb.add_option("folder", folder,
                    "a Hugging Face checkpoint: config.json, tokenizer.json, *.safetensors")
        ->required();
    verb.add_option("--out", out, "the file to make; FOLDER.gguf where left out");
  }
};

int import_command(ImportWords& words) {
  while (words.folder.size() > 1 && words.folder.back() == '/') words.folder.pop_back();
  if (words.out.empty()) words.out = words.folder + ".gguf";
  auto done = model::import_hf(Env::posix(), words.folder, words.out);
  if (!done.ok()) return fail(done.error(), words.common.json);
  if (words.common.json) {
    print_json({{"path", words.out},
                {"architecture", done->architecture},
                {"tensors", done->tensors},
                {"parameters", done->parameters}});
  } else {
    fmt::print("wrote {} ({}, {:.1f}M parameters); take it with: residency models add --path {}\n",
               words.out, done->architecture, static_cast<double>(done->parameters) / 1e6,
               words.out);
  }
  return 0;
}

int quantise_command(QuantiseWords& words) {
  if (auto done = quantise_model(words); !done.ok()) return fail(done.error(), words.common.json);
  if (words.common.json) {
    print_json({{"path", words.out}, {"type", words.type}});
  } else {
    fmt::print("wrote {}\n", words.out);
  }
  return 0;
}

}  // namespace

int models_command(const Words& words) {
  CLI::App app{"Base models of the catalogue; what was trained, in the formats others load."};
  app.require_subcommand(1);
  CommonOptions common;
  auto* list = app.add_subcommand("list", "the catalogue");
  common.add_to(*list, false);
  StageRunOptions add_options;
  std::string name;
  std::string path;
  std::string sha256;
  std::string type;
  auto* add =
      app.add_subcommand("add", "take a base model into the workspace: checked and converted");
  add_options.add_to(*add);
  add->add_option("--name", name, "a name of the catalogue");
  add->add_option("--path", path, "or a GGUF file");
  add->add_option("--sha256", sha256, "the digest the file must have");
  add->add_option(
      "--type", type,
      "bf16 (default), f32, f16, as_is, q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k, q6_k");
  ExportOptions export_options;
  auto* export_verb = app.add_subcommand(
      "export", "write a trained adapter as a PEFT folder, a GGUF LoRA or a merged GGUF");
  export_options.common.add_to(*export_verb);
  export_verb->add_option("adapter", export_options.adapter, "an adapter artifact's id")
      ->required();
  export_verb->add_option("--format", export_options.format, "peft, gguf or merged")->required();
  export_verb->add_option("--out", export_options.out, "the folder (peft) or file to make")
      ->required();
  export_verb->add_option("--type", export_options.type, "of a merged model: bf16, f32, f16, q8_0")
      ->capture_default_str();
  QuantiseWords quantise_words;
  auto* quantise = app.add_subcommand("quantise", "write a model in a quantised type, for qlora");
  quantise_words.add_to(*quantise);
  ImportWords import_words;
  auto* import = app.add_subcommand("import", "write a Hugging Face checkpoint as a GGUF file");
  import_words.add_to(*import);
  if (auto ended = parse(app, words)) return *ended;
  if (import->parsed()) return import_command(import_words);
  if (quantise->parsed()) return quantise_command(quantise_words);
  if (list->parsed()) return list_catalogue(common);
  if (export_verb->parsed()) {
    auto done = export_model(export_options);
    if (!done.ok()) return fail(done.error(), export_options.common.json);
    if (export_options.common.json) {
      print_json({{"path", export_options.out}, {"format", export_options.format}});
    } else {
      fmt::print("wrote {}\n", export_options.out);
    }
    return 0;
  }
  Json flags = Json::object();
  for (const auto& [key, value] :
       {std::pair("name", name), {"path", path}, {"sha256", sha256}, {"type", type}}) {
    if (!value.empty()) flags[key] = value;
  }
  return run_stage("base", add_options, flags);
}

}  // namespace residency::cli
