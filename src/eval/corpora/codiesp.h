// CodiEsp (CLEF eHealth 2020): clinical cases in text files, their ICD-10 codes in tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

/// Rows of one table: "article code" (D, P) or "article label code words positions" (X), tabs
/// between. Adds the codes to the documents of those ids; a row of an unknown article, with an
/// empty code or positions outside of the text is left out and counted. `kind` is "diagnosis" or
/// "procedure"; for X the label decides (DIAGNOSTICO, PROCEDIMIENTO) and `kind` is not used.
Result<void> read_codiesp_table(ByteSource& source, std::string_view name, std::string_view kind,
                                Corpus<CodedDocument>& corpus, const ReadOptions& options);

enum class CodiespTask : std::uint8_t {
  kDiagnoses,   // *D.tsv
  kProcedures,  // *P.tsv
  kExplained,   // *X.tsv: both, with the words they rest on
};

/// One split's folder: text_files/ (or text_files_en/ and the like: `texts`) and the task's table,
/// the one file whose name ends in D.tsv, P.tsv or X.tsv. A case without codes is given without.
Result<Corpus<CodedDocument>> read_codiesp_folder(Env& env, const std::string& folder,
                                                  CodiespTask task,
                                                  const std::string& texts = "text_files",
                                                  const ReadOptions& options = {});

}  // namespace residency::eval::corpora
