// Hl7Message: an HL7 v2 message in its ER7 form (HL7 v2.5.1, chapter 2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace residency::ingest {

/// What parts a message into fields and below; MSH-1 and MSH-2 say.
struct Hl7Delimiters {
  char field = '|';
  char component = '^';
  char repetition = '~';
  char escape = '\\';
  char subcomponent = '&';
};

/// fields[0] is the segment's name, fields[n] its field n as it stands. In MSH, fields[1] is the
/// field separator and fields[2] the other delimiters.
struct Hl7Segment {
  std::vector<std::string> fields;

  std::string_view name() const { return fields.empty() ? std::string_view() : fields[0]; }
  /// Field `number`, "" where there is none.
  std::string_view field(std::size_t number) const {
    return number < fields.size() ? std::string_view(fields[number]) : std::string_view();
  }
};

struct Hl7Message {
  Hl7Delimiters delimiters;
  std::vector<Hl7Segment> segments;  // the first is MSH

  const Hl7Segment* first(std::string_view name) const;
};

/// Reads a message whose segments end in CR, LF or both. kInvalidInput where it does not begin with
/// MSH and its delimiters, or where a segment's name is not three capitals or digits; the message
/// names the segment's number, never a value.
Result<Hl7Message> parse_hl7(std::string_view text);

/// The message with CR after each segment.
std::string to_er7(const Hl7Message& message);

/// The parts of `text` between `delimiter`s; one at least.
std::vector<std::string_view> hl7_split(std::string_view text, char delimiter);
/// Part `number` (from 1) of `text`, "" where there is none.
std::string_view hl7_part(std::string_view text, char delimiter, std::size_t number);

/// The text that escapes stand for: \F\ \S\ \T\ \R\ \E\ \Xhh\ and, of formatted text, \.br\ and
/// \.sp\ as line ends; highlighting and what is unknown is left out.
std::string hl7_unescape(std::string_view text, const Hl7Delimiters& delimiters);
/// Text with its delimiters and line ends escaped.
std::string hl7_escape(std::string_view text, const Hl7Delimiters& delimiters);

/// The messages of a file, in order: bytes between MLLP's frames, or from one line that begins with
/// MSH to the next. Batch headers and trailers (FHS, BHS, BTS, FTS) are left out. What stands
/// before the first MSH is a piece of its own, if it is more than white space.
struct Hl7Piece {
  std::string_view text;
  std::size_t line = 1;  // where it begins, 1-based; lines end in CR, LF or both
};
std::vector<Hl7Piece> split_hl7_file(std::string_view bytes);

}  // namespace residency::ingest
