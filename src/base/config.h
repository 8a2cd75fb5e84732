// Typed reading of a YAML recipe (or --set flags): every value is bounded, every unknown key is
// refused, and all problems are reported at once with file, line and key.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace YAML {
class Node;
}

namespace residency {

/// One node of a configuration tree. Cheap to copy.
class ConfigNode {
 public:
  ConfigNode();  // an empty map
  /// Parses YAML; `name` is what errors call the file. At most 1 MiB, depth 64, no aliases.
  static Result<ConfigNode> parse(std::string_view yaml, std::string name);
  /// `overrides` are "a.b.c=value" pairs, applied over this node.
  Result<ConfigNode> with_overrides(const std::vector<std::string>& overrides) const;

  bool is_null() const;
  bool is_map() const;
  bool is_sequence() const;
  bool is_scalar() const;
  /// Children of a sequence, or of a map in file order.
  std::vector<ConfigNode> items() const;
  std::vector<std::pair<std::string, ConfigNode>> members() const;
  std::string scalar() const;
  /// "recipe.yaml:12"
  std::string where() const;
  /// The tree as canonical JSON text (scalars typed): what a recipe's digest is taken over.
  std::string canonical_json() const;

 private:
  friend class ConfigReader;
  ConfigNode(std::shared_ptr<const YAML::Node> node, std::shared_ptr<const std::string> name);
  std::shared_ptr<const YAML::Node> node_;
  std::shared_ptr<const std::string> name_;
};

/// Reads the keys of one map. Call the getters, then finish(), which returns every problem found,
/// unknown keys included, as one kInvalidArgument. `path` prefixes the key in messages ("train.").
class ConfigReader {
 public:
  explicit ConfigReader(ConfigNode node, std::string path = "");

  bool has(std::string_view key);
  std::string text(std::string_view key, std::string_view fallback);
  std::string text_required(std::string_view key);
  /// One of `allowed`.
  std::string choice(std::string_view key, const std::vector<std::string>& allowed,
                     std::string_view fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t minimum,
                       std::int64_t maximum);
  double number(std::string_view key, double fallback, double minimum, double maximum);
  bool flag(std::string_view key, bool fallback);
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback);
  /// The child map (an empty one where the key is missing), for a ConfigReader of its own.
  ConfigNode child(std::string_view key);
  /// Adds a problem found by the caller.
  void problem(std::string_view key, std::string_view what);
  /// Adds the problems of a nested reader or validator.
  void absorb(const Result<void>& nested);

  Result<void> finish();

 private:
  ConfigNode get(std::string_view key);
  ConfigNode node_;
  std::string path_;
  std::vector<std::string> seen_;
  std::vector<std::string> problems_;
};

}  // namespace residency
