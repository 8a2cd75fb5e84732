// Where a reader stands and how it counts what is wrong with its input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

struct Place {
  std::string file;
  std::uint64_t line = 0;  // from 1
};

/// "FILE:LINE: field 'X': what". No part of it may be record text.
std::string describe(const Place& place, std::string_view field, std::string_view what);

/// kInvalidInput with describe()'s text.
Error bad_field(const Place& place, std::string_view field, std::string_view what);

/// Counts a bad record; an error where the options are strict.
Result<void> note_bad(ReadNotes& notes, const ReadOptions& options, const Place& place,
                      std::string_view field, std::string_view what);

/// Adds a record; kResourceExhausted past kRecordsMax.
template <class Record>
Result<void> add_record(Corpus<Record>& corpus, Record record, const Place& place) {
  if (corpus.records.size() >= kRecordsMax) {
    return resource_exhausted(describe(place, "record", "too many records"));
  }
  corpus.records.push_back(std::move(record));
  ++corpus.notes.records;
  return {};
}

/// Appends one file's notes and records to a folder's.
template <class Record>
Result<void> append(Corpus<Record>& all, Corpus<Record> part) {
  if (all.records.size() + part.records.size() > kRecordsMax) {
    return resource_exhausted("corpus: too many records");
  }
  for (Record& record : part.records) all.records.push_back(std::move(record));
  all.notes.records += part.notes.records;
  all.notes.bad += part.notes.bad;
  all.notes.passed_over += part.notes.passed_over;
  for (std::string& problem : part.notes.problems) {
    if (all.notes.problems.size() == ReadNotes::kProblemsMax) break;
    all.notes.problems.push_back(std::move(problem));
  }
  return {};
}

}  // namespace residency::eval::corpora
