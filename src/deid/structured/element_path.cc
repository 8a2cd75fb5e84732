#include "deid/structured/element_path.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace residency::deid {
namespace {

constexpr std::size_t kStepsMax = 32;

/// Where a node stands: its own name tells its type where its members don't.
struct Node {
  const Json* value = nullptr;
  std::string_view name;
};

bool has(const Json& value, const char* key) { return value.is_object() && value.contains(key); }

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_day(std::string_view text) {
  return text.size() >= 4 && text.size() <= 35 && text[0] >= '1' && text[0] <= '2' &&
         std::all_of(text.begin(), text.begin() + 4, [](char c) { return c >= '0' && c <= '9'; }) &&
         (text.size() == 4 || text[4] == '-');
}

bool ends_with_time(std::string_view text) { return text.find('T') != std::string_view::npos; }

bool is_instant_name(std::string_view name) {
  return name == "issued" || name == "lastUpdated" || name == "instant" || name == "timestamp" ||
         name == "recorded" || name == "valueInstant";
}

bool is_uri_name(std::string_view name) {
  return name == "system" || name == "url" || name == "fullUrl" || name == "valueUri" ||
         name == "valueUrl" || name == "implicitRules" || name == "instantiatesUri";
}

bool is_contact(const Json& value) {
  const std::string system = json_text(value, "system");
  return system == "phone" || system == "fax" || system == "email" || system == "pager" ||
         system == "url" || system == "sms" || system == "other";
}

using TypeTest = bool (*)(const Node&);

struct Type {
  std::string_view name;
  TypeTest holds;
};

/// FHIR R4's data types, told by members and names (hl7.org/fhir/R4/datatypes.html).
constexpr auto kTypes = std::to_array<Type>({
    {"HumanName",
     [](const Node& n) {
       return has(*n.value, "family") || has(*n.value, "given") ||
              (n.name == "name" && n.value->is_object() && has(*n.value, "text"));
     }},
    {"Address",
     [](const Node& n) {
       return n.name == "address" ? n.value->is_object()
                                  : has(*n.value, "postalCode") || has(*n.value, "line") ||
                                        (has(*n.value, "city") && !has(*n.value, "family"));
     }},
    {"ContactPoint",
     [](const Node& n) {
       return n.value->is_object() && (n.name == "telecom" || is_contact(*n.value));
     }},
    {"Identifier", [](const Node& n) { return n.name == "identifier" && n.value->is_object(); }},
    {"Reference", [](const Node& n) { return has(*n.value, "reference"); }},
    {"Extension",
     [](const Node& n) {
       return (n.name == "extension" || n.name == "modifierExtension") && n.value->is_object();
     }},
    {"Narrative", [](const Node& n) { return has(*n.value, "div"); }},
    {"Attachment",
     [](const Node& n) {
       return n.value->is_object() && (n.name == "attachment" || n.name == "photo" ||
                                       n.name == "valueAttachment" || has(*n.value, "contentType"));
     }},
    {"Annotation", [](const Node& n) { return n.name == "note" && has(*n.value, "text"); }},
    {"Meta", [](const Node& n) { return n.name == "meta" && n.value->is_object(); }},
    {"Coding",
     [](const Node& n) {
       return has(*n.value, "code") && has(*n.value, "system") && !has(*n.value, "value");
     }},
    {"CodeableConcept", [](const Node& n) { return has(*n.value, "coding"); }},
    {"Quantity",
     [](const Node& n) { return has(*n.value, "value") && (*n.value)["value"].is_number(); }},
    {"Period",
     [](const Node& n) {
       return n.value->is_object() && n.name != "extension" &&
              ((has(*n.value, "start") && (*n.value)["start"].is_string()) ||
               (has(*n.value, "end") && (*n.value)["end"].is_string()));
     }},
    {"Age",
     [](const Node& n) {
       return n.value->is_object() && n.name.size() >= 3 && n.name.ends_with("Age");
     }},
    {"Signature", [](const Node& n) { return n.name == "signature" && n.value->is_object(); }},
    {"date",
     [](const Node& n) {
       return n.value->is_string() && is_day(n.value->get_ref<const std::string&>()) &&
              !ends_with_time(n.value->get_ref<const std::string&>());
     }},
    {"dateTime",
     [](const Node& n) {
       return n.value->is_string() && is_day(n.value->get_ref<const std::string&>()) &&
              ends_with_time(n.value->get_ref<const std::string&>()) && !is_instant_name(n.name);
     }},
    {"instant",
     [](const Node& n) {
       return n.value->is_string() && is_instant_name(n.name) &&
              is_day(n.value->get_ref<const std::string&>());
     }},
    {"id", [](const Node& n) { return n.name == "id" && n.value->is_string(); }},
    {"uri", [](const Node& n) { return n.value->is_string() && is_uri_name(n.name); }},
    {"url", [](const Node& n) { return n.value->is_string() && n.name == "url"; }},
    {"canonical", [](const Node& n) { return n.value->is_string() && n.name == "profile"; }},
    {"oid",
     [](const Node& n) {
       return n.value->is_string() &&
              n.value->get_ref<const std::string&>().starts_with("urn:oid:");
     }},
    {"uuid",
     [](const Node& n) {
       return n.value->is_string() &&
              n.value->get_ref<const std::string&>().starts_with("urn:uuid:");
     }},
    {"base64Binary",
     [](const Node& n) {
       return n.value->is_string() && (n.name == "data" || n.name == "hash" ||
                                       n.name == "valueBase64Binary" || n.name == "carrierAIDC");
     }},
    {"xhtml", [](const Node& n) { return n.value->is_string() && n.name == "div"; }},
    {"markdown",
     [](const Node& n) {
       return n.value->is_string() && (n.name == "markdown" || n.name == "valueMarkdown");
     }},
});

const Type* type_named(std::string_view name) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const Type& type) { return type.name == name; });
  return found == kTypes.end() ? nullptr : &*found;
}

/// Calls `take` with every item of an array, or with the value itself.
template <class Take>
void each_item(const Json& value, std::string_view name, const Take& take) {
  if (!value.is_array()) return take(Node{&value, name});
  for (const Json& item : value) each_item(item, name, take);
}

template <class Take>
void each_descendant(const Json& value, const Take& take) {
  if (value.is_array()) {
    for (const Json& item : value) each_descendant(item, take);
    return;
  }
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    each_item(member, key, [&](const Node& node) {
      take(node);
      each_descendant(*node.value, take);
    });
  }
}

/// Members of that name, and of a choice ("value" is valueQuantity, valueString, ...).
void children(const Node& parent, const std::string& name, std::vector<Node>& out) {
  if (!parent.value->is_object()) return;
  for (const auto& [key, member] : parent.value->items()) {
    const bool choice = key.size() > name.size() && key.compare(0, name.size(), name) == 0 &&
                        key[name.size()] >= 'A' && key[name.size()] <= 'Z' &&
                        !parent.value->contains(name);
    if (key == name || choice)
      each_item(member, key, [&](const Node& node) { out.push_back(node); });
  }
}

std::vector<Node> step(const std::vector<Node>& from, const PathStep& step) {
  std::vector<Node> out;
  for (const Node& node : from) {
    switch (step.kind) {
      case PathStep::Kind::kChild:
        children(node, step.name, out);
        break;
      case PathStep::Kind::kDescendants:
        each_descendant(*node.value, [&](const Node& inner) { out.push_back(inner); });
        break;
      case PathStep::Kind::kByName:
        each_descendant(*node.value, [&](const Node& inner) {
          if (inner.name == step.name) out.push_back(inner);
        });
        break;
      case PathStep::Kind::kByType: {
        const Type* type = type_named(step.name);
        each_descendant(*node.value, [&](const Node& inner) {
          if (type != nullptr && type->holds(inner)) out.push_back(inner);
        });
        break;
      }
      case PathStep::Kind::kIsType: {
        const Type* type = type_named(step.name);
        if (type != nullptr && type->holds(node)) out.push_back(node);
        break;
      }
      case PathStep::Kind::kWhere:
        if ((json_text(*node.value, step.name) == step.value) != step.unequal) out.push_back(node);
        break;
    }
  }
  return out;
}

/// The resource, what it contains, and the entries of a bundle.
void resources_in(const Json& resource, std::vector<const Json*>& found) {
  if (!resource.is_object()) return;
  found.push_back(&resource);
  for (const Json& inner : json_member(resource, "contained")) resources_in(inner, found);
  for (const Json& entry : json_member(resource, "entry")) {
    if (entry.is_object()) resources_in(json_member(entry, "resource"), found);
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Parts of `text` between `by`, which does not count within brackets or quotes.
std::vector<std::string_view> parts_of(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  int depth = 0;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (text[i] == by && depth == 0) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

Result<std::string> quoted(std::string_view text) {
  text = trimmed(text);
  if (text.size() < 2 || text.front() != '\'' || text.back() != '\'' ||
      text.substr(1, text.size() - 2).find('\'') != std::string_view::npos)
    return invalid_argument("a text in single quotes is expected");
  return std::string(text.substr(1, text.size() - 2));
}

Result<PathStep> where_of(std::string_view condition) {
  PathStep made{PathStep::Kind::kWhere, "", "", false};
  std::size_t at = condition.find("!=");
  made.unequal = at != std::string_view::npos;
  if (!made.unequal) at = condition.find('=');
  if (at == std::string_view::npos)
    return invalid_argument("where() takes \"element = 'text'\" or \"element != 'text'\"");
  const std::string_view name = trimmed(condition.substr(0, at));
  if (!is_word(name)) return invalid_argument("where() compares one element of the node itself");
  made.name = name;
  RESIDENCY_TRY(made.value, quoted(condition.substr(at + (made.unequal ? 2 : 1))));
  return made;
}

Result<PathStep> type_filter(std::string_view name) {
  name = trimmed(name);
  if (type_named(name) == nullptr)
    return invalid_argument("a type that is not known: " + std::string(name.substr(0, 40)));
  return PathStep{PathStep::Kind::kIsType, std::string(name), "", false};
}

Result<PathStep> step_of(std::string_view text) {
  text = trimmed(text);
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) {
    if (!is_word(text)) return invalid_argument("a step that is no name");
    return PathStep{PathStep::Kind::kChild, std::string(text), "", false};
  }
  if (text.back() != ')') return invalid_argument("a bracket that does not close");
  const std::string_view name = text.substr(0, open);
  const std::string_view inner = text.substr(open + 1, text.size() - open - 2);
  if (name == "where") return where_of(inner);
  if (name == "ofType" || name == "as") return type_filter(inner);
  if (name == "descendants" && trimmed(inner).empty())
    return PathStep{PathStep::Kind::kDescendants, "", "", false};
  if (name == "nodesByName") {
    RESIDENCY_TRY(auto value, quoted(inner));
    return PathStep{PathStep::Kind::kByName, std::move(value), "", false};
  }
  if (name == "nodesByType") {
    RESIDENCY_TRY(auto value, quoted(inner));
    if (type_named(value) == nullptr)
      return invalid_argument("nodesByType() of a type that is not known: " + value.substr(0, 40));
    return PathStep{PathStep::Kind::kByType, std::move(value), "", false};
  }
  return invalid_argument("a function that is not known: " + std::string(name.substr(0, 40)));
}

}  // namespace

Result<ElementPath> ElementPath::parse(std::string_view path) {
  ElementPath made;
  for (const std::string_view part : parts_of(path, '|')) {
    Branch branch;
    std::string_view whole = trimmed(part);
    std::string_view as_type;
    if (const std::size_t as = whole.rfind(" as "); as != std::string_view::npos) {
      as_type = whole.substr(as + 4);
      whole = trimmed(whole.substr(0, as));
    }
    const auto steps = parts_of(whole, '.');
    if (steps.size() > kStepsMax) return invalid_argument("a path of too many steps");
    for (std::size_t i = 0; i < steps.size(); ++i) {
      RESIDENCY_TRY(auto one, step_of(steps[i]));
      const bool type =
          i == 0 && one.kind == PathStep::Kind::kChild && one.name[0] >= 'A' && one.name[0] <= 'Z';
      if (type)
        branch.type = one.name == "Resource" || one.name == "DomainResource" ? "" : one.name;
      else
        branch.steps.push_back(std::move(one));
    }
    if (!as_type.empty()) {
      RESIDENCY_TRY(auto filter, type_filter(as_type));
      branch.steps.push_back(std::move(filter));
    }
    made.branches_.push_back(std::move(branch));
  }
  return made;
}

void ElementPath::select(const Json& resource, std::vector<const Json*>& found) const {
  std::vector<const Json*> resources;
  resources_in(resource, resources);
  for (const Branch& branch : branches_) {
    for (const Json* one : resources) {
      if (!branch.type.empty() && json_text(*one, "resourceType") != branch.type) continue;
      std::vector<Node> nodes{{one, ""}};
      for (const PathStep& next : branch.steps) nodes = step(nodes, next);
      for (const Node& node : nodes) found.push_back(node.value);
    }
  }
}

}  // namespace residency::deid
