#include "eval/corpora/xml_records.h"

#include <algorithm>

namespace residency::eval::corpora {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// How the markup that begins so goes on.
enum class Kind { kTag, kComment, kCdata, kInstruction, kDeclaration };

Kind kind_of(std::string_view begin) {
  if (begin.starts_with("<!--")) return Kind::kComment;
  if (begin.starts_with("<![CDATA[")) return Kind::kCdata;
  if (begin.starts_with("<?")) return Kind::kInstruction;
  if (begin.starts_with("<!")) return Kind::kDeclaration;
  return Kind::kTag;
}

std::uint64_t newlines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

/// Reads on to the next markup; text between is appended to nothing. False at the end.
Result<bool> XmlRecords::read_markup() {
  markup_.clear();
  markup_place_ = cursor_.place();
  char quote = 0;
  std::size_t brackets = 0;
  for (;;) {
    const int byte = cursor_.get();
    if (byte == ByteCursor::kEnd) {
      RESIDENCY_TRY_VOID(cursor_.status());
      return bad_field(markup_place_, "markup", "the file ends inside of it");
    }
    if (markup_.size() == kRecordBytesMax) {
      return resource_exhausted(describe(markup_place_, "markup", "too long"));
    }
    const char c = static_cast<char>(byte);
    markup_.push_back(c);
    const Kind kind = kind_of(markup_);
    if (kind == Kind::kTag && quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (kind == Kind::kDeclaration && c == '[' && !markup_.ends_with("<![")) {
      ++brackets;
    } else if (kind == Kind::kDeclaration && c == ']' && brackets > 0) {
      --brackets;
    } else if (c == '>') {
      const bool ended = kind == Kind::kComment ? markup_.size() >= 7 && markup_.ends_with("-->")
                         : kind == Kind::kCdata ? markup_.ends_with("]]>")
                         : kind == Kind::kInstruction ? markup_.ends_with("?>")
                                                      : brackets == 0;
      if (ended) return true;
    }
  }
}

std::string_view XmlRecords::tag_name() const {
  const std::size_t from = markup_.starts_with("</") ? 2 : 1;
  std::size_t to = from;
  while (to < markup_.size() && !is_space(markup_[to]) && markup_[to] != '>' && markup_[to] != '/')
    ++to;
  return std::string_view(markup_).substr(from, to - from);
}

Result<void> XmlRecords::check_declaration() const {
  if (!markup_.starts_with("<?xml ")) return {};
  const std::string text = lower(markup_);
  const auto at = text.find("encoding=");
  if (at == std::string::npos) return {};
  const auto value = std::string_view(text).substr(std::min(at + 10, text.size()));
  if (value.starts_with("utf-8") || value.starts_with("us-ascii")) return {};
  return bad_field(markup_place_, "encoding", "must be UTF-8");
}

Result<bool> XmlRecords::next(XmlRecord& record) {
  std::string bytes;
  Place place;
  std::size_t inside = 0;  // open elements since the record's start
  for (;;) {
    const int byte = cursor_.peek();
    if (byte == ByteCursor::kEnd) {
      RESIDENCY_TRY_VOID(cursor_.status());
      if (open_ > 0) return bad_field(cursor_.place(), element_, "the file ends inside of it");
      return false;
    }
    if (byte != '<') {
      cursor_.get();
      if (inside == 0) continue;
      bytes.push_back(static_cast<char>(byte));
    } else {
      RESIDENCY_TRY([[maybe_unused]] const bool more, read_markup());
      const Kind kind = kind_of(markup_);
      if (kind == Kind::kInstruction) RESIDENCY_TRY_VOID(check_declaration());
      if (inside > 0) bytes.append(markup_);
      if (kind == Kind::kTag) {
        const bool closes = markup_.starts_with("</");
        const bool empty = !closes && markup_.ends_with("/>");
        if (closes && open_ == 0) return bad_field(markup_place_, "tag", "closes nothing");
        if (!closes && open_ == kDepthMax) return bad_field(markup_place_, "tag", "nests too deep");
        if (!closes && inside == 0 && tag_name() == element_) {
          bytes = markup_;
          place = markup_place_;
          if (!empty) inside = 1;
        } else if (inside > 0 && !empty) {
          inside = closes ? inside - 1 : inside + 1;
        }
        if (!empty) open_ = closes ? open_ - 1 : open_ + 1;
        if (inside == 0 && !bytes.empty()) break;
      }
    }
    if (bytes.size() > kRecordBytesMax) {
      return resource_exhausted(describe(place, element_, "too long"));
    }
  }
  record = {std::move(bytes), std::move(place)};
  return true;
}

Result<void> parse_record(const XmlRecord& record, pugi::xml_document& document) {
  const auto parsed =
      document.load_buffer(record.bytes.data(), record.bytes.size(),
                           pugi::parse_default | pugi::parse_ws_pcdata, pugi::encoding_utf8);
  if (parsed) return {};
  Place place = record.place;
  const auto at = std::min(static_cast<std::size_t>(parsed.offset), record.bytes.size());
  place.line += newlines(std::string_view(record.bytes).substr(0, at));
  return bad_field(place, "XML", parsed.description());
}

std::string xml_text(const pugi::xml_node& node) {
  std::string text;
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
      text.append(child.value());
    } else if (child.type() == pugi::node_element) {
      text.append(xml_text(child));
    }
  }
  return text;
}

Result<void> note_bad_node(ReadNotes& notes, const ReadOptions& options, const XmlRecord& record,
                           const pugi::xml_node& node, std::string_view field,
                           std::string_view what) {
  Place place = record.place;
  // Finding the line walks the record: not for problems that are only counted.
  if (options.strict || notes.problems.size() < ReadNotes::kProblemsMax) {
    const auto offset = node.offset_debug();
    const auto at =
        offset < 0 ? 0 : std::min(static_cast<std::size_t>(offset), record.bytes.size());
    place.line += newlines(std::string_view(record.bytes).substr(0, at));
  }
  return note_bad(notes, options, place, field, what);
}

}  // namespace residency::eval::corpora
