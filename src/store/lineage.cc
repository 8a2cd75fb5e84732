#include "store/lineage.h"

#include <fmt/format.h>
#include <set>

#include "store/manifest_json.h"

namespace residency::store {
namespace {

constexpr std::size_t kArtifactsMax = 100000;

std::string describe(const Manifest& manifest) {
  std::string counts;
  for (const auto& [name, count] : manifest.counts) counts += fmt::format(" {}={}", name, count);
  return fmt::format("{}  job {}  residency {}  {}\n", manifest.id,
                     manifest.job.empty() ? "-" : manifest.job, manifest.tool_version,
                     counts.empty() ? "" : counts.substr(1));
}

void draw(const LineageGraph& graph, const std::string& id, const std::string& margin,
          std::set<std::string>& drawn, std::string& text) {
  const Manifest& manifest = graph.manifests.at(id);
  text += describe(manifest);
  if (!drawn.insert(id).second) return;
  for (const Blob& blob : manifest.blobs) {
    text +=
        fmt::format("{}    {} {} bytes sha256:{}\n", margin, blob.name, blob.bytes, blob.sha256);
  }
  for (std::size_t i = 0; i < manifest.parents.size(); ++i) {
    const bool last = i + 1 == manifest.parents.size();
    text += margin + (last ? "└─ " : "├─ ");
    draw(graph, manifest.parents[i], margin + (last ? "   " : "│  "), drawn, text);
  }
}

}  // namespace

Result<LineageGraph> trace(Workspace& workspace, const std::string& id) {
  LineageGraph graph;
  RESIDENCY_TRY(Manifest first, workspace.manifest(id));
  graph.root = first.id;
  std::vector<std::string> waiting = first.parents;
  graph.manifests.emplace(first.id, std::move(first));
  while (!waiting.empty()) {
    const std::string next = waiting.back();
    waiting.pop_back();
    if (graph.manifests.count(next) != 0) continue;
    if (graph.manifests.size() >= kArtifactsMax) {
      return resource_exhausted(fmt::format("lineage of more than {} artifacts", kArtifactsMax));
    }
    auto manifest = workspace.manifest(next);
    if (!manifest.ok()) {
      return corrupt(fmt::format("lineage is broken: a parent cannot be read: {}", next));
    }
    waiting.insert(waiting.end(), manifest->parents.begin(), manifest->parents.end());
    graph.manifests.emplace(next, *std::move(manifest));
  }
  return graph;
}

std::string LineageGraph::to_text() const {
  std::string text;
  std::set<std::string> drawn;
  draw(*this, root, "", drawn, text);
  return text;
}

Json LineageGraph::to_json() const {
  Json artifacts = Json::array();
  for (const auto& [id, manifest] : manifests) artifacts.push_back(store::to_json(manifest));
  return {{"root", root}, {"artifacts", std::move(artifacts)}};
}

}  // namespace residency::store
