#include "base/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "base/json.h"

namespace residency {
namespace {

constexpr std::size_t kConfigBytesMax = 1u << 20;
constexpr int kConfigDepthMax = 64;

bool has_alias(std::string_view yaml) {
  // Aliases let a small file expand without bound; a recipe has no use for them.
  for (std::size_t i = 0; i + 1 < yaml.size(); ++i) {
    const bool starts = i == 0 || yaml[i - 1] == ' ' || yaml[i - 1] == '\n' || yaml[i - 1] == '[';
    if (starts && yaml[i] == '*' && std::isalpha(static_cast<unsigned char>(yaml[i + 1])))
      return true;
  }
  return false;
}

int depth_of(const YAML::Node& node, int depth) {
  if (depth > kConfigDepthMax || !(node.IsMap() || node.IsSequence())) return depth;
  int deepest = depth;
  for (const auto& child : node) {
    deepest =
        std::max(deepest, depth_of(node.IsMap() ? child.second : YAML::Node(child), depth + 1));
  }
  return deepest;
}

bool parse_integer(const std::string& text, std::int64_t& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool parse_number(const std::string& text, double& value) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  return code == std::errc() && end == text.data() + text.size() && std::isfinite(value);
}

bool parse_flag(const std::string& text, bool& value) {
  if (text == "true" || text == "yes" || text == "on") return value = true, true;
  if (text == "false" || text == "no" || text == "off") return value = false, true;
  return false;
}

Json to_json(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& member : node) object[member.first.Scalar()] = to_json(member.second);
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const auto& item : node) array.push_back(to_json(item));
    return array;
  }
  if (!node.IsScalar()) return nullptr;
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  std::int64_t integer = 0;
  double number = 0;
  bool flag = false;
  if (parse_integer(text, integer)) return integer;
  if (parse_number(text, number)) return number;
  if (parse_flag(text, flag)) return flag;
  return text;
}

}  // namespace

ConfigNode::ConfigNode()
    : node_(std::make_shared<const YAML::Node>(YAML::NodeType::Map)),
      name_(std::make_shared<const std::string>("options")) {}

ConfigNode::ConfigNode(std::shared_ptr<const YAML::Node> node,
                       std::shared_ptr<const std::string> name)
    : node_(std::move(node)), name_(std::move(name)) {}

Result<ConfigNode> ConfigNode::parse(std::string_view yaml, std::string name) {
  if (yaml.size() > kConfigBytesMax) {
    return invalid_argument(
        fmt::format("configuration is larger than {} bytes: {}", kConfigBytesMax, name));
  }
  if (has_alias(yaml)) return invalid_argument("YAML aliases are not accepted: " + name);
  try {
    auto node = std::make_shared<const YAML::Node>(YAML::Load(std::string(yaml)));
    if (depth_of(*node, 0) > kConfigDepthMax) {
      return invalid_argument(fmt::format("nested deeper than {}: {}", kConfigDepthMax, name));
    }
    if (!node->IsMap()) return invalid_argument("expected a map of keys at the top: " + name);
    return ConfigNode(std::move(node), std::make_shared<const std::string>(std::move(name)));
  } catch (const YAML::Exception& error) {
    return invalid_argument(
        fmt::format("not valid YAML: {}:{}: {}", name, error.mark.line + 1, error.msg));
  }
}

namespace {

/// `node` with `value` at the dotted `key`. Only the maps on the way are copied: what is left alone
/// keeps its place in the file, which YAML::Clone would lose.
YAML::Node with_value(const YAML::Node& node, const std::string& key, const YAML::Node& value) {
  const auto dot = key.find('.');
  const std::string name = key.substr(0, dot);
  YAML::Node copy(YAML::NodeType::Map);
  YAML::Node child(YAML::NodeType::Map);
  if (node.IsMap()) {
    for (const auto& member : node) {
      if (member.first.IsScalar() && member.first.Scalar() == name) {
        child.reset(member.second);
      } else {
        copy[member.first] = member.second;
      }
    }
  }
  copy[name] = dot == std::string::npos ? value : with_value(child, key.substr(dot + 1), value);
  return copy;
}

}  // namespace

Result<ConfigNode> ConfigNode::with_overrides(const std::vector<std::string>& overrides) const {
  YAML::Node root = *node_;
  for (const std::string& pair : overrides) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return invalid_argument("expected key=value: " + pair.substr(0, 64));
    }
    const std::string key = pair.substr(0, equals);
    if (std::count(key.begin(), key.end(), '.') > kConfigDepthMax) {
      return invalid_argument("too many dots in the key: " + key.substr(0, 64));
    }
    try {
      root.reset(with_value(root, key, YAML::Load(pair.substr(equals + 1))));
    } catch (const YAML::Exception&) {
      return invalid_argument("cannot set: " + key);
    }
  }
  return ConfigNode(std::make_shared<const YAML::Node>(std::move(root)), name_);
}

bool ConfigNode::is_null() const { return !node_->IsDefined() || node_->IsNull(); }
bool ConfigNode::is_map() const { return node_->IsDefined() && node_->IsMap(); }
bool ConfigNode::is_sequence() const { return node_->IsDefined() && node_->IsSequence(); }
bool ConfigNode::is_scalar() const { return node_->IsDefined() && node_->IsScalar(); }

std::vector<ConfigNode> ConfigNode::items() const {
  std::vector<ConfigNode> children;
  if (!is_sequence()) return children;
  for (const auto& item : *node_) {
    children.push_back(ConfigNode(std::make_shared<const YAML::Node>(item), name_));
  }
  return children;
}

std::vector<std::pair<std::string, ConfigNode>> ConfigNode::members() const {
  std::vector<std::pair<std::string, ConfigNode>> children;
  if (!is_map()) return children;
  for (const auto& member : *node_) {
    if (!member.first.IsScalar()) continue;
    children.emplace_back(member.first.Scalar(),
                          ConfigNode(std::make_shared<const YAML::Node>(member.second), name_));
  }
  return children;
}

std::string ConfigNode::scalar() const { return is_scalar() ? node_->Scalar() : std::string(); }

std::string ConfigNode::where() const {
  const int line = node_->IsDefined() ? node_->Mark().line : -1;
  return line < 0 ? *name_ : fmt::format("{}:{}", *name_, line + 1);
}

std::string ConfigNode::canonical_json() const { return dump_json(to_json(*node_)); }

ConfigReader::ConfigReader(ConfigNode node, std::string path)
    : node_(std::move(node)), path_(std::move(path)) {
  if (!node_.is_map() && !node_.is_null()) {
    problems_.push_back(fmt::format("{}: '{}' must be a map of keys", node_.where(), path_));
  }
}

ConfigNode ConfigReader::get(std::string_view key) {
  seen_.emplace_back(key);
  if (node_.is_map()) {
    for (auto& [name, child] : node_.members()) {
      if (name == key) return child;
    }
  }
  return ConfigNode(std::make_shared<const YAML::Node>(), node_.name_);
}

void ConfigReader::problem(std::string_view key, std::string_view what) {
  std::string where = node_.where();
  for (auto& [name, child] : node_.members()) {
    if (name == key) where = child.where();
  }
  problems_.push_back(fmt::format("{}: {}{} {}", where, path_, key, what));
}

bool ConfigReader::has(std::string_view key) { return !get(key).is_null(); }

std::string ConfigReader::text(std::string_view key, std::string_view fallback) {
  const ConfigNode value = get(key);
  if (value.is_null()) return std::string(fallback);
  if (!value.is_scalar()) {
    problem(key, "must be a text");
    return std::string(fallback);
  }
  return value.scalar();
}

std::string ConfigReader::text_required(std::string_view key) {
  std::string value = text(key, "");
  if (value.empty()) problem(key, "is required");
  return value;
}

std::string ConfigReader::choice(std::string_view key, const std::vector<std::string>& allowed,
                                 std::string_view fallback) {
  std::string value = text(key, fallback);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    problem(key, fmt::format("must be one of: {}", fmt::join(allowed, ", ")));
    return std::string(fallback);
  }
  return value;
}

std::int64_t ConfigReader::integer(std::string_view key, std::int64_t fallback,
                                   std::int64_t minimum, std::int64_t maximum) {
  const ConfigNode value = get(key);
  if (value.is_null()) return fallback;
  std::int64_t parsed = 0;
  if (!value.is_scalar() || !parse_integer(value.scalar(), parsed) || parsed < minimum ||
      parsed > maximum) {
    problem(key, fmt::format("must be a whole number from {} to {}", minimum, maximum));
    return fallback;
  }
  return parsed;
}

double ConfigReader::number(std::string_view key, double fallback, double minimum, double maximum) {
  const ConfigNode value = get(key);
  if (value.is_null()) return fallback;
  double parsed = 0;
  if (!value.is_scalar() || !parse_number(value.scalar(), parsed) || parsed < minimum ||
      parsed > maximum) {
    problem(key, fmt::format("must be a number from {} to {}", minimum, maximum));
    return fallback;
  }
  return parsed;
}

bool ConfigReader::flag(std::string_view key, bool fallback) {
  const ConfigNode value = get(key);
  if (value.is_null()) return fallback;
  bool parsed = fallback;
  if (!value.is_scalar() || !parse_flag(value.scalar(), parsed))
    problem(key, "must be true or false");
  return parsed;
}

std::vector<std::string> ConfigReader::texts(std::string_view key,
                                             std::vector<std::string> fallback) {
  const ConfigNode value = get(key);
  if (value.is_null()) return fallback;
  if (value.is_scalar()) return {value.scalar()};
  std::vector<std::string> values;
  for (const ConfigNode& item : value.items()) {
    if (!item.is_scalar()) {
      problem(key, "must be a list of texts");
      return fallback;
    }
    values.push_back(item.scalar());
  }
  if (!value.is_sequence()) problem(key, "must be a list of texts");
  return values;
}

ConfigNode ConfigReader::child(std::string_view key) {
  ConfigNode value = get(key);
  if (!value.is_null()) return value;
  return ConfigNode(std::make_shared<const YAML::Node>(YAML::NodeType::Map), node_.name_);
}

void ConfigReader::absorb(const Result<void>& nested) {
  if (!nested.ok()) problems_.push_back(nested.error().message());
}

Result<void> ConfigReader::finish() {
  std::sort(seen_.begin(), seen_.end());
  seen_.erase(std::unique(seen_.begin(), seen_.end()), seen_.end());
  for (auto& [name, child] : node_.members()) {
    if (!std::binary_search(seen_.begin(), seen_.end(), name)) {
      problems_.push_back(fmt::format("{}: unknown key '{}{}'; known here: {}", child.where(),
                                      path_, name, fmt::join(seen_, ", ")));
    }
  }
  if (problems_.empty()) return {};
  return invalid_argument(fmt::format("{}", fmt::join(problems_, "\n")));
}

}  // namespace residency
