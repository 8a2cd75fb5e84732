#include "eval/test_items.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

#include "dataset/keyed_hash.h"

namespace residency::eval {

using dataset::Example;

Result<std::vector<Example>> read_items(LineSource& test) {
  std::vector<Example> items;
  std::string line;
  while (true) {
    RESIDENCY_TRY(const bool more, test.next(line));
    if (!more) return items;
    auto example = dataset::example_from_json_line(line);
    if (!example.ok()) {
      return example.error().with_context(fmt::format("test set line {}", items.size() + 1));
    }
    if (items.size() == kItemsMax) {
      return resource_exhausted(fmt::format("test set has more than {} items", kItemsMax));
    }
    if (example->format == dataset::Format::kText) {
      return invalid_input(
          fmt::format("a bare text has nothing to score: test set line {}", items.size() + 1));
    }
    items.push_back(std::move(example).value());
  }
}

std::vector<Example> sample_items(std::vector<Example> items, const EvalOptions& options) {
  const auto wanted = static_cast<std::size_t>(options.items_max);
  if (wanted == 0 || items.size() <= wanted) return items;
  std::vector<std::tuple<double, std::string, std::size_t>> drawn;
  for (std::size_t i = 0; i < items.size(); ++i) {
    drawn.emplace_back(dataset::keyed_fraction(options.seed, "items_max", items[i].id), items[i].id,
                       i);
  }
  std::sort(drawn.begin(), drawn.end());
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < wanted; ++i) indices.push_back(std::get<2>(drawn[i]));
  std::sort(indices.begin(), indices.end());
  std::vector<Example> kept;
  for (const std::size_t index : indices) kept.push_back(std::move(items[index]));
  return kept;
}

}  // namespace residency::eval
