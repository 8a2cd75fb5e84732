// The plain forms that readers of public corpora give, one per kind of task. Offsets are bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace residency::eval::corpora {

/// A stretch of a text in bytes, end exclusive.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const ByteRange&) const = default;
  auto operator<=>(const ByteRange&) const = default;
};

/// A mention in a text.
struct Entity {
  std::string id;                     // unique in its document where the layout has one
  std::string type;                   // as the corpus names it
  std::vector<ByteRange> parts;       // at least one, ascending; more where it is discontinuous
  std::vector<std::string> concepts;  // ids of a terminology, in the file's order

  /// From the first part's begin to the last part's end.
  ByteRange extent() const { return {parts.front().begin, parts.back().end}; }
};

/// A named relation. An argument is (role, id of an entity or of a concept).
struct Relation {
  std::string type;
  std::vector<std::pair<std::string, std::string>> arguments;
};

/// A text with its mentions: named entities, document-level relations.
struct Document {
  std::string id;
  std::string text;
  std::vector<Entity> entities;
  std::vector<Relation> relations;
  std::vector<ByteRange> tokens;  // where the layout is one of tokens
};

/// Two entities of a sentence and what holds between them.
struct EntityPair {
  std::string id;
  std::size_t first = 0;  // index into entities
  std::size_t second = 0;
  std::string label;
};

/// A sentence with every pair that is to be judged.
struct PairSentence {
  std::string id;
  std::string document;
  std::string text;
  std::vector<Entity> entities;
  std::vector<EntityPair> pairs;
};

/// A code and, where the corpus says it, the words it rests on.
struct CodeMention {
  std::string code;              // as the corpus writes it
  std::string kind;              // "diagnosis" or "procedure"
  std::vector<ByteRange> parts;  // may be empty
};

/// A text with its codes.
struct CodedDocument {
  std::string id;
  std::string text;
  std::vector<CodeMention> codes;
};

struct Choice {
  std::string label;  // "A", or "yes"
  std::string text;
};

/// A question with one right answer among its choices.
struct ChoiceItem {
  std::string id;
  std::string context;  // what is to be read before the question; may be empty
  std::string question;
  std::vector<Choice> choices;
  std::size_t answer = 0;  // index into choices
  std::string subject;     // may be empty
};

/// What a reader read and what it could not.
struct ReadNotes {
  static constexpr std::size_t kProblemsMax = 20;

  std::uint64_t records = 0;          // given
  std::uint64_t bad = 0;              // left out, or left out of their record
  std::uint64_t passed_over = 0;      // good, but nothing can be asked of them: no label, no trial
  std::vector<std::string> problems;  // the first kProblemsMax: "FILE:LINE: field 'X': what"
};

/// What one file or folder held.
template <class Record>
struct Corpus {
  std::vector<Record> records;
  ReadNotes notes;
};

/// `strict`: the first bad record is the reader's error. Else it is counted in the notes.
struct ReadOptions {
  bool strict = false;
};

/// No record of any corpus may be longer, in bytes.
inline constexpr std::size_t kRecordBytesMax = 16u << 20;
/// No corpus may have more records.
inline constexpr std::size_t kRecordsMax = 2'000'000;

}  // namespace residency::eval::corpora
