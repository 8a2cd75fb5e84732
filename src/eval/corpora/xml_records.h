// XML files cut into their records as they are read, so that no file need be held whole.
#pragma once

#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "eval/corpora/byte_source.h"

namespace residency::eval::corpora {

/// One element of the file with all it holds, as bytes.
struct XmlRecord {
  std::string bytes;
  Place place;  // of its start tag
};

/// Gives every element of one name that is not inside of another of that name. Comments, CDATA and
/// declarations are passed over; entity declarations are never expanded. kInvalidInput, naming the
/// line, where the file ends inside of an element, closes one too many, nests more than 64 deep or
/// declares an encoding other than UTF-8.
class XmlRecords {
 public:
  static constexpr std::size_t kDepthMax = 64;

  XmlRecords(ByteSource& source, std::string_view name, std::string_view element)
      : cursor_(source, name), element_(element) {}

  /// False at the end of the file.
  Result<bool> next(XmlRecord& record);

 private:
  Result<bool> read_markup();
  Result<void> check_declaration() const;
  std::string_view tag_name() const;

  ByteCursor cursor_;
  std::string element_;
  std::string markup_;  // the last that was read, from '<' to '>'
  Place markup_place_;
  std::size_t open_ = 0;  // elements
};

/// Parses a record. kInvalidInput, naming file and line, where it is not well-formed.
Result<void> parse_record(const XmlRecord& record, pugi::xml_document& document);

/// All text below a node, in order.
std::string xml_text(const pugi::xml_node& node);

/// note_bad() at a node of a record.
Result<void> note_bad_node(ReadNotes& notes, const ReadOptions& options, const XmlRecord& record,
                           const pugi::xml_node& node, std::string_view field,
                           std::string_view what);

}  // namespace residency::eval::corpora
