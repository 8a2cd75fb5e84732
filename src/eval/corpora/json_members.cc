#include "eval/corpora/json_members.h"

namespace residency::eval::corpora {
namespace {

bool is_space(int c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

int JsonMembers::skip_space() {
  while (is_space(cursor_.peek())) cursor_.get();
  return cursor_.peek();
}

/// A string with its quotes, as written.
Result<std::string> JsonMembers::read_text() {
  std::string text(1, static_cast<char>(cursor_.get()));
  for (bool escaped = false;;) {
    const int byte = cursor_.get();
    if (byte == ByteCursor::kEnd) {
      RESIDENCY_TRY_VOID(cursor_.status());
      return bad_field(place_, "string", "the file ends inside of it");
    }
    if (text.size() == kRecordBytesMax) {
      return resource_exhausted(describe(place_, "string", "too long"));
    }
    text.push_back(static_cast<char>(byte));
    if (byte == '"' && !escaped) return text;
    escaped = byte == '\\' && !escaped;
  }
}

/// A value as written: up to the comma or brace that ends the member.
Result<std::string> JsonMembers::read_value() {
  std::string text;
  for (std::size_t depth = 0;;) {
    const int byte = cursor_.peek();
    if (byte == ByteCursor::kEnd) {
      RESIDENCY_TRY_VOID(cursor_.status());
      return bad_field(place_, "member", "the file ends inside of it");
    }
    if (depth == 0 && (byte == ',' || byte == '}')) return text;
    if (text.size() > kRecordBytesMax) {
      return resource_exhausted(describe(place_, "member", "too long"));
    }
    if (byte == '"') {
      RESIDENCY_TRY(const std::string part, read_text());
      text.append(part);
      continue;
    }
    if (byte == '{' || byte == '[') ++depth;
    if (byte == '}' || byte == ']') {
      if (depth == 0) return bad_field(place_, "member", "closes nothing");
      --depth;
    }
    text.push_back(static_cast<char>(cursor_.get()));
  }
}

Result<bool> JsonMembers::next(std::string& key, Json& value) {
  if (ended_) return false;
  int byte = skip_space();
  place_ = cursor_.place();
  if (!started_) {
    RESIDENCY_TRY_VOID(cursor_.status());
    if (byte != '{') return bad_field(place_, "file", "must be a JSON object");
    cursor_.get();
    started_ = true;
    byte = skip_space();
  } else if (byte == ',') {
    cursor_.get();
    byte = skip_space();
    if (byte == '}') return bad_field(cursor_.place(), "member", "missing after a comma");
  }
  place_ = cursor_.place();
  if (byte == '}') {
    cursor_.get();
    ended_ = true;
    if (skip_space() != ByteCursor::kEnd) {
      return bad_field(cursor_.place(), "file", "more than one JSON value");
    }
    RESIDENCY_TRY_VOID(cursor_.status());
    return false;
  }
  if (byte != '"') return bad_field(place_, "member", "must begin with its name");
  RESIDENCY_TRY(const std::string quoted, read_text());
  const auto name = parse_json(quoted);
  if (!name.ok()) return bad_field(place_, "member", "its name is no JSON string");
  if (skip_space() != ':') return bad_field(place_, "member", "no ':' after its name");
  cursor_.get();
  RESIDENCY_TRY(const std::string text, read_value());
  auto parsed = parse_json(text);
  if (!parsed.ok()) return bad_field(place_, "member", "is no JSON value");
  key = name->get_ref<const std::string&>();
  value = *std::move(parsed);
  return true;
}

}  // namespace residency::eval::corpora
