#include "eval/corpora/brat.h"

#include <map>

#include "eval/corpora/folder.h"
#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"

namespace residency::eval::corpora {
namespace {

struct Line {
  Place place;
  std::string text;
};

class BratReader {
 public:
  BratReader(Document& document, ReadNotes& notes, const ReadOptions& options)
      : document_(document),
        notes_(notes),
        options_(options),
        offsets_(document.text, OffsetUnit::kCodePoints) {}

  Result<void> add_entity(const Line& line) {
    const auto columns = split(line.text, '\t');
    if (columns.size() < 3) return bad(line, "columns", "too few for an entity");
    const auto space = columns[1].find(' ');
    if (space == std::string_view::npos || space == 0) return bad(line, "type", "missing");
    const auto ranges = parse_ranges(columns[1].substr(space + 1), ' ');
    if (!ranges) return bad(line, "offset", "must be 'BEGIN END', parted by ';'");
    Entity entity;
    for (const auto& [begin, end] : *ranges) {
      const auto range = offsets_.range(begin, end);
      if (!range) return bad(line, "offset", "outside of the text");
      entity.parts.push_back(*range);
    }
    if (!order_parts(entity.parts)) return bad(line, "offset", "parts overlap");
    if (!same_words(covered_text(document_.text, entity.parts), columns[2])) {
      return bad(line, "text", "the document has other words at its offsets");
    }
    entity.id = columns[0];
    entity.type = columns[1].substr(0, space);
    if (!known_.emplace(entity.id, document_.entities.size()).second) {
      return bad(line, "id", "given twice");
    }
    document_.entities.push_back(std::move(entity));
    return {};
  }

  void name_event(const Line& line) {
    const auto columns = split(line.text, '\t');
    if (columns.size() < 2) return;
    const auto words = split(columns[1], ' ');
    const auto colon = words[0].find(':');
    if (colon != std::string_view::npos) {
      events_.emplace(columns[0], words[0].substr(colon + 1));
    }
  }

  /// R: "TYPE ROLE:ID ROLE:ID"; E: "TYPE:TRIGGER ROLE:ID ..."; *: "TYPE ID ID ...".
  Result<void> add_relation(const Line& line) {
    const auto columns = split(line.text, '\t');
    if (columns.size() < 2) return bad(line, "columns", "too few for a relation");
    const bool event = columns[0][0] == 'E';
    Relation relation;
    for (const std::string_view word : split(columns[1], ' ')) {
      if (word.empty()) continue;
      const auto colon = word.find(':');
      const std::string_view left = word.substr(0, colon);
      const auto right = colon == std::string_view::npos ? left : word.substr(colon + 1);
      if (relation.type.empty()) {
        relation.type = left;
        if (!event) continue;
        RESIDENCY_TRY_VOID(add_argument(line, "Trigger", right, relation));
      } else {
        RESIDENCY_TRY_VOID(
            add_argument(line, colon == std::string_view::npos ? "Arg" : left, right, relation));
      }
    }
    if (relation.type.empty()) return bad(line, "type", "missing");
    if (relation.arguments.empty()) return bad(line, "arguments", "none is an entity");
    document_.relations.push_back(std::move(relation));
    return {};
  }

  /// N: "Reference T1 RESOURCE:ID".
  Result<void> add_concept(const Line& line) {
    const auto columns = split(line.text, '\t');
    const auto words =
        columns.size() < 2 ? std::vector<std::string_view>{} : split(columns[1], ' ');
    if (words.size() < 3) return bad(line, "columns", "too few for a normalization");
    const auto entity = known_.find(words[1]);
    if (entity == known_.end()) return bad(line, "target", "no such entity");
    document_.entities[entity->second].concepts.emplace_back(words[2]);
    return {};
  }

  Result<void> bad(const Line& line, std::string_view field, std::string_view what) {
    return note_bad(notes_, options_, line.place, field, what);
  }

 private:
  Result<void> add_argument(const Line& line, std::string_view role, std::string_view id,
                            Relation& relation) {
    if (const auto event = events_.find(id); event != events_.end()) id = event->second;
    if (known_.find(id) == known_.end()) return bad(line, "argument", "no such entity");
    relation.arguments.emplace_back(role, id);
    return {};
  }

  Document& document_;
  ReadNotes& notes_;
  const ReadOptions& options_;
  TextOffsets offsets_;
  std::map<std::string, std::size_t, std::less<>> known_;
  std::map<std::string, std::string, std::less<>> events_;  // id to trigger
};

}  // namespace

Result<Corpus<Document>> read_brat(std::string_view id, std::string text, ByteSource& annotations,
                                   std::string_view name, const ReadOptions& options) {
  Corpus<Document> corpus;
  Document document;
  document.id = id;
  document.text = std::move(text);
  BratReader reader(document, corpus.notes, options);
  LineReader lines(annotations, name);
  std::vector<Line> later;  // may name entities that stand below them
  std::size_t bytes = 0;
  std::string line;
  for (;;) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) break;
    bytes += line.size() + 1;
    if (bytes > kRecordBytesMax) {
      return resource_exhausted(describe(lines.place(), "document", "too long"));
    }
    if (line.empty()) continue;
    const Line placed{lines.place(), line};
    if (line[0] == 'T') {
      RESIDENCY_TRY_VOID(reader.add_entity(placed));
    } else if (line[0] == 'R' || line[0] == 'E' || line[0] == '*' || line[0] == 'N') {
      if (line[0] == 'E') reader.name_event(placed);
      later.push_back(placed);
    } else if (line[0] != 'A' && line[0] != 'M' && line[0] != '#') {
      RESIDENCY_TRY_VOID(reader.bad(placed, "id", "not one of T R E N A M * #"));
    }
  }
  for (const Line& placed : later) {
    RESIDENCY_TRY_VOID(placed.text[0] == 'N' ? reader.add_concept(placed)
                                             : reader.add_relation(placed));
  }
  RESIDENCY_TRY_VOID(add_record(corpus, std::move(document), {std::string(name), 1}));
  return corpus;
}

Result<Corpus<Document>> read_brat_folder(Env& env, const std::string& folder,
                                          const ReadOptions& options) {
  RESIDENCY_TRY(const auto files, files_below(env, folder, ".ann"));
  Corpus<Document> all;
  for (const std::string& file : files) {
    const std::string text_path = file.substr(0, file.size() - 4) + ".txt";
    if (!env.exists(text_path)) {
      RESIDENCY_TRY_VOID(note_bad(all.notes, options, {file, 1}, "text", "no .txt beside it"));
      continue;
    }
    RESIDENCY_TRY(auto text, env.read_file(text_path, kRecordBytesMax));
    RESIDENCY_TRY(const auto source, file_bytes(env, file));
    RESIDENCY_TRY(auto part,
                  read_brat(stem(file, ".ann"), std::move(text), *source, file, options));
    RESIDENCY_TRY_VOID(append(all, std::move(part)));
  }
  return all;
}

}  // namespace residency::eval::corpora
