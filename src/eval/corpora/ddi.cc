#include "eval/corpora/ddi.h"

#include <algorithm>
#include <array>
#include <map>

#include "eval/corpora/folder.h"
#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"
#include "eval/corpora/xml_records.h"

namespace residency::eval::corpora {
namespace {

constexpr std::array<std::string_view, 4> kTypes = {"advise", "effect", "mechanism", "int"};

class DocumentReader {
 public:
  DocumentReader(const XmlRecord& record, Corpus<PairSentence>& corpus, const ReadOptions& options)
      : record_(record), corpus_(corpus), options_(options) {}

  Result<void> read() {
    pugi::xml_document xml;
    if (const auto parsed = parse_record(record_, xml); !parsed.ok()) {
      return note_bad(corpus_.notes, options_, record_.place, "document", parsed.error().message());
    }
    const pugi::xml_node root = xml.document_element();
    const std::string id = root.attribute("id").value();
    for (const pugi::xml_node& node : root.children("sentence")) {
      PairSentence sentence;
      sentence.id = node.attribute("id").value();
      sentence.document = id;
      sentence.text = node.attribute("text").value();
      if (!node.attribute("text") || sentence.id.empty()) {
        RESIDENCY_TRY_VOID(bad(node, sentence.id.empty() ? "id" : "text", "missing"));
        continue;
      }
      std::map<std::string, std::size_t> entities;
      RESIDENCY_TRY_VOID(add_entities(node, sentence, entities));
      RESIDENCY_TRY_VOID(add_pairs(node, sentence, entities));
      RESIDENCY_TRY_VOID(add_record(corpus_, std::move(sentence), record_.place));
    }
    return {};
  }

 private:
  Result<void> bad(const pugi::xml_node& node, std::string_view field, std::string_view what) {
    return note_bad_node(corpus_.notes, options_, record_, node, field, what);
  }

  Result<void> add_entities(const pugi::xml_node& sentence_node, PairSentence& sentence,
                            std::map<std::string, std::size_t>& entities) {
    const TextOffsets offsets(sentence.text, OffsetUnit::kUtf16);
    for (const pugi::xml_node& node : sentence_node.children("entity")) {
      Entity entity;
      entity.id = node.attribute("id").value();
      entity.type = node.attribute("type").value();
      if (entity.id.empty() || entities.count(entity.id) > 0) {
        RESIDENCY_TRY_VOID(bad(node, "id", "missing, or given twice"));
        continue;
      }
      const auto ranges = parse_ranges(node.attribute("charOffset").value(), '-');
      bool inside = ranges.has_value();
      for (std::size_t i = 0; inside && i < ranges->size(); ++i) {
        const auto [begin, last] = (*ranges)[i];
        const auto range = last >= offsets.size() ? std::nullopt : offsets.range(begin, last + 1);
        inside = range.has_value();
        if (inside) entity.parts.push_back(*range);
      }
      if (!inside || !order_parts(entity.parts)) {
        RESIDENCY_TRY_VOID(bad(node, "charOffset", "no range inside of the sentence"));
        continue;
      }
      if (!same_words(covered_text(sentence.text, entity.parts), node.attribute("text").value(),
                      true)) {
        // Kept: the pairs that name it are gold all the same.
        RESIDENCY_TRY_VOID(bad(node, "text", "the sentence has other words at its offsets"));
      }
      entities.emplace(entity.id, sentence.entities.size());
      sentence.entities.push_back(std::move(entity));
    }
    return {};
  }

  Result<void> add_pairs(const pugi::xml_node& sentence_node, PairSentence& sentence,
                         const std::map<std::string, std::size_t>& entities) {
    for (const pugi::xml_node& node : sentence_node.children("pair")) {
      const auto first = entities.find(node.attribute("e1").value());
      const auto second = entities.find(node.attribute("e2").value());
      if (first == entities.end() || second == entities.end()) {
        RESIDENCY_TRY_VOID(bad(node, first == entities.end() ? "e1" : "e2", "no such entity"));
        continue;
      }
      const std::string_view holds = node.attribute("ddi").value();
      const std::string_view type = node.attribute("type").value();
      if (holds != "true" && holds != "false") {
        RESIDENCY_TRY_VOID(bad(node, "ddi", "must be true or false"));
        continue;
      }
      if (holds == "true" && std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end()) {
        RESIDENCY_TRY_VOID(bad(node, "type", "must be advise, effect, mechanism or int"));
        continue;
      }
      sentence.pairs.push_back({node.attribute("id").value(), first->second, second->second,
                                std::string(holds == "true" ? type : kDdiNone)});
    }
    return {};
  }

  const XmlRecord& record_;
  Corpus<PairSentence>& corpus_;
  const ReadOptions& options_;
};

}  // namespace

Result<Corpus<PairSentence>> read_ddi(ByteSource& source, std::string_view name,
                                      const ReadOptions& options) {
  Corpus<PairSentence> corpus;
  XmlRecords records(source, name, "document");
  XmlRecord record;
  std::size_t documents = 0;
  for (;;) {
    RESIDENCY_TRY(const bool more, records.next(record));
    if (!more) break;
    ++documents;
    RESIDENCY_TRY_VOID(DocumentReader(record, corpus, options).read());
  }
  if (documents == 0) {
    RESIDENCY_TRY_VOID(note_bad(corpus.notes, options, {std::string(name), 1}, "document", "none"));
  }
  return corpus;
}

Result<Corpus<PairSentence>> read_ddi_folder(Env& env, const std::string& folder,
                                             const ReadOptions& options) {
  RESIDENCY_TRY(const auto files, files_below(env, folder, ".xml"));
  Corpus<PairSentence> all;
  for (const std::string& file : files) {
    auto part = read_path(env, file, read_ddi, options);
    if (!part.ok() && (options.strict || part.error().code() != ErrorCode::kInvalidInput)) {
      return part.error();
    }
    if (part.ok()) {
      RESIDENCY_TRY_VOID(append(all, *std::move(part)));
    } else {
      RESIDENCY_TRY_VOID(note_bad(all.notes, options, {file, 1}, "file", part.error().message()));
    }
  }
  return all;
}

}  // namespace residency::eval::corpora
