#include "eval/corpora/pubtator.h"

#include <optional>

#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"

namespace residency::eval::corpora {
namespace {

constexpr std::size_t kMentionColumns = 6;
constexpr std::size_t kRelationColumns = 4;

struct Block {
  std::vector<std::pair<Place, std::string>> lines;
  std::size_t bytes = 0;
};

std::vector<std::string> concepts_of(std::string_view column) {
  std::vector<std::string> concepts;
  for (const std::string_view piece : split(column, '|')) {
    if (!piece.empty() && piece != "-1" && piece != "-") concepts.emplace_back(piece);
  }
  return concepts;
}

/// "ID|t|text": the text, where the line is of that kind.
std::optional<std::string_view> text_line(std::string_view line, char kind, std::string_view& id) {
  const auto bar = line.find('|');
  if (bar == std::string_view::npos || bar + 3 > line.size() || line[bar + 1] != kind ||
      line[bar + 2] != '|' || line.substr(0, bar).find('\t') != std::string_view::npos) {
    return std::nullopt;
  }
  id = line.substr(0, bar);
  return line.substr(bar + 3);
}

class BlockReader {
 public:
  BlockReader(Corpus<Document>& corpus, const ReadOptions& options)
      : corpus_(corpus), options_(options) {}

  Result<void> read(const Block& block) {
    const Place& first = block.lines.front().first;
    std::string_view id;
    std::string_view abstract_id;
    const auto title = text_line(block.lines[0].second, 't', id);
    if (!title || id.empty()) return bad(first, "title", "the block does not begin with 'ID|t|'");
    const auto abstract =
        block.lines.size() < 2 ? std::nullopt : text_line(block.lines[1].second, 'a', abstract_id);
    if (!abstract || abstract_id != id) {
      return bad(first, "abstract", "no 'ID|a|' line of the same id after the title");
    }
    Document document;
    document.id = id;
    document.text.append(*title).append(" ").append(*abstract);
    const TextOffsets offsets(document.text, OffsetUnit::kCodePoints);
    for (std::size_t i = 2; i < block.lines.size(); ++i) {
      const auto& [place, line] = block.lines[i];
      const auto columns = split(line, '\t');
      if (columns[0] != document.id) {
        RESIDENCY_TRY_VOID(bad(place, "id", "not the document's"));
      } else if (columns.size() == kRelationColumns) {
        document.relations.push_back(
            {std::string(columns[1]),
             {{"Chemical", std::string(columns[2])}, {"Disease", std::string(columns[3])}}});
      } else {
        RESIDENCY_TRY_VOID(read_mention(place, columns, offsets, document));
      }
    }
    return add_record(corpus_, std::move(document), first);
  }

 private:
  Result<void> bad(const Place& place, std::string_view field, std::string_view what) {
    return note_bad(corpus_.notes, options_, place, field, what);
  }

  Result<void> read_mention(const Place& place, const std::vector<std::string_view>& columns,
                            const TextOffsets& offsets, Document& document) {
    if (columns.size() < kMentionColumns - 1) return bad(place, "columns", "too few");
    const auto begin = parse_number(columns[1]);
    const auto end = parse_number(columns[2]);
    if (!begin || !end) return bad(place, "offset", "must be a number");
    const auto range = offsets.range(*begin, *end);
    if (!range) return bad(place, "offset", "outside of the text");
    if (columns[4].empty()) return bad(place, "type", "empty");
    Entity entity;
    entity.parts = {*range};
    if (!same_words(covered_text(document.text, entity.parts), columns[3])) {
      return bad(place, "mention", "the text has other words at its offsets");
    }
    entity.id = "T" + std::to_string(document.entities.size() + 1);
    entity.type = columns[4];
    if (columns.size() >= kMentionColumns) entity.concepts = concepts_of(columns[5]);
    document.entities.push_back(std::move(entity));
    return {};
  }

  Corpus<Document>& corpus_;
  const ReadOptions& options_;
};

}  // namespace

Result<Corpus<Document>> read_pubtator(ByteSource& source, std::string_view name,
                                       const ReadOptions& options) {
  Corpus<Document> corpus;
  BlockReader reader(corpus, options);
  LineReader lines(source, name);
  Block block;
  std::string line;
  for (bool more = true; more;) {
    RESIDENCY_TRY(more, lines.next(line));
    if (more && !line.empty()) {
      block.bytes += line.size() + 1;
      if (block.bytes > kRecordBytesMax) {
        return resource_exhausted(describe(lines.place(), "document", "too long"));
      }
      block.lines.emplace_back(lines.place(), line);
      continue;
    }
    if (!block.lines.empty()) RESIDENCY_TRY_VOID(reader.read(block));
    block = {};
  }
  return corpus;
}

}  // namespace residency::eval::corpora
