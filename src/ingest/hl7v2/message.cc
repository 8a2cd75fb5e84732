#include "ingest/hl7v2/message.h"

#include <algorithm>
#include <fmt/format.h>

namespace residency::ingest {
namespace {

constexpr std::string_view kBatchSegments[] = {"FHS", "BHS", "BTS", "FTS"};

bool is_line_end(char c) { return c == '\r' || c == '\n'; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

void append_hex(std::string_view digits, std::string& out) {
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    const int high = hex_digit(digits[i]);
    const int low = hex_digit(digits[i + 1]);
    if (high < 0 || low < 0) return;
    const int byte = high * 16 + low;
    // Bytes beyond ASCII belong to a character set that is not known here.
    out += byte >= 0x80 ? '?' : static_cast<char>(byte);
  }
}

void append_meaning(std::string_view escape, const Hl7Delimiters& delimiters, std::string& out) {
  if (escape == "F") {
    out += delimiters.field;
  } else if (escape == "S") {
    out += delimiters.component;
  } else if (escape == "T") {
    out += delimiters.subcomponent;
  } else if (escape == "R") {
    out += delimiters.repetition;
  } else if (escape == "E") {
    out += delimiters.escape;
  } else if (escape.starts_with("X")) {
    append_hex(escape.substr(1), out);
  } else if (escape.starts_with(".br") || escape.starts_with(".sp") || escape.starts_with(".ce")) {
    out += '\n';
  } else if (escape.starts_with(".in") || escape.starts_with(".ti") || escape.starts_with(".sk")) {
    out += ' ';
  }
}

/// The next line from `at`, its end left out; `at` moves behind it.
std::string_view next_line(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && !is_line_end(text[at])) ++at;
  const std::string_view line = text.substr(begin, at - begin);
  if (at < text.size()) {
    if (text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n') ++at;
    ++at;
  }
  return line;
}

bool is_name(std::string_view name) {
  return name.size() == 3 && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

Result<void> read_delimiters(std::string_view line, Hl7Delimiters& delimiters) {
  if (line.size() < 8 || !line.starts_with("MSH"))
    return invalid_input("the message does not begin with MSH and its delimiters");
  delimiters.field = line[3];
  const std::string_view rest =
      line.substr(4, std::min(line.find(delimiters.field, 4), line.size()) - 4);
  if (rest.size() < 4) return invalid_input("MSH-2 has fewer than four delimiters");
  delimiters.component = rest[0];
  delimiters.repetition = rest[1];
  delimiters.escape = rest[2];
  delimiters.subcomponent = rest[3];
  std::string all{delimiters.field, rest[0], rest[1], rest[2], rest[3]};
  std::sort(all.begin(), all.end());
  const bool twice = std::adjacent_find(all.begin(), all.end()) != all.end();
  const bool word = std::any_of(all.begin(), all.end(), [](char c) {
    return c <= ' ' || c >= 0x7F || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z');
  });
  if (twice || word) return invalid_input("MSH-1 and MSH-2 are no delimiters");
  return {};
}

}  // namespace

const Hl7Segment* Hl7Message::first(std::string_view name) const {
  const auto found = std::find_if(segments.begin(), segments.end(),
                                  [&](const Hl7Segment& one) { return one.name() == name; });
  return found == segments.end() ? nullptr : &*found;
}

std::vector<std::string_view> hl7_split(std::string_view text, char delimiter) {
  std::vector<std::string_view> parts;
  for (std::size_t at = 0;;) {
    const std::size_t end = std::min(text.find(delimiter, at), text.size());
    parts.push_back(text.substr(at, end - at));
    if (end == text.size()) return parts;
    at = end + 1;
  }
}

std::string_view hl7_part(std::string_view text, char delimiter, std::size_t number) {
  for (std::size_t at = 0; number > 0; --number) {
    const std::size_t end = std::min(text.find(delimiter, at), text.size());
    if (number == 1) return text.substr(at, end - at);
    if (end == text.size()) break;
    at = end + 1;
  }
  return {};
}

Result<Hl7Message> parse_hl7(std::string_view text) {
  Hl7Message message;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = next_line(text, at);
    if (line.empty()) continue;
    ++number;
    if (number == 1) RESIDENCY_TRY_VOID(read_delimiters(line, message.delimiters));
    Hl7Segment segment;
    for (const std::string_view field : hl7_split(line, message.delimiters.field))
      segment.fields.emplace_back(field);
    if (!is_name(segment.name()))
      return invalid_input(
          fmt::format("segment {} has no name of three capitals or digits", number));
    if (segment.name() == "MSH")
      segment.fields.insert(segment.fields.begin() + 1, std::string(1, message.delimiters.field));
    message.segments.push_back(std::move(segment));
  }
  if (message.segments.empty()) return invalid_input("the message holds no segment");
  return message;
}

std::string to_er7(const Hl7Message& message) {
  std::string out;
  for (const Hl7Segment& segment : message.segments) {
    const bool header = segment.name() == "MSH";
    for (std::size_t i = 0; i < segment.fields.size(); ++i) {
      if (header && i == 1) continue;
      if (i > 0) out += message.delimiters.field;
      out += segment.fields[i];
    }
    while (!header && out.ends_with(message.delimiters.field)) out.pop_back();
    out += '\r';
  }
  return out;
}

std::string hl7_unescape(std::string_view text, const Hl7Delimiters& delimiters) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text[at] == delimiters.escape ? text.find(delimiters.escape, at + 1)
                                                          : std::string_view::npos;
    // A lone escape character is one that the sender forgot to escape.
    if (end == std::string_view::npos || end - at > 64) {
      out += text[at++];
      continue;
    }
    append_meaning(text.substr(at + 1, end - at - 1), delimiters, out);
    at = end + 1;
  }
  return out;
}

std::string hl7_escape(std::string_view text, const Hl7Delimiters& delimiters) {
  std::string out;
  out.reserve(text.size());
  const auto add = [&](std::string_view name) {
    out += delimiters.escape;
    out += name;
    out += delimiters.escape;
  };
  for (const char c : text) {
    if (c == delimiters.field) {
      add("F");
    } else if (c == delimiters.component) {
      add("S");
    } else if (c == delimiters.subcomponent) {
      add("T");
    } else if (c == delimiters.repetition) {
      add("R");
    } else if (c == delimiters.escape) {
      add("E");
    } else if (c == '\n') {
      add(".br");
    } else if (c == '\r') {
      continue;
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<Hl7Piece> split_hl7_file(std::string_view bytes) {
  constexpr std::string_view kFrame = "\x0B\x1C";
  std::vector<Hl7Piece> pieces;
  std::size_t begin = 0;  // of the open piece
  std::size_t begin_line = 1;
  const auto close = [&](std::size_t end) {
    const std::string_view text = bytes.substr(begin, end - begin);
    if (text.find_first_not_of(" \t\r\n\x0B\x1C") != std::string_view::npos)
      pieces.push_back({text, begin_line});
  };
  std::size_t line = 1;
  for (std::size_t at = 0; at < bytes.size(); ++line) {
    const std::size_t frames = std::min(bytes.find_first_not_of(kFrame, at), bytes.size()) - at;
    if (frames > 0 && at == begin) begin += frames;
    const std::size_t start = at + frames;
    std::size_t after = start;
    const std::string_view text = next_line(bytes, after);
    const bool batch = std::any_of(
        std::begin(kBatchSegments), std::end(kBatchSegments),
        [&](std::string_view name) { return text.starts_with(name) && text.size() > 3; });
    if (batch || text.starts_with("MSH") || frames > 0) {
      close(at);
      begin = batch ? after : start;
      begin_line = batch ? line + 1 : line;
    }
    at = after;
  }
  if (begin < bytes.size()) close(bytes.size());
  // A frame's end may stand at the end of a segment's line.
  for (Hl7Piece& piece : pieces) {
    while (!piece.text.empty() && kFrame.find(piece.text.back()) != std::string_view::npos)
      piece.text.remove_suffix(1);
  }
  return pieces;
}

}  // namespace residency::ingest
