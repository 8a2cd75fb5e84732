#include "ingest/fhir_reference.h"

#include "ingest/safe_file_label.h"

namespace residency::ingest {
namespace {

constexpr std::size_t kUrlBytesMax = 2048;

}  // namespace

std::string reference_key_of_url(std::string_view url) {
  if (url.empty() || url.size() > kUrlBytesMax) return "";
  if (url.starts_with("urn:") || url.starts_with("#")) return std::string(url);
  if (const std::size_t query = url.find('?'); query != std::string_view::npos) {
    const std::size_t slash = url.substr(0, query).find_last_of('/');
    std::string key(slash == std::string_view::npos ? url : url.substr(slash + 1));
    for (const std::string_view bar : {"%7C", "%7c"}) {
      const std::size_t at = key.find(bar);
      if (at != std::string::npos) key.replace(at, bar.size(), "|");
    }
    return key;
  }
  if (const std::size_t history = url.find("/_history/"); history != std::string_view::npos) {
    url = url.substr(0, history);
  }
  const std::size_t slash = url.find_last_of('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == url.size()) return "";
  const std::size_t before = url.find_last_of('/', slash - 1);
  const std::string_view key = before == std::string_view::npos ? url : url.substr(before + 1);
  return is_fhir_resource_type(type_of_key(key)) ? std::string(key) : "";
}

std::string reference_key(const Json& reference) {
  const Json& url = json_member(reference, "reference");
  if (url.is_string()) return reference_key_of_url(url.get_ref<const std::string&>());
  const Json& identifier = json_member(reference, "identifier");
  const std::string type = json_text(reference, "type");
  const std::string value = json_text(identifier, "value");
  if (type.empty() || value.empty()) return "";
  return type + "?identifier=" + json_text(identifier, "system") + "|" + value;
}

std::string own_key(const Json& resource, std::string_view full_url) {
  const std::string type = json_text(resource, "resourceType");
  std::string id = json_text(resource, "id");
  if (id.empty()) {
    const std::size_t mark = full_url.find_last_of("/:");
    if (mark != std::string_view::npos) id = std::string(full_url.substr(mark + 1));
  }
  if (type.empty() || id.empty()) return "";
  return type + "/" + id;
}

std::string_view type_of_key(std::string_view key) {
  if (key.starts_with("urn:") || key.starts_with("#")) return {};
  const std::size_t mark = key.find_first_of("/?");
  return mark == std::string_view::npos ? std::string_view() : key.substr(0, mark);
}

std::string_view id_of_key(std::string_view key) {
  if (key.starts_with("urn:uuid:")) return key.substr(9);
  if (key.starts_with("urn:oid:")) return key.substr(8);
  const std::size_t mark = key.find_first_of("/?");
  if (mark == std::string_view::npos || key[mark] == '?') return {};
  return key.substr(mark + 1);
}

const Json& contained_resource(const Json& resource, std::string_view key) {
  static const Json kNull;
  const Json& contained = json_member(resource, "contained");
  if (!key.starts_with("#") || !contained.is_array()) return kNull;
  for (const Json& item : contained) {
    if (json_text(item, "id") == key.substr(1)) return item;
  }
  return kNull;
}

}  // namespace residency::ingest
