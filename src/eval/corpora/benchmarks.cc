#include "eval/corpora/benchmarks.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "base/config.h"
#include "base/embedded_data.h"

RESIDENCY_EMBEDDED(benchmarks);

namespace residency::eval::corpora {
namespace {

constexpr std::int64_t kCountMax = 100'000'000;
constexpr std::size_t kDigestLength = 64;

std::map<std::string, std::uint64_t> counts(ConfigReader& reader, const char* key) {
  std::map<std::string, std::uint64_t> made;
  const ConfigNode node = reader.child(key);
  ConfigReader child(node, std::string(key) + ".");
  for (const auto& [name, value] : node.members())
    made[name] = static_cast<std::uint64_t>(child.integer(name, 0, 0, kCountMax));
  reader.absorb(child.finish());
  return made;
}

bool is_digest(const std::string& text) {
  return text.size() == kDigestLength &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

BenchmarkFile read_file(const ConfigNode& node, ConfigReader& parent) {
  ConfigReader reader(node, "files.");
  BenchmarkFile file;
  file.name = reader.text_required("name");
  file.url = reader.text_required("url");
  file.sha256 = reader.text("sha256", "");
  if (!file.sha256.empty() && !is_digest(file.sha256)) reader.problem("sha256", "is no digest");
  if (file.name.find('/') != std::string::npos || file.name.starts_with('.'))
    reader.problem("name", "must be a plain file name");
  const ConfigNode holds = reader.child("holds");
  for (const auto& [name, digest] : holds.members()) {
    if (!is_digest(digest.scalar())) reader.problem("holds", "is no digest");
    file.holds[name] = digest.scalar();
  }
  parent.absorb(reader.finish());
  return file;
}

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> list;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) list.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return list;
}

void check_count(const std::string& what, std::uint64_t is, std::uint64_t published,
                 OfficialSplit& split) {
  if (is != published)
    split.why_not.push_back(fmt::format("{} {}, the published split has {}", is, what, published));
}

}  // namespace

Result<std::vector<Benchmark>> parse_benchmarks(std::string_view yaml, const std::string& name) {
  RESIDENCY_TRY(const auto root, ConfigNode::parse(yaml, name));
  ConfigReader reader(root);
  std::vector<Benchmark> benchmarks;
  for (const ConfigNode& item : reader.child("benchmarks").items()) {
    ConfigReader child(item, "benchmarks.");
    Benchmark benchmark;
    benchmark.name = child.text_required("name");
    benchmark.layouts = words(child.text_required("layout"));
    benchmark.items = static_cast<std::uint64_t>(child.integer("items", 0, 0, kCountMax));
    benchmark.choices = static_cast<std::uint64_t>(child.integer("choices", 0, 0, 26));
    benchmark.labels = counts(child, "labels");
    benchmark.labels_sum = static_cast<std::uint64_t>(child.integer("labels_sum", 0, 0, kCountMax));
    benchmark.categories = counts(child, "categories");
    benchmark.licence = child.text_required("licence");
    for (const ConfigNode& file : child.child("files").items())
      benchmark.files.push_back(read_file(file, child));
    reader.absorb(child.finish());
    benchmarks.push_back(std::move(benchmark));
  }
  RESIDENCY_TRY_VOID(reader.finish());
  return benchmarks;
}

Result<std::vector<Benchmark>> known_benchmarks() {
  return parse_benchmarks(embedded_benchmarks(), "benchmarks.yaml");
}

Result<OfficialSplit> official_split(const ReadSplit& read,
                                     const std::vector<const dataset::Example*>& test) {
  OfficialSplit split;
  split.benchmark = read.benchmark;
  if (read.benchmark.empty()) return split;
  RESIDENCY_TRY(const auto known, known_benchmarks());
  const auto found = std::find_if(known.begin(), known.end(), [&](const Benchmark& benchmark) {
    return benchmark.name == read.benchmark && benchmark.items > 0;
  });
  if (found == known.end()) {
    std::vector<std::string> names;
    for (const Benchmark& benchmark : known) {
      if (benchmark.items > 0) names.push_back(benchmark.name);
    }
    return invalid_argument(
        fmt::format("dataset.benchmark must be one of {}", fmt::join(names, ", ")));
  }
  if (std::find(found->layouts.begin(), found->layouts.end(), read.layout) == found->layouts.end())
    split.why_not.push_back(
        fmt::format("read as {}, published as {}", read.layout, fmt::join(found->layouts, " or ")));
  if (!read.given) split.why_not.emplace_back("drawn from the training files");
  if (read.selected) split.why_not.emplace_back("a selection of its items or entity types");
  if (read.bad > 0) split.why_not.push_back(fmt::format("{} records could not be read", read.bad));
  std::map<std::string, std::uint64_t> labels;
  std::map<std::string, std::uint64_t> categories;
  std::uint64_t sum = 0;
  for (const dataset::Example* example : test) {
    for (const std::string& label : example->labels) ++labels[label];
    for (const auto& entity : example->entities) ++labels[entity.type];
    sum += example->labels.size() + example->entities.size();
    ++categories[example->category];
  }
  check_count("items", test.size(), found->items, split);
  for (const auto& [label, count] : found->labels) check_count(label, labels[label], count, split);
  if (found->labels_sum > 0) check_count("entities", sum, found->labels_sum, split);
  for (const auto& [category, count] : found->categories)
    check_count("items of " + category, categories[category], count, split);
  if (found->choices > 0) {
    const std::string beyond(1, static_cast<char>('A' + found->choices));
    const std::string last(1, static_cast<char>('A' + found->choices - 1));
    if (labels.count(beyond) > 0 || (found->choices > 4 && labels.count(last) == 0))
      split.why_not.push_back(fmt::format("questions have not {} choices", found->choices));
  }
  return split;
}

}  // namespace residency::eval::corpora
