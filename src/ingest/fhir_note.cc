#include "ingest/fhir_note.h"

#include <fmt/format.h>

#include "ingest/base64.h"
#include "ingest/html_text.h"
#include "ingest/note_type.h"
#include "ingest/text_encoding.h"

namespace residency::ingest {
namespace {

constexpr int kSectionDepthMax = 16;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '"')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '"')) text.remove_suffix(1);
  return std::string(text);
}

struct ContentType {
  std::string type;
  std::string charset;
};

ContentType parse_content_type(std::string_view value) {
  ContentType result;
  const std::string small = lower(value);
  std::string_view rest = small;
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t end = rest.find(';');
    const std::string part = trimmed(rest.substr(0, end));
    if (first) result.type = part;
    if (part.starts_with("charset=")) result.charset = trimmed(part.substr(8));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return result;
}

void take(Json& attachment, std::string field, std::vector<NotePlace>& places) {
  if (!attachment.is_object()) return;
  places.push_back({attachment, std::move(field)});
  attachment.erase("data");
}

void add_sections(const Json& sections, int depth, std::string& text) {
  if (!sections.is_array() || depth > kSectionDepthMax) return;
  for (const Json& section : sections) {
    const std::string title = json_text(section, "title");
    const std::string body = html_to_text(json_text(json_member(section, "text"), "div"));
    if (!body.empty()) {
      if (!text.empty()) text += "\n\n";
      if (!title.empty()) text += title + "\n";
      text += body;
    }
    add_sections(json_member(section, "section"), depth + 1, text);
  }
}

}  // namespace

std::vector<NotePlace> take_attachments(Json& resource) {
  std::vector<NotePlace> places;
  const std::string type = json_text(resource, "resourceType");
  if (type == "DocumentReference" && resource.contains("content") &&
      resource["content"].is_array()) {
    Json& content = resource["content"];
    for (std::size_t i = 0; i < content.size(); ++i) {
      if (content[i].is_object() && content[i].contains("attachment")) {
        take(content[i]["attachment"], fmt::format("content[{}].attachment", i), places);
      }
    }
  } else if (type == "DiagnosticReport" && resource.contains("presentedForm") &&
             resource["presentedForm"].is_array()) {
    Json& forms = resource["presentedForm"];
    for (std::size_t i = 0; i < forms.size(); ++i) {
      take(forms[i], fmt::format("presentedForm[{}]", i), places);
    }
  }
  return places;
}

std::optional<std::string> composition_text(const Json& resource) {
  if (json_text(resource, "resourceType") != "Composition") return std::nullopt;
  std::string text;
  add_sections(json_member(resource, "section"), 0, text);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

std::string note_type_of_resource(const Json& resource) {
  const std::string type = json_text(resource, "resourceType");
  return note_type_of_concept(json_member(resource, type == "DiagnosticReport" ? "code" : "type"));
}

NoteText note_text(std::string_view content_type, std::string_view data, std::size_t bytes_max) {
  NoteText result;
  const auto fail = [&](QuarantineReason reason, std::string detail) {
    result.reason = reason;
    result.detail = std::move(detail);
    return result;
  };
  const ContentType type = parse_content_type(content_type);
  const bool html = type.type == "text/html" || type.type == "application/xhtml+xml";
  const bool plain = type.type.empty() || type.type == "text/plain" || type.type == "text/markdown";
  if (!html && !plain) {
    return fail(QuarantineReason::kUnsupportedContentType, "is not text, HTML or XHTML");
  }
  const auto encoding = encoding_named(type.charset);
  if (!encoding) {
    return fail(QuarantineReason::kUnsupportedContentType, "declares a charset not supported");
  }
  if (data.size() / 4 * 3 > bytes_max + 3) {
    return fail(QuarantineReason::kTooLarge, fmt::format("is longer than {} bytes", bytes_max));
  }
  const auto bytes = decode_base64(data);
  if (!bytes) return fail(QuarantineReason::kBadBase64, "is not base64");
  if (bytes->empty()) return fail(QuarantineReason::kMissingField, "is empty");
  if (bytes->size() > bytes_max) {
    return fail(QuarantineReason::kTooLarge, fmt::format("is longer than {} bytes", bytes_max));
  }
  std::size_t bad_at = 0;
  auto text = decode_text(*bytes, *encoding, bad_at);
  if (!text) {
    return fail(QuarantineReason::kBadUtf8,
                fmt::format("is not in its declared encoding at byte {}", bad_at));
  }
  result.text = html ? html_to_text(*text) : *std::move(text);
  if (result.text->empty()) {
    result.text.reset();
    return fail(QuarantineReason::kMissingField, "holds no text");
  }
  return result;
}

}  // namespace residency::ingest
