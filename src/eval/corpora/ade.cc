#include "eval/corpora/ade.h"

#include <algorithm>
#include <map>
#include <optional>

#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"

namespace residency::eval::corpora {
namespace {

constexpr std::size_t kColumns = 8;
/// Places at which one word is looked for; a sentence has no more.
constexpr std::size_t kPlacesMax = 64;

bool is_pmid(std::string_view text) {
  return !text.empty() && text.size() <= 10 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Where `words` stand in `text`; those that are whole words first.
std::vector<std::size_t> places_of(std::string_view words, std::string_view text) {
  std::vector<std::size_t> whole;
  std::vector<std::size_t> parts;
  for (auto at = text.find(words); at != std::string_view::npos; at = text.find(words, at + 1)) {
    const auto end = at + words.size();
    const bool inside = (at > 0 && is_word(text[at - 1]) && is_word(text[at])) ||
                        (end < text.size() && is_word(text[end]) && is_word(text[end - 1]));
    (inside ? parts : whole).push_back(at);
    if (whole.size() + parts.size() == kPlacesMax) break;
  }
  whole.insert(whole.end(), parts.begin(), parts.end());
  return whole;
}

struct Line {
  std::string_view pmid, sentence, effect, drug;
  std::int64_t distance = 0;  // from the drug's begin to the effect's
};

class RelationReader {
 public:
  RelationReader(Corpus<Document>& corpus, const ReadOptions& options)
      : corpus_(corpus), options_(options) {}

  Result<void> read(std::string_view text, const Place& place) {
    const auto columns = split(text, '|');
    if (columns.size() != kColumns) return bad(place, "columns", "must be eight");
    Line line{columns[0], columns[1], columns[2], columns[5], 0};
    if (!is_pmid(line.pmid)) return bad(place, "pmid", "must be a PubMed number");
    if (line.sentence.empty()) return bad(place, "sentence", "empty");
    for (const std::size_t i : {3u, 4u, 6u, 7u}) {
      if (!parse_number(columns[i])) return bad(place, "offset", "must be a number");
    }
    line.distance = static_cast<std::int64_t>(*parse_number(columns[3])) -
                    static_cast<std::int64_t>(*parse_number(columns[6]));
    if (line.effect.empty()) return bad(place, "effect", "empty");
    if (line.drug.empty()) return bad(place, "drug", "empty");
    const auto effects = places_of(line.effect, line.sentence);
    const auto drugs = places_of(line.drug, line.sentence);
    if (effects.empty()) return bad(place, "effect", "not in its sentence");
    if (drugs.empty()) return bad(place, "drug", "not in its sentence");
    std::pair<std::size_t, std::size_t> best{effects.front(), drugs.front()};
    for (const std::size_t effect : effects) {
      for (const std::size_t drug : drugs) {
        const auto distance = static_cast<std::int64_t>(effect) - static_cast<std::int64_t>(drug);
        if (distance == line.distance) best = {effect, drug};
      }
    }
    return add(line, best.first, best.second, place);
  }

 private:
  Result<void> bad(const Place& place, std::string_view field, std::string_view what) {
    return note_bad(corpus_.notes, options_, place, field, what);
  }

  Result<void> add(const Line& line, std::size_t effect, std::size_t drug, const Place& place) {
    const auto key = std::make_pair(std::string(line.pmid), std::string(line.sentence));
    const auto [known, fresh] = sentences_.try_emplace(key, corpus_.records.size());
    if (fresh) {
      Document document;
      document.id = key.first + "#" + std::to_string(++counts_[key.first]);
      document.text = key.second;
      RESIDENCY_TRY_VOID(add_record(corpus_, std::move(document), place));
    }
    Document& document = corpus_.records[known->second];
    const std::string of_effect = mention(document, kAdeEffect, effect, line.effect.size());
    const std::string of_drug = mention(document, kAdeDrug, drug, line.drug.size());
    document.relations.push_back(
        {"adverse_effect",
         {{std::string(kAdeDrug), of_drug}, {std::string(kAdeEffect), of_effect}}});
    return {};
  }

  /// The id of the mention, which is made where it is not there.
  static std::string mention(Document& document, std::string_view type, std::size_t begin,
                             std::size_t length) {
    const ByteRange range{begin, begin + length};
    for (const Entity& entity : document.entities) {
      if (entity.type == type && entity.parts.front() == range) return entity.id;
    }
    Entity entity;
    entity.id = "T" + std::to_string(document.entities.size() + 1);
    entity.type = type;
    entity.parts = {range};
    document.entities.push_back(std::move(entity));
    return document.entities.back().id;
  }

  Corpus<Document>& corpus_;
  const ReadOptions& options_;
  std::map<std::pair<std::string, std::string>, std::size_t> sentences_;
  std::map<std::string, std::size_t> counts_;
};

}  // namespace

Result<Corpus<Document>> read_ade_relations(ByteSource& source, std::string_view name,
                                            const ReadOptions& options) {
  Corpus<Document> corpus;
  RelationReader reader(corpus, options);
  LineReader lines(source, name);
  std::string line;
  for (;;) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) return corpus;
    if (!line.empty()) RESIDENCY_TRY_VOID(reader.read(line, lines.place()));
  }
}

Result<Corpus<Document>> read_ade_negatives(ByteSource& source, std::string_view name,
                                            const ReadOptions& options) {
  Corpus<Document> corpus;
  std::map<std::string, std::size_t, std::less<>> counts;
  LineReader lines(source, name);
  std::string line;
  for (;;) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) return corpus;
    if (line.empty()) continue;
    const std::string_view text = line;
    const auto space = text.find(' ');
    const std::string_view pmid = text.substr(0, space);
    const std::string_view rest = space == std::string_view::npos ? "" : text.substr(space + 1);
    std::string_view field;
    if (!is_pmid(pmid)) {
      field = "pmid";
    } else if (!rest.starts_with("NEG ")) {
      field = "NEG";
    } else if (rest.find_first_not_of(' ', 4) == std::string_view::npos) {
      field = "sentence";
    }
    if (!field.empty()) {
      RESIDENCY_TRY_VOID(
          note_bad(corpus.notes, options, lines.place(), field, "the line is 'PMID NEG sentence'"));
      continue;
    }
    Document document;
    document.id = std::string(pmid) + "#neg-" + std::to_string(++counts[std::string(pmid)]);
    document.text = rest.substr(4);
    RESIDENCY_TRY_VOID(add_record(corpus, std::move(document), lines.place()));
  }
}

}  // namespace residency::eval::corpora
