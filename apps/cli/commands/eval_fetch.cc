#include "cli/commands/eval_fetch.h"

#include <algorithm>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include "base/env.h"
#include "cli/download.h"
#include "cli/terminal_progress.h"
#include "eval/corpora/benchmarks.h"
#include "pipeline/stages/file_digest.h"

extern char** environ;  // NOLINT: POSIX names it so

namespace residency::cli {
namespace {

using eval::corpora::Benchmark;
using eval::corpora::BenchmarkFile;

constexpr const char* kPins = "fetched.json";

Result<void> run_program(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0)
    return failed_precondition("program is missing: " + words[0]);
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return io_error(fmt::format("{} cannot read the archive", words[0]));
  return {};
}

/// Archives are unpacked beside themselves; what a member's digest is known of is checked.
Result<void> unpack(Env& env, const BenchmarkFile& file, const std::string& folder) {
  const std::string path = folder + "/" + file.name;
  if (file.name.ends_with(".zip")) {
    RESIDENCY_TRY_VOID(run_program({"unzip", "-q", "-o", path, "-d", folder}));
  } else if (file.name.ends_with(".tar") || file.name.ends_with(".tar.gz")) {
    RESIDENCY_TRY_VOID(run_program({"tar", "-xf", path, "-C", folder}));
  }
  for (const auto& [member, digest] : file.holds) {
    const std::string at = folder + "/" + member;
    if (!env.exists(at)) return corrupt("the archive lacks a file that it should hold: " + at);
    RESIDENCY_TRY(const std::string found, pipeline::tree_sha256(env, at));
    if (found != digest) return corrupt("digest differs from the known one: " + at);
  }
  return {};
}

/// Digests of files that came without a known one, by name, as they were when they first came.
Result<Json> read_pins(Env& env, const std::string& folder) {
  const std::string path = folder + "/" + kPins;
  if (!env.exists(path)) return Json::object();
  RESIDENCY_TRY(const std::string text, env.read_file(path, 1u << 20));
  RESIDENCY_TRY(auto json, parse_json(text));
  if (!json.is_object()) return invalid_input("must be an object: " + path);
  return json;
}

struct Fetched {
  std::string path;
  std::string sha256;
  std::string how;  // "known digest", "pinned now", "as pinned"
};

Result<Fetched> fetch(Env& env, const BenchmarkFile& file, const std::string& folder, Json& pins,
                      TerminalProgress& progress) {
  Fetched fetched{folder + "/" + file.name, "", ""};
  if (!env.exists(fetched.path)) {
    progress.title(file.name);
    const auto came =
        download(file.url, fetched.path, [&](std::uint64_t done, std::uint64_t total) {
          progress.update(done, total, "bytes", "");
          return !progress.cancelled();
        });
    progress.clear();
    if (!came.ok() && came.error().code() == ErrorCode::kCancelled) return came.error();
    if (!came.ok()) {
      return io_error(fmt::format(
          "{}. Where this machine may not reach it, fetch {} on one that may, put it at {} and run "
          "this again: it is then checked like a download",
          came.error().message(), file.url, fetched.path));
    }
  }
  RESIDENCY_TRY(fetched.sha256, pipeline::tree_sha256(env, fetched.path));
  const std::string pinned = json_text(pins, file.name);
  const std::string& wanted = file.sha256.empty() ? pinned : file.sha256;
  if (!wanted.empty() && wanted != fetched.sha256) {
    return corrupt(fmt::format("digest is {}, {} {}: {} (remove the file to fetch it again)",
                               fetched.sha256, file.sha256.empty() ? "pinned was" : "known is",
                               wanted, fetched.path));
  }
  fetched.how = !file.sha256.empty() ? "known digest" : pinned.empty() ? "pinned now" : "as pinned";
  if (file.sha256.empty()) pins[file.name] = fetched.sha256;
  RESIDENCY_TRY_VOID(unpack(env, file, folder));
  return fetched;
}

void list_benchmarks(const std::vector<Benchmark>& known, bool json) {
  std::vector<std::vector<std::string>> rows;
  Json list = Json::array();
  for (const Benchmark& benchmark : known) {
    Json files = Json::array();
    for (const BenchmarkFile& file : benchmark.files)
      files.push_back({{"name", file.name}, {"url", file.url}, {"sha256", file.sha256}});
    list.push_back({{"name", benchmark.name},
                    {"items", benchmark.items},
                    {"licence", benchmark.licence},
                    {"files", std::move(files)}});
    rows.push_back({benchmark.name, std::to_string(benchmark.items), benchmark.licence,
                    benchmark.files.empty() ? "" : benchmark.files.front().url});
  }
  if (json) {
    print_json(list);
  } else {
    fmt::print("{}", render_table({"BENCHMARK", "TEST ITEMS", "LICENCE", "FROM"}, rows));
  }
}

}  // namespace

void EvalFetchCommand::add_to(CLI::App& eval) {
  app_ = eval.add_subcommand(
      "fetch",
      "download a benchmark's release files, checked by digest; files that lie there "
      "already are only checked");
  common_.add_to(*app_, false);
  app_->add_option("benchmark", names_, "names; --list shows them");
  app_->add_option("--to", folder_, "the folder; each benchmark gets one of its own in it");
  app_->add_flag("--list", list_, "show what can be fetched, under which licence, from where");
}

int EvalFetchCommand::run() {
  const auto known = eval::corpora::known_benchmarks();
  if (!known.ok()) return fail(known.error(), common_.json);
  if (list_) {
    list_benchmarks(*known, common_.json);
    return 0;
  }
  if (names_.empty() || folder_.empty())
    return fail(invalid_argument("name a benchmark and a folder: eval fetch pubmedqa --to DIR"),
                common_.json);
  Env& env = Env::posix();
  TerminalProgress progress(common_.quiet || common_.json);
  Json answer = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : names_) {
    const auto found = std::find_if(known->begin(), known->end(),
                                    [&](const Benchmark& one) { return one.name == name; });
    if (found == known->end())
      return fail(invalid_argument("no such benchmark (see eval fetch --list): " + name),
                  common_.json);
    const std::string folder = folder_ + "/" + name;
    const auto work = [&]() -> Result<void> {
      RESIDENCY_TRY_VOID(env.make_directories(folder));
      RESIDENCY_TRY(Json pins, read_pins(env, folder));
      for (const BenchmarkFile& file : found->files) {
        RESIDENCY_TRY(const auto fetched, fetch(env, file, folder, pins, progress));
        rows.push_back({fetched.path, fetched.sha256.substr(0, 16), fetched.how});
        answer.push_back(
            {{"path", fetched.path}, {"sha256", fetched.sha256}, {"checked", fetched.how}});
        if (!pins.empty())
          RESIDENCY_TRY_VOID(env.write_file_atomic(folder + "/" + kPins, pins.dump(2) + "\n"));
      }
      return {};
    };
    const auto done = work();
    if (!done.ok()) return fail(done.error(), common_.json);
  }
  if (common_.json) {
    print_json(answer);
  } else {
    fmt::print("{}", render_table({"FILE", "SHA-256", "CHECKED"}, rows));
  }
  return 0;
}

}  // namespace residency::cli
