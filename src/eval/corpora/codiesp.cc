#include "eval/corpora/codiesp.h"

#include <map>

#include "eval/corpora/folder.h"
#include "eval/corpora/read_notes.h"
#include "eval/corpora/text_offsets.h"

namespace residency::eval::corpora {
namespace {

constexpr std::size_t kExplainedColumns = 5;

std::string upper(std::string_view code) {
  std::string result(code);
  for (char& c : result) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return result;
}

std::string_view table_ending(CodiespTask task) {
  switch (task) {
    case CodiespTask::kDiagnoses:
      return "D.tsv";
    case CodiespTask::kProcedures:
      return "P.tsv";
    case CodiespTask::kExplained:
      break;
  }
  return "X.tsv";
}

}  // namespace

Result<void> read_codiesp_table(ByteSource& source, std::string_view name, std::string_view kind,
                                Corpus<CodedDocument>& corpus, const ReadOptions& options) {
  std::map<std::string, CodedDocument*, std::less<>> documents;
  for (CodedDocument& document : corpus.records) documents.emplace(document.id, &document);
  LineReader lines(source, name);
  std::string line;
  for (;;) {
    RESIDENCY_TRY(const bool more, lines.next(line));
    if (!more) return {};
    if (line.empty()) continue;
    const auto bad = [&](std::string_view field, std::string_view what) {
      return note_bad(corpus.notes, options, lines.place(), field, what);
    };
    const auto columns = split(line, '\t');
    if (columns[0] == "articleID") continue;  // a heading
    if (columns.size() != 2 && columns.size() != kExplainedColumns) {
      RESIDENCY_TRY_VOID(bad("columns", "must be two or five"));
      continue;
    }
    const auto document = documents.find(columns[0]);
    if (document == documents.end()) {
      RESIDENCY_TRY_VOID(bad("articleID", "no text file of this name"));
      continue;
    }
    CodeMention mention;
    mention.kind = kind;
    mention.code = upper(columns.size() == 2 ? columns[1] : columns[2]);
    if (mention.code.empty()) {
      RESIDENCY_TRY_VOID(bad("code", "empty"));
      continue;
    }
    if (columns.size() == kExplainedColumns) {
      if (columns[1] != "DIAGNOSTICO" && columns[1] != "PROCEDIMIENTO") {
        RESIDENCY_TRY_VOID(bad("label", "must be DIAGNOSTICO or PROCEDIMIENTO"));
        continue;
      }
      mention.kind = columns[1] == "DIAGNOSTICO" ? "diagnosis" : "procedure";
      const TextOffsets offsets(document->second->text, OffsetUnit::kCodePoints);
      const auto ranges = parse_ranges(columns[4], ' ');
      bool inside = ranges.has_value();
      for (std::size_t i = 0; inside && i < ranges->size(); ++i) {
        const auto range = offsets.range((*ranges)[i].first, (*ranges)[i].second);
        inside = range.has_value();
        if (inside) mention.parts.push_back(*range);
      }
      if (!inside || !order_parts(mention.parts)) {
        RESIDENCY_TRY_VOID(bad("position", "no range inside of the text"));
        continue;
      }
    }
    document->second->codes.push_back(std::move(mention));
  }
}

Result<Corpus<CodedDocument>> read_codiesp_folder(Env& env, const std::string& folder,
                                                  CodiespTask task, const std::string& texts,
                                                  const ReadOptions& options) {
  RESIDENCY_TRY(const auto text_files, files_below(env, folder + "/" + texts, ".txt"));
  Corpus<CodedDocument> corpus;
  for (const std::string& file : text_files) {
    CodedDocument document;
    document.id = stem(file, ".txt");
    RESIDENCY_TRY(document.text, env.read_file(file, kRecordBytesMax));
    RESIDENCY_TRY_VOID(add_record(corpus, std::move(document), {file, 1}));
  }
  const std::string_view ending = table_ending(task);
  RESIDENCY_TRY(const auto tables, files_below(env, folder, ending));
  if (tables.size() != 1) {
    return invalid_input("CodiEsp folder: more than one file ends in '" + std::string(ending) +
                         "': " + folder);
  }
  RESIDENCY_TRY(const auto source, file_bytes(env, tables[0]));
  const std::string_view kind = task == CodiespTask::kProcedures ? "procedure" : "diagnosis";
  RESIDENCY_TRY_VOID(read_codiesp_table(*source, tables[0], kind, corpus, options));
  return corpus;
}

}  // namespace residency::eval::corpora
