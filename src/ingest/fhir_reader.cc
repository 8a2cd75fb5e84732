#include "ingest/fhir_reader.h"

#include <fmt/format.h>
#include <utility>

#include "ingest/fhir_reference.h"

namespace residency::ingest {
namespace {

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

bool is_address(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://") || url.starts_with("ftp://");
}

}  // namespace

void index_fhir_document(std::string_view text, FhirIndex& index) {
  const FhirDocumentResult opened = open_fhir_document(text);
  if (!opened.ok) return;
  if (opened.document.resource_type != "Bundle") {
    const auto resource = parse_json(without_mark(text));
    if (resource.ok()) index.add(resource.value(), "");
    return;
  }
  for (const std::string_view entry : opened.document.entries) {
    const auto parsed = parse_json(entry);
    if (!parsed.ok()) continue;
    const Json& resource = json_member(parsed.value(), "resource");
    if (resource.is_object()) index.add(resource, json_text(parsed.value(), "fullUrl"));
  }
}

Result<void> FhirReader::document(std::string_view text, std::uint64_t line) {
  binaries_.clear();
  used_binaries_.clear();
  const FhirDocumentResult opened = open_fhir_document(text);
  if (!opened.ok) {
    emitter_.unit();
    return emitter_.reject(opened.fault.reason, line, "", opened.fault.detail, text);
  }
  const FhirDocument& document = opened.document;
  if (document.resource_type != "Bundle") {
    emitter_.unit();
    auto parsed = parse_json(without_mark(text));
    if (!parsed.ok()) {
      return emitter_.reject(QuarantineReason::kBadJson, line, "", parsed.error().message(), text);
    }
    return resource(std::move(parsed).value(), "", text, {line, ""});
  }
  if (document.entries.empty()) {
    emitter_.unit();
    emitter_.skip(SkipReason::kNoResource);
    return {};
  }
  find_binaries(document.entries);
  for (std::size_t i = 0; i < document.entries.size(); ++i) {
    RESIDENCY_TRY_VOID(entry(document.entries[i], i, line));
  }
  return {};
}

// Learns the bundle's Binary resources and which of them attachments point at.
void FhirReader::find_binaries(const std::vector<std::string_view>& entries) {
  for (const std::string_view entry : entries) {
    if (entry.find("\"Binary\"") == std::string_view::npos) continue;
    const auto parsed = parse_json(entry);
    if (!parsed.ok()) continue;
    const Json& resource = json_member(parsed.value(), "resource");
    if (json_text(resource, "resourceType") != "Binary") continue;
    const std::string full_url = json_text(parsed.value(), "fullUrl");
    const std::string key = own_key(resource, full_url);
    if (!key.empty()) binaries_[key] = entry;
    if (!full_url.empty()) binaries_[full_url] = entry;
  }
  if (binaries_.empty()) return;
  for (const std::string_view entry : entries) {
    if (entry.find("\"attachment\"") == std::string_view::npos &&
        entry.find("\"presentedForm\"") == std::string_view::npos) {
      continue;
    }
    auto parsed = parse_json(entry);
    if (!parsed.ok() || !parsed->is_object() || !parsed->contains("resource")) continue;
    for (const NotePlace& place : take_attachments((*parsed)["resource"])) {
      const std::string url = json_text(place.attachment, "url");
      if (place.attachment.contains("data") || url.empty()) continue;
      used_binaries_.insert(url);
      used_binaries_.insert(reference_key_of_url(url));
    }
  }
}

Result<void> FhirReader::entry(std::string_view text, std::size_t number, std::uint64_t line) {
  emitter_.unit();
  const std::string field = fmt::format("entry[{}]", number);
  auto parsed = parse_json(text);
  if (!parsed.ok()) {
    return emitter_.reject(QuarantineReason::kBadJson, line, field, parsed.error().message(), text);
  }
  if (!parsed->is_object()) {
    return emitter_.reject(QuarantineReason::kNotFhir, line, field, "is not an object", text);
  }
  if (!parsed->contains("resource")) {
    emitter_.skip(SkipReason::kNoResource);
    return {};
  }
  const std::string full_url = json_text(parsed.value(), "fullUrl");
  return resource(std::move((*parsed)["resource"]), full_url, text, {line, field + ".resource."});
}

Result<void> FhirReader::resource(Json resource, std::string_view full_url, std::string_view raw,
                                  const Where& where) {
  const std::string field =
      where.prefix.empty() ? "" : where.prefix.substr(0, where.prefix.size() - 1);
  const std::string type = json_text(resource, "resourceType");
  if (type.empty()) {
    return emitter_.reject(QuarantineReason::kNotFhir, where.line, field, "has no resourceType",
                           raw);
  }
  const std::string key = own_key(resource, full_url);
  if (!key.empty()) {
    const Emitter::Seen seen = emitter_.note_id(key, dump_json(resource));
    if (seen == Emitter::Seen::kSame) {
      emitter_.skip(SkipReason::kDuplicate);
      return {};
    }
    if (seen == Emitter::Seen::kDiffers) {
      return emitter_.reject(QuarantineReason::kDuplicateId, where.line, field,
                             "the id was seen before, with other content", raw, key);
    }
  }
  if (type == "Binary" &&
      (used_binaries_.contains(key) || used_binaries_.contains(std::string(full_url)))) {
    emitter_.skip(SkipReason::kUsed);
    return {};
  }
  const std::vector<NotePlace> places = take_attachments(resource);
  std::string structured = dump_json(resource);
  if (structured.size() > limits_.line_bytes_max) {
    return emitter_.reject(QuarantineReason::kTooLarge, where.line, field,
                           fmt::format("is longer than {} bytes", limits_.line_bytes_max), raw,
                           key);
  }
  const FhirLinks links = index_.links_of(resource, full_url);
  emitter_.report().references_unresolved += links.unresolved;
  RawRecord record;
  record.kind = RecordKind::kResource;
  // An unknown type may hold anything, so it is not let into the report's keys.
  record.resource_type = is_fhir_resource_type(type) ? type : "Unknown";
  record.structured = PhiText(std::move(structured));
  index_.attach(links, resource, record);
  RESIDENCY_TRY_VOID(emitter_.accept(std::move(record), where.line, field));
  for (const NotePlace& place : places) {
    RESIDENCY_TRY_VOID(attachment(place, resource, links, key, where));
  }
  if (auto text = composition_text(resource)) {
    emitter_.unit();
    if (text->size() > limits_.text_bytes_max) {
      return emitter_.reject(QuarantineReason::kTooLarge, where.line, where.prefix + "section",
                             fmt::format("is longer than {} bytes", limits_.text_bytes_max), *text,
                             key);
    }
    return note(*std::move(text), resource, links, where.prefix + "section", where);
  }
  return {};
}

Result<void> FhirReader::attachment(const NotePlace& place, const Json& resource,
                                    const FhirLinks& links, const std::string& id,
                                    const Where& where) {
  emitter_.unit();
  std::string content_type = json_text(place.attachment, "contentType");
  std::string field = where.prefix + place.field + ".data";
  std::string data = json_text(place.attachment, "data");
  if (!place.attachment.contains("data")) {
    const std::string url = json_text(place.attachment, "url");
    if (url.empty()) {
      emitter_.skip(SkipReason::kNoContent);
      return {};
    }
    field = where.prefix + place.field + ".url";
    Json binary;
    auto found = binaries_.find(url);
    if (found == binaries_.end()) found = binaries_.find(reference_key_of_url(url));
    if (found != binaries_.end()) {
      auto parsed = parse_json(found->second);
      if (parsed.ok()) binary = json_member(parsed.value(), "resource");
    } else if (url.starts_with("#")) {
      binary = contained_resource(resource, url);
    }
    if (!binary.is_object()) {
      if (is_address(url) && type_of_key(reference_key_of_url(url)) != "Binary") {
        emitter_.skip(SkipReason::kElsewhere);
        return {};
      }
      return emitter_.reject(QuarantineReason::kUnresolvedReference, where.line, field,
                             "names a Binary that is not in the same file", url, id);
    }
    data = json_text(binary, "data");
    if (content_type.empty()) content_type = json_text(binary, "contentType");
  }
  NoteText read = note_text(content_type, data, limits_.text_bytes_max);
  if (!read.text) {
    return emitter_.reject(read.reason, where.line, field, read.detail, data, id);
  }
  return note(*std::move(read.text), resource, links, field, where);
}

Result<void> FhirReader::note(std::string text, const Json& resource, const FhirLinks& links,
                              const std::string& field, const Where& where) {
  RawRecord record;
  record.kind = RecordKind::kNote;
  record.resource_type = json_text(resource, "resourceType");
  record.note_type = note_type_of_resource(resource);
  record.text = PhiText(std::move(text));
  index_.attach(links, resource, record);
  return emitter_.accept(std::move(record), where.line, field);
}

}  // namespace residency::ingest
