#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

#include "audit/audit_log.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"

namespace residency::cli {
namespace {

Json to_json(const store::Manifest& manifest) {
  Json blobs = Json::array();
  for (const store::Blob& blob : manifest.blobs) {
    blobs.push_back({{"name", blob.name}, {"sha256", blob.sha256}, {"bytes", blob.bytes}});
  }
  return {{"id", manifest.id},
          {"kind", manifest.kind},
          {"content_sha256", manifest.content_sha256},
          {"blobs", blobs},
          {"parents", manifest.parents},
          {"job", manifest.job},
          {"tool_version", manifest.tool_version},
          {"recipe_sha256", manifest.recipe_sha256},
          {"counts", manifest.counts},
          {"properties", manifest.properties},
          {"created_at", manifest.created_at}};
}

int list_artifacts(store::Workspace& workspace, const std::string& kind, bool json) {
  auto manifests = workspace.list_artifacts(kind);
  if (!manifests.ok()) return fail(manifests.error(), json);
  Json all = Json::array();
  std::vector<std::vector<std::string>> rows;
  for (const store::Manifest& manifest : *manifests) {
    all.push_back(to_json(manifest));
    std::uint64_t bytes = 0;
    for (const store::Blob& blob : manifest.blobs) bytes += blob.bytes;
    rows.push_back({manifest.id, std::to_string(bytes), manifest.job, manifest.created_at});
  }
  if (json) {
    print_json(all);
  } else {
    fmt::print("{}", render_table({"ARTIFACT", "BYTES", "JOB", "MADE"}, rows));
  }
  return 0;
}

int verify_artifacts(store::Workspace& workspace, bool json) {
  auto problems = workspace.verify();
  if (!problems.ok()) return fail(problems.error(), json);
  if (json) print_json({{"intact", problems->empty()}, {"problems", *problems}});
  for (const std::string& problem : *problems) fmt::print(stderr, "error: {}\n", problem);
  if (!json && problems->empty()) fmt::print("every object decrypts and has its digest\n");
  return problems->empty() ? 0 : 1;
}

/// Prints one blob. Whoever can open the workspace may; the audit log keeps that they did.
int cat_blob(store::Workspace& workspace, const std::string& id, const std::string& blob) {
  const auto read = [&]() -> Result<std::string> {
    RESIDENCY_TRY(const auto manifest, workspace.manifest(id));
    RESIDENCY_TRY(const auto log, audit::AuditLog::open(workspace));
    audit::Event event;
    event.type = "artifact.read";
    event.phase = "intent";
    event.actor = "os:" + std::to_string(::getuid());
    event.objects = {manifest.id};
    RESIDENCY_TRY_VOID(log->append(event));
    return workspace.read_blob(manifest.id, blob);
  };
  auto bytes = read();
  if (!bytes.ok()) return fail(bytes.error(), false);
  std::fwrite(bytes->data(), 1, bytes->size(), stdout);
  return 0;
}

}  // namespace

int artifacts_command(const Words& words) {
  CLI::App app{
      "Lists artifacts, shows one's manifest, verifies them all, or prints a blob: "
      "residency artifacts cat ARTIFACT BLOB"};
  CommonOptions common;
  common.add_to(app);
  std::string id;
  std::vector<std::string> more;
  std::string kind;
  bool verify = false;
  app.add_option("artifact", id, "an artifact's id or prefix: prints its manifest");
  app.add_option("more", more, "after 'cat': the artifact and the blob");
  app.add_option("--kind", kind, "only this kind");
  app.add_flag("--verify", verify, "decrypt every object and check its digest");
  if (auto ended = parse(app, words)) return *ended;
  auto workspace = open_workspace(common);
  if (!workspace.ok()) return fail(workspace.error(), common.json);
  if (verify) return verify_artifacts(**workspace, common.json);
  if (id == "cat") {
    if (more.size() != 2)
      return fail(invalid_argument("usage: residency artifacts cat ARTIFACT BLOB"), common.json);
    return cat_blob(**workspace, more[0], more[1]);
  }
  if (id.empty()) return list_artifacts(**workspace, kind, common.json);
  auto manifest = (*workspace)->manifest(id);
  if (!manifest.ok()) return fail(manifest.error(), common.json);
  print_json(to_json(*manifest));
  return 0;
}

}  // namespace residency::cli
