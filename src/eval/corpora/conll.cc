#include "eval/corpora/conll.h"

#include "eval/corpora/read_notes.h"
#include "eval/tags.h"

namespace residency::eval::corpora {
namespace {

constexpr std::string_view kDocumentStart = "-DOCSTART-";
constexpr std::string_view kMedlineStart = "###MEDLINE:";
constexpr std::string_view kColumnSpace = "\t ";

struct Sentence {
  Document document;
  std::vector<std::string> tags;
  Place place;       // of its first line
  Place bad;         // of its first bad line
  std::string what;  // is wrong with that; "" where nothing is
};

void add_line(Sentence& sentence, std::string_view line, const Place& place) {
  const auto token_end = line.find_first_of(kColumnSpace);
  const auto tag_begin = line.find_last_of(kColumnSpace);
  std::string_view what;
  if (token_end == std::string_view::npos || tag_begin + 1 == line.size()) {
    what = "no tag";
  } else if (token_end == 0) {
    what = "no token";
  } else if (!is_tag(line.substr(tag_begin + 1))) {
    what = "not O, nor a prefix of BIESLU with a type";
  } else {
    std::string& text = sentence.document.text;
    if (!text.empty()) text.push_back(' ');
    const std::size_t begin = text.size();
    text.append(line.substr(0, token_end));
    sentence.document.tokens.push_back({begin, text.size()});
    sentence.tags.emplace_back(line.substr(tag_begin + 1));
  }
  if (!what.empty() && sentence.what.empty()) {
    sentence.bad = place;
    sentence.what = what;
  }
}

Document finish(Sentence& sentence) {
  Document document = std::move(sentence.document);
  for (const Chunk& chunk : tag_chunks(sentence.tags)) {
    Entity entity;
    entity.id = "T" + std::to_string(document.entities.size() + 1);
    entity.type = chunk.type;
    entity.parts = {{document.tokens[chunk.first].begin, document.tokens[chunk.last].end}};
    document.entities.push_back(std::move(entity));
  }
  return document;
}

}  // namespace

Result<Corpus<Document>> read_conll(ByteSource& source, std::string_view name,
                                    const ReadOptions& options) {
  Corpus<Document> corpus;
  LineReader lines(source, name);
  std::string file(name.substr(name.find_last_of('/') + 1));
  std::string id = file;
  std::size_t number = 0;
  std::size_t bytes = 0;
  Sentence sentence;
  std::string line;
  for (bool more = true; more;) {
    RESIDENCY_TRY(more, lines.next(line));
    const bool marks = line.starts_with(kDocumentStart) || line.starts_with(kMedlineStart);
    if (!more || marks || line.find_first_not_of(kColumnSpace) == std::string::npos) {
      if (!sentence.what.empty()) {
        RESIDENCY_TRY_VOID(note_bad(corpus.notes, options, sentence.bad, "columns", sentence.what));
      } else if (!sentence.tags.empty()) {
        sentence.document.id = id + "#" + std::to_string(++number);
        const Place place = sentence.place;
        RESIDENCY_TRY_VOID(add_record(corpus, finish(sentence), place));
      }
      sentence = {};
      bytes = 0;
      if (marks) number = 0;
      if (marks) id = line.starts_with(kMedlineStart) ? line.substr(3) : file;
      continue;
    }
    if (sentence.tags.empty()) sentence.place = lines.place();
    bytes += line.size();
    if (bytes > kRecordBytesMax) {
      return resource_exhausted(describe(lines.place(), "sentence", "too long"));
    }
    add_line(sentence, line, lines.place());
  }
  return corpus;
}

}  // namespace residency::eval::corpora
