#include "ingest/fhir_document.h"

#include <fmt/format.h>

#include "base/json.h"
#include "ingest/text_encoding.h"

namespace residency::ingest {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

// Walks JSON by its brackets and strings.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  bool take(char c) {
    space();
    if (peek() != c || at_end()) return false;
    ++at_;
    return true;
  }
  std::size_t at() const { return at_; }

  // The next value as it stands; empty where there is none or the text ends inside it.
  std::string_view value() {
    space();
    const std::size_t begin = at_;
    if (peek() == '"') return string() ? text_.substr(begin, at_ - begin) : std::string_view();
    if (peek() == '{' || peek() == '[') {
      return nested() ? text_.substr(begin, at_ - begin) : std::string_view();
    }
    while (!at_end() && !is_space(peek()) && peek() != ',' && peek() != '}' && peek() != ']') ++at_;
    return text_.substr(begin, at_ - begin);
  }

 private:
  bool string() {
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        ++at_;
        return true;
      }
    }
    at_ = text_.size();
    return false;
  }

  bool nested() {
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!string()) return false;
        continue;
      }
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

FhirDocumentResult fault(QuarantineReason reason, std::string detail) {
  FhirDocumentResult result;
  result.fault = {reason, std::move(detail)};
  return result;
}

FhirDocumentResult broken(const Scanner& scanner) {
  if (scanner.at_end()) {
    return fault(QuarantineReason::kTruncatedJson,
                 fmt::format("ends inside a value at byte {}", scanner.at()));
  }
  return fault(QuarantineReason::kBadJson, fmt::format("not valid JSON at byte {}", scanner.at()));
}

// False where the array is broken.
bool read_entries(std::string_view array, std::vector<std::string_view>& entries) {
  Scanner scanner(array);
  if (!scanner.take('[')) return false;
  if (scanner.take(']')) return true;
  do {
    const std::string_view entry = scanner.value();
    if (entry.empty()) return false;
    entries.push_back(entry);
  } while (scanner.take(','));
  return scanner.take(']');
}

}  // namespace

FhirDocumentResult open_fhir_document(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t valid = valid_utf8_bytes(text);
  if (valid != text.size()) {
    return fault(QuarantineReason::kBadUtf8, fmt::format("not UTF-8 at byte {}", valid));
  }
  Scanner scanner(text);
  scanner.space();
  if (scanner.at_end()) return fault(QuarantineReason::kEmptyFile, "holds nothing");
  if (scanner.peek() == '[') return fault(QuarantineReason::kNotFhir, "is an array, not an object");
  if (!scanner.take('{')) return broken(scanner);
  FhirDocumentResult result;
  std::string_view entry_array;
  scanner.space();
  if (!scanner.take('}')) {
    do {
      scanner.space();
      if (scanner.peek() != '"') return broken(scanner);
      const std::string_view name = scanner.value();
      if (name.empty() || !scanner.take(':')) return broken(scanner);
      const std::string_view value = scanner.value();
      if (value.empty()) return broken(scanner);
      if (name == "\"resourceType\"") {
        const auto parsed = parse_json(value);
        if (parsed.ok() && parsed->is_string()) {
          result.document.resource_type = parsed->get<std::string>();
        }
      } else if (name == "\"entry\"") {
        entry_array = value;
      }
    } while (scanner.take(','));
    if (!scanner.take('}')) return broken(scanner);
  }
  scanner.space();
  if (!scanner.at_end()) return broken(scanner);
  if (result.document.resource_type.empty()) {
    return fault(QuarantineReason::kNotFhir, "has no resourceType");
  }
  if (result.document.resource_type == "Bundle" && !entry_array.empty() &&
      !read_entries(entry_array, result.document.entries)) {
    return fault(QuarantineReason::kBadJson, "the bundle's entries are not a JSON array");
  }
  result.ok = true;
  return result;
}

}  // namespace residency::ingest
