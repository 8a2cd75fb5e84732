#include "eval/corpora/bioc.h"

#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"
#include "eval/corpora/xml_records.h"

namespace residency::eval::corpora {
namespace {

constexpr std::string_view kIndividual = "IndividualMention";

std::string infon(const pugi::xml_node& node, std::string_view key) {
  for (const pugi::xml_node& child : node.children("infon")) {
    if (child.attribute("key").value() == key) return xml_text(child);
  }
  return "";
}

class DocumentReader {
 public:
  DocumentReader(const XmlRecord& record, Corpus<Document>& corpus, const ReadOptions& options)
      : record_(record), corpus_(corpus), options_(options) {}

  Result<void> read() {
    pugi::xml_document xml;
    if (const auto parsed = parse_record(record_, xml); !parsed.ok()) {
      return bad(record_.place, "document", parsed.error().message());
    }
    const pugi::xml_node root = xml.document_element();
    document_.id = xml_text(root.child("id"));
    if (document_.id.empty()) return bad(record_.place, "id", "missing");
    RESIDENCY_TRY(const bool good, add_texts(root, false));
    if (!good) return {};
    if (const std::size_t wrong = marks_elsewhere(root); wrong > 0) {
      std::string stated = std::exchange(document_.text, {});
      RESIDENCY_TRY_VOID(add_texts(root, true));
      if (marks_elsewhere(root) >= wrong) document_.text = std::move(stated);
    }
    const TextOffsets offsets(document_.text, OffsetUnit::kCodePoints);
    for (const pugi::xml_node& passage : root.children("passage")) {
      RESIDENCY_TRY_VOID(add_marks(passage, offsets));
      for (const pugi::xml_node& sentence : passage.children("sentence")) {
        RESIDENCY_TRY_VOID(add_marks(sentence, offsets));
      }
    }
    add_relations(root);
    return add_record(corpus_, std::move(document_), record_.place);
  }

 private:
  Result<void> bad(const Place& place, std::string_view field, std::string_view what) {
    return note_bad(corpus_.notes, options_, place, field, what);
  }

  Result<void> bad_node(const pugi::xml_node& node, std::string_view field, std::string_view what) {
    return note_bad_node(corpus_.notes, options_, record_, node, field, what);
  }

  /// Each passage's own text or its sentences', at the offsets that are stated or, `close`, with
  /// one space between. False where the document is bad.
  Result<bool> add_texts(const pugi::xml_node& root, bool close) {
    units_ = 0;
    for (const pugi::xml_node& passage : root.children("passage")) {
      const bool whole = static_cast<bool>(passage.child("text"));
      if (whole) {
        RESIDENCY_TRY(const bool good, add_piece(passage, close));
        if (!good) return false;
      }
      for (const pugi::xml_node& sentence : passage.children("sentence")) {
        if (whole) break;
        RESIDENCY_TRY(const bool good, add_piece(sentence, close));
        if (!good) return false;
      }
    }
    return true;
  }

  Result<bool> add_piece(const pugi::xml_node& node, bool close) {
    const auto offset = parse_number(xml_text(node.child("offset")));
    std::string_view what;
    if (!offset) {
      what = "missing or no number";
    } else if (!close && *offset < units_) {
      what = "inside of the passage before";
    } else if (!close && *offset - units_ > kBiocGapMax) {
      what = "too far behind the passage before";
    }
    if (!what.empty()) {
      RESIDENCY_TRY_VOID(bad_node(node, "offset", what));
      return false;
    }
    const std::uint64_t begin = !close ? *offset : units_ == 0 ? 0 : units_ + 1;
    document_.text.append(static_cast<std::size_t>(begin - units_), ' ');
    const std::string text = xml_text(node.child("text"));
    document_.text.append(text);
    units_ = begin + TextOffsets(text, OffsetUnit::kCodePoints).size();
    return true;
  }

  /// How many annotations have other words at their offsets than their own.
  std::size_t marks_elsewhere(const pugi::xml_node& root) const {
    const TextOffsets offsets(document_.text, OffsetUnit::kCodePoints);
    std::size_t count = 0;
    const auto add = [&](const pugi::xml_node& node) {
      for (const pugi::xml_node& mark : node.children("annotation")) {
        Entity entity;
        const bool placed = add_parts(mark, offsets, entity);
        if (!placed ||
            !same_words(covered_text(document_.text, entity.parts), xml_text(mark.child("text")))) {
          ++count;
        }
      }
    };
    for (const pugi::xml_node& passage : root.children("passage")) {
      add(passage);
      for (const pugi::xml_node& sentence : passage.children("sentence")) add(sentence);
    }
    return count;
  }

  Result<void> add_marks(const pugi::xml_node& node, const TextOffsets& offsets) {
    for (const pugi::xml_node& mark : node.children("annotation")) {
      if (infon(mark, "CompositeRole") == kIndividual) continue;
      Entity entity;
      entity.id = mark.attribute("id").value();
      entity.type = infon(mark, "type");
      if (entity.type.empty()) {
        RESIDENCY_TRY_VOID(bad_node(mark, "type", "missing"));
        continue;
      }
      if (!add_parts(mark, offsets, entity)) {
        RESIDENCY_TRY_VOID(bad_node(mark, "location", "missing, or outside of the text"));
        continue;
      }
      const pugi::xml_node words = mark.child("text");
      if (words && !same_words(covered_text(document_.text, entity.parts), xml_text(words))) {
        RESIDENCY_TRY_VOID(bad_node(mark, "text", "the passage has other words at its offsets"));
        continue;
      }
      for (const pugi::xml_node& note : mark.children("infon")) {
        const std::string_view key = note.attribute("key").value();
        if (key == "type" || key == "CompositeRole" || key == "annotator") continue;
        const std::string value = xml_text(note);
        for (const std::string_view piece : split(value, '|')) {
          if (!piece.empty() && piece != "-1") entity.concepts.emplace_back(piece);
        }
      }
      document_.entities.push_back(std::move(entity));
    }
    add_relations(node);
    return {};
  }

  static bool add_parts(const pugi::xml_node& mark, const TextOffsets& offsets, Entity& entity) {
    for (const pugi::xml_node& location : mark.children("location")) {
      const auto begin = parse_number(location.attribute("offset").value());
      const auto length = parse_number(location.attribute("length").value());
      if (!begin || !length || *length > offsets.size()) return false;
      if (*begin > offsets.size()) return false;
      const auto range = offsets.range(*begin, *begin + *length);
      if (!range) return false;
      entity.parts.push_back(*range);
    }
    return order_parts(entity.parts);
  }

  void add_relations(const pugi::xml_node& node) {
    for (const pugi::xml_node& child : node.children("relation")) {
      Relation relation;
      relation.type = infon(child, "relation");
      if (relation.type.empty()) relation.type = infon(child, "type");
      for (const pugi::xml_node& argument : child.children("node")) {
        relation.arguments.emplace_back(argument.attribute("role").value(),
                                        argument.attribute("refid").value());
      }
      const bool by_infon = relation.arguments.empty();
      for (const pugi::xml_node& note : child.children("infon")) {
        const std::string key = note.attribute("key").value();
        if (!by_infon || key == "relation" || key == "type") continue;
        relation.arguments.emplace_back(key, xml_text(note));
      }
      document_.relations.push_back(std::move(relation));
    }
  }

  const XmlRecord& record_;
  Corpus<Document>& corpus_;
  const ReadOptions& options_;
  Document document_;
  std::uint64_t units_ = 0;  // code points in the text so far
};

}  // namespace

Result<Corpus<Document>> read_bioc(ByteSource& source, std::string_view name,
                                   const ReadOptions& options) {
  Corpus<Document> corpus;
  XmlRecords records(source, name, "document");
  XmlRecord record;
  for (;;) {
    RESIDENCY_TRY(const bool more, records.next(record));
    if (!more) return corpus;
    RESIDENCY_TRY_VOID(DocumentReader(record, corpus, options).read());
  }
}

}  // namespace residency::eval::corpora
