#include "eval/tags.h"

namespace residency::eval {
namespace {

constexpr std::string_view kPrefixes = "BIESLU";
constexpr std::string_view kNoType = "_";

struct Tag {
  char prefix = 'O';  // of BIESO
  std::string_view type = kNoType;
};

/// What is no tag, or has a prefix that is not in `allowed`, is outside.
Tag parse_tag(std::string_view tag, std::string_view allowed) {
  if (!is_tag(tag) || tag == "O" || allowed.find(tag[0]) == std::string_view::npos) return {};
  const char prefix = tag[0] == 'L' ? 'E' : tag[0] == 'U' ? 'S' : tag[0];
  return {prefix, tag.size() > 2 ? tag.substr(2) : kNoType};
}

/// Whether a chunk ended before `tag` (seqeval's end_of_chunk).
bool ends(const Tag& before, const Tag& tag) {
  if (before.prefix == 'O') return false;
  return before.prefix == 'E' || before.prefix == 'S' || tag.prefix == 'B' || tag.prefix == 'S' ||
         tag.prefix == 'O' || before.type != tag.type;
}

/// Whether a chunk begins at `tag` (seqeval's start_of_chunk).
bool starts(const Tag& before, const Tag& tag) {
  if (tag.prefix == 'O') return false;
  return tag.prefix == 'B' || tag.prefix == 'S' || before.prefix == 'E' || before.prefix == 'S' ||
         before.prefix == 'O' || before.type != tag.type;
}

std::vector<Chunk> lenient_chunks(const std::vector<std::string>& tags) {
  std::vector<Chunk> chunks;
  Tag before;
  std::size_t first = 0;
  for (std::size_t i = 0; i <= tags.size(); ++i) {
    const Tag tag = i == tags.size() ? Tag{} : parse_tag(tags[i], kPrefixes);
    if (ends(before, tag)) chunks.push_back({first, i - 1, std::string(before.type)});
    if (starts(before, tag)) first = i;
    before = tag;
  }
  return chunks;
}

std::vector<Chunk> strict_chunks(const std::vector<std::string>& tags, std::string_view allowed,
                                 bool must_close) {
  std::vector<Chunk> chunks;
  for (std::size_t i = 0; i < tags.size();) {
    const Tag first = parse_tag(tags[i], allowed);
    if (first.prefix != 'B' && first.prefix != 'S') {
      ++i;
      continue;
    }
    Tag last = first;
    std::size_t end = i + 1;
    while (end < tags.size() && (last.prefix == 'B' || last.prefix == 'I')) {
      const Tag tag = parse_tag(tags[end], allowed);
      if ((tag.prefix != 'I' && tag.prefix != 'E') || tag.type != first.type) break;
      last = tag;
      ++end;
    }
    if (!must_close || last.prefix == 'E' || last.prefix == 'S') {
      chunks.push_back({i, end - 1, std::string(first.type)});
    }
    i = end;
  }
  return chunks;
}

}  // namespace

bool is_tag(std::string_view tag) {
  if (tag == "O") return true;
  if (tag.empty() || kPrefixes.find(tag[0]) == std::string_view::npos) return false;
  return tag.size() == 1 || (tag.size() > 2 && tag[1] == '-');
}

std::vector<Chunk> tag_chunks(const std::vector<std::string>& tags, TagScheme scheme) {
  switch (scheme) {
    case TagScheme::kStrictIob2:
      return strict_chunks(tags, "BI", false);
    case TagScheme::kStrictIobes:
      return strict_chunks(tags, "BIES", true);
    case TagScheme::kStrictBilou:
      return strict_chunks(tags, "BILU", true);
    case TagScheme::kLenient:
      break;
  }
  return lenient_chunks(tags);
}

}  // namespace residency::eval
