#include "eval/corpora/folder.h"
#include "eval/corpora/i2b2.h"
#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"
#include "eval/corpora/xml_records.h"

namespace residency::eval::corpora {
namespace {

Result<void> add_tags(const XmlRecord& record, const pugi::xml_node& root, Document& document,
                      ReadNotes& notes, const ReadOptions& options) {
  const TextOffsets offsets(document.text, OffsetUnit::kCodePoints);
  for (const pugi::xml_node& node : root.child("TAGS").children()) {
    if (node.type() != pugi::node_element || !node.attribute("start")) continue;
    const auto begin = parse_number(node.attribute("start").value());
    const auto end = parse_number(node.attribute("end").value());
    const auto range = begin && end ? offsets.range(*begin, *end) : std::nullopt;
    if (!range) {
      RESIDENCY_TRY_VOID(
          note_bad_node(notes, options, record, node, "start", "no range inside of the text"));
      continue;
    }
    Entity entity;
    entity.parts = {*range};
    if (node.attribute("text") &&
        !same_words(covered_text(document.text, entity.parts), node.attribute("text").value())) {
      RESIDENCY_TRY_VOID(note_bad_node(notes, options, record, node, "text",
                                       "the document has other words at its offsets"));
      continue;
    }
    entity.id = node.attribute("id").value();
    entity.type = node.attribute("TYPE") ? node.attribute("TYPE").value() : node.name();
    document.entities.push_back(std::move(entity));
  }
  return {};
}

/// The name of the first element, so that any root will do.
Result<std::string> root_name(std::string_view head, const Place& place) {
  for (std::size_t at = head.find('<'); at != std::string_view::npos; at = head.find('<', at + 1)) {
    const auto name = head.substr(at + 1);
    if (name.empty() || name[0] == '?' || name[0] == '!') continue;
    return std::string(name.substr(0, name.find_first_of(" \t\r\n/>")));
  }
  return bad_field(place, "root", "no element");
}

/// Gives the bytes that were taken for a look first.
class Rejoined final : public ByteSource {
 public:
  Rejoined(std::string head, ByteSource& rest) : head_(std::move(head)), rest_(rest) {}
  Result<bool> next(std::string& chunk) override {
    if (head_.empty()) return rest_.next(chunk);
    chunk = std::exchange(head_, {});
    return true;
  }

 private:
  std::string head_;
  ByteSource& rest_;
};

constexpr std::size_t kHeadBytes = 4096;

}  // namespace

Result<Corpus<Document>> read_i2b2_xml(ByteSource& source, std::string_view name,
                                       const ReadOptions& options) {
  std::string head;
  std::string chunk;
  while (head.size() < kHeadBytes) {
    RESIDENCY_TRY(const bool more, source.next(chunk));
    if (!more) break;
    head.append(chunk);
  }
  RESIDENCY_TRY(const std::string root, root_name(head, {std::string(name), 1}));
  Rejoined bytes(std::move(head), source);
  Corpus<Document> corpus;
  XmlRecords records(bytes, name, root);
  XmlRecord record;
  for (;;) {
    RESIDENCY_TRY(const bool more, records.next(record));
    if (!more) return corpus;
    pugi::xml_document xml;
    if (const auto parsed = parse_record(record, xml); !parsed.ok()) {
      RESIDENCY_TRY_VOID(
          note_bad(corpus.notes, options, record.place, "document", parsed.error().message()));
      continue;
    }
    const pugi::xml_node element = xml.document_element();
    if (!element.child("TEXT")) {
      RESIDENCY_TRY_VOID(note_bad(corpus.notes, options, record.place, "TEXT", "missing"));
      continue;
    }
    Document document;
    document.id = stem(name, ".xml");
    document.text = xml_text(element.child("TEXT"));
    RESIDENCY_TRY_VOID(add_tags(record, element, document, corpus.notes, options));
    RESIDENCY_TRY_VOID(add_record(corpus, std::move(document), record.place));
  }
}

}  // namespace residency::eval::corpora
