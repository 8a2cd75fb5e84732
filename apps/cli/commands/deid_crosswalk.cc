#include <cstdlib>
#include <fmt/format.h>
#include <memory>
#include <unistd.h>

#include "cli/commands/deid_commands.h"
#include "deid/transform/crosswalk_vault.h"
#include "pipeline/crosswalk_work.h"

namespace residency::cli {
namespace {

struct Words {
  CommonOptions common;
  pipeline::CrosswalkRequest request;
  std::string file;
  std::string passphrase_file;
  bool yes = false;
};

Result<std::string> passphrase_of(const Words& words) {
  if (!words.passphrase_file.empty()) {
    RESIDENCY_TRY(std::string text, Env::posix().read_file(words.passphrase_file, 4096));
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
  }
  const char* given = std::getenv("RESIDENCY_EXPORT_PASSPHRASE");
  if (given == nullptr || *given == '\0')
    return invalid_argument(
        "give the passphrase in a file (--passphrase-file) or in RESIDENCY_EXPORT_PASSPHRASE");
  return std::string(given);
}

int status(const Words& words) {
  const auto place = deid::CrosswalkPlace::of_workspace(words.common.workspace);
  auto found = deid::CrosswalkVault::status(Env::posix(), place);
  if (!found.ok()) return fail(found.error(), words.common.json);
  Json json{{"exists", found->exists},
            {"key_here", found->key_here},
            {"key_from_passphrase", found->passphrase},
            {"keys", place.keys},
            {"shredded", found->generation},
            {"bytes", found->state_bytes}};
  if (found->exists && found->key_here) {
    auto vault = deid::CrosswalkVault::open(Env::posix(), place);
    if (!vault.ok()) return fail(vault.error(), words.common.json);
    auto crosswalk = (*vault)->load();
    if (!crosswalk.ok()) return fail(crosswalk.error(), words.common.json);
    json["patients"] = crosswalk->patients();
    json["originals"] = crosswalk->originals();
  }
  if (words.common.json) {
    print_json(json);
    return 0;
  }
  if (!found->exists) {
    fmt::print("no crosswalk; shredded {} times\n", found->generation);
    return 0;
  }
  fmt::print("crosswalk: {} bytes, shredded {} times before\nkey: {}{}\n", found->state_bytes,
             found->generation,
             found->key_here ? "here" : "not here: ", found->key_here ? "" : place.keys);
  if (json.contains("patients"))
    fmt::print("patients: {}\noriginals kept: {}\n", json["patients"].get<std::uint64_t>(),
               json["originals"].get<std::uint64_t>());
  return 0;
}

template <class Work>
int audited(const Words& words, std::string_view done, const Work& work) {
  const auto act = [&]() -> Result<void> {
    RESIDENCY_TRY(const auto workspace, open_workspace(words.common));
    return work(*workspace);
  };
  if (auto ended = act(); !ended.ok()) return fail(ended.error(), words.common.json);
  if (words.common.json)
    print_json({{"done", true}});
  else
    fmt::print("{}\n", done);
  return 0;
}

int export_it(const Words& words) {
  return audited(words, "wrote the crosswalk, encrypted", [&](store::Workspace& workspace) {
    auto passphrase = passphrase_of(words);
    if (!passphrase.ok()) return Result<void>(passphrase.error());
    return pipeline::export_crosswalk(workspace, words.request, words.file, *passphrase);
  });
}

int import_it(const Words& words) {
  return audited(words, "the crosswalk is in this workspace", [&](store::Workspace& workspace) {
    auto passphrase = passphrase_of(words);
    if (!passphrase.ok()) return Result<void>(passphrase.error());
    return pipeline::import_crosswalk(workspace, words.request, words.file, *passphrase);
  });
}

int shred(const Words& words) {
  if (!words.yes)
    return fail(invalid_argument("this destroys the crosswalk's key for ever: no pseudonym, "
                                 "surrogate or encrypted value can be led back; say --yes"),
                words.common.json);
  return audited(words, "the crosswalk's key is destroyed; the next de-identification begins anew",
                 [&](store::Workspace& workspace) {
                   return pipeline::shred_crosswalk(workspace, words.request);
                 });
}

}  // namespace

void add_deid_crosswalk(CLI::App& app, Chosen& chosen) {
  auto* crosswalk =
      app.add_subcommand("crosswalk", "the table from patients to pseudonyms, under its own key");
  crosswalk->require_subcommand(1);
  const auto words = std::make_shared<Words>();
  words->request.actor = "os:" + std::to_string(::getuid());
  const auto add = [&](const char* name, const char* summary, int (*act)(const Words&)) {
    auto* verb = crosswalk->add_subcommand(name, summary);
    words->common.add_to(*verb);
    verb->callback([&chosen, words, act] { chosen = [words, act] { return act(*words); }; });
    return verb;
  };
  const auto officer = [&](CLI::App* verb) {
    verb->add_option("--role", words->request.role, "privacy-officer")->required();
    verb->add_option("--reason", words->request.reason, "why; kept encrypted")->required();
  };
  add("status", "whether there is one, and where its key is", status);
  auto* out = add("export", "write it to a file under a passphrase", export_it);
  out->add_option("--out", words->file, "the file to write")->required();
  auto* in = add("import", "read it from such a file", import_it);
  in->add_option("--in", words->file, "the file to read")->required();
  for (auto* verb : {out, in})
    verb->add_option("--passphrase-file", words->passphrase_file,
                     "the passphrase; else RESIDENCY_EXPORT_PASSPHRASE");
  auto* gone = add("shred", "destroy its key: nothing can be led back any more", shred);
  gone->add_flag("--yes", words->yes, "really");
  for (auto* verb : {out, in, gone}) officer(verb);
}

}  // namespace residency::cli
