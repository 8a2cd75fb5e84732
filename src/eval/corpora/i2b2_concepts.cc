#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "eval/corpora/folder.h"
#include "eval/corpora/i2b2.h"
#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"

namespace residency::eval::corpora {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Tokens of a text by line.
class LineTokens {
 public:
  explicit LineTokens(std::string_view text) {
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      auto& line = lines_.emplace_back();
      for (std::size_t i = at; i < end;) {
        if (is_space(text[i])) {
          ++i;
          continue;
        }
        const std::size_t from = i;
        while (i < end && !is_space(text[i])) ++i;
        line.push_back({from, i});
      }
      at = end + 1;
    }
  }

  std::optional<ByteRange> token(std::uint64_t line, std::uint64_t index) const {
    if (line == 0 || line > lines_.size()) return std::nullopt;
    const auto& tokens = lines_[static_cast<std::size_t>(line - 1)];
    if (index >= tokens.size()) return std::nullopt;
    return tokens[static_cast<std::size_t>(index)];
  }

 private:
  std::vector<std::vector<ByteRange>> lines_;
};

/// c="WORDS" LINE:TOKEN LINE:TOKEN
struct Mention {
  std::string_view words;
  std::array<std::uint64_t, 4> numbers{};  // line, token, line, token
};

std::optional<Mention> parse_mention(std::string_view text) {
  const auto quote = text.rfind('"');
  if (!text.starts_with("c=\"") || quote < 3 || quote == std::string_view::npos) return {};
  Mention mention;
  mention.words = text.substr(3, quote - 3);
  const auto places = split(text.substr(quote + 1), ' ');
  if (places.size() != 3 || !places[0].empty()) return {};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto numbers = split(places[i + 1], ':');
    if (numbers.size() != 2) return {};
    for (std::size_t j = 0; j < 2; ++j) {
      const auto number = parse_number(numbers[j]);
      if (!number) return {};
      mention.numbers[2 * i + j] = *number;
    }
  }
  return mention;
}

/// t="TYPE": TYPE.
std::optional<std::string_view> parse_value(std::string_view text, char key) {
  if (text.size() < 5 || text[0] != key || text[1] != '=' || text[2] != '"' || text.back() != '"') {
    return std::nullopt;
  }
  return text.substr(3, text.size() - 4);
}

/// Cut at "||".
std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const auto at = line.find("||");
    fields.push_back(line.substr(0, at));
    if (at == std::string_view::npos) return fields;
    line.remove_prefix(at + 2);
  }
}

class ConceptReader {
 public:
  ConceptReader(Document& document, ReadNotes& notes, const ReadOptions& options)
      : document_(document), notes_(notes), options_(options), tokens_(document.text) {}

  Result<void> add_concept(const Place& place, std::string_view line) {
    const auto fields = fields_of(line);
    const auto mention = parse_mention(fields[0]);
    if (!mention) return bad(place, "c", "must be c=\"…\" LINE:TOKEN LINE:TOKEN");
    const auto type = fields.size() < 2 ? std::nullopt : parse_value(fields[1], 't');
    if (!type) return bad(place, "t", "missing");
    const auto range = range_of(*mention);
    if (!range) return bad(place, "c", "no such tokens in the text");
    Entity entity;
    entity.parts = {*range};
    if (!same_words(covered_text(document_.text, entity.parts), mention->words, true)) {
      return bad(place, "c", "the text has other words at these tokens");
    }
    entity.id = "C" + std::to_string(document_.entities.size() + 1);
    entity.type = *type;
    known_.emplace(*range, entity.id);
    document_.entities.push_back(std::move(entity));
    return {};
  }

  Result<void> add_relation(const Place& place, std::string_view line) {
    const auto fields = fields_of(line);
    if (fields.size() != 3) return bad(place, "columns", "must be three");
    const auto type = parse_value(fields[1], 'r');
    if (!type) return bad(place, "r", "missing");
    Relation relation;
    relation.type = *type;
    for (const std::size_t field : {0, 2}) {
      const auto mention = parse_mention(fields[field]);
      const auto range = mention ? range_of(*mention) : std::nullopt;
      const auto entity = range ? known_.find(*range) : known_.end();
      if (entity == known_.end()) return bad(place, "c", "no such concept");
      relation.arguments.emplace_back(field == 0 ? "Arg1" : "Arg2", entity->second);
    }
    document_.relations.push_back(std::move(relation));
    return {};
  }

 private:
  Result<void> bad(const Place& place, std::string_view field, std::string_view what) {
    return note_bad(notes_, options_, place, field, what);
  }

  std::optional<ByteRange> range_of(const Mention& mention) const {
    const auto first = tokens_.token(mention.numbers[0], mention.numbers[1]);
    const auto last = tokens_.token(mention.numbers[2], mention.numbers[3]);
    if (!first || !last || last->end <= first->begin) return std::nullopt;
    return ByteRange{first->begin, last->end};
  }

  Document& document_;
  ReadNotes& notes_;
  const ReadOptions& options_;
  LineTokens tokens_;
  std::map<ByteRange, std::string> known_;
};

}  // namespace

Result<Corpus<Document>> read_i2b2_concepts(std::string_view id, std::string text,
                                            ByteSource& concepts, std::string_view name,
                                            ByteSource* relations, const ReadOptions& options) {
  Corpus<Document> corpus;
  Document document;
  document.id = id;
  document.text = std::move(text);
  ConceptReader reader(document, corpus.notes, options);
  const auto each_line = [&](ByteSource& source, std::string_view file, auto add) -> Result<void> {
    LineReader lines(source, file);
    std::string line;
    for (;;) {
      RESIDENCY_TRY(const bool more, lines.next(line));
      if (!more) return {};
      if (!line.empty()) RESIDENCY_TRY_VOID(add(lines.place(), line));
    }
  };
  RESIDENCY_TRY_VOID(each_line(concepts, name, [&](const Place& place, std::string_view line) {
    return reader.add_concept(place, line);
  }));
  if (relations != nullptr) {
    const std::string file = stem(name, ".con") + ".rel";
    RESIDENCY_TRY_VOID(each_line(*relations, file, [&](const Place& place, std::string_view line) {
      return reader.add_relation(place, line);
    }));
  }
  RESIDENCY_TRY_VOID(add_record(corpus, std::move(document), {std::string(name), 1}));
  return corpus;
}

Result<Corpus<Document>> read_i2b2_folder(Env& env, const std::string& folder,
                                          const ReadOptions& options) {
  RESIDENCY_TRY(const auto concepts, files_below(env, folder, ".con"));
  std::map<std::string, std::string> texts;
  std::map<std::string, std::string> relations;
  RESIDENCY_TRY(const auto text_files, files_below(env, folder, ".txt"));
  for (const std::string& file : text_files) texts.emplace(stem(file, ".txt"), file);
  const auto relation_files = files_below(env, folder, ".rel");
  if (relation_files.ok()) {
    for (const std::string& file : *relation_files) relations.emplace(stem(file, ".rel"), file);
  }
  Corpus<Document> all;
  for (const std::string& file : concepts) {
    const std::string id = stem(file, ".con");
    const auto text_file = texts.find(id);
    if (text_file == texts.end()) {
      RESIDENCY_TRY_VOID(note_bad(all.notes, options, {file, 1}, "text", "no .txt of this name"));
      continue;
    }
    RESIDENCY_TRY(auto text, env.read_file(text_file->second, kRecordBytesMax));
    RESIDENCY_TRY(const auto source, file_bytes(env, file));
    std::unique_ptr<ByteSource> relation_source;
    if (const auto found = relations.find(id); found != relations.end()) {
      RESIDENCY_TRY(relation_source, file_bytes(env, found->second));
    }
    RESIDENCY_TRY(auto part, read_i2b2_concepts(id, std::move(text), *source, file,
                                                relation_source.get(), options));
    RESIDENCY_TRY_VOID(append(all, std::move(part)));
  }
  return all;
}

}  // namespace residency::eval::corpora
