// GoldDocument: a text with the identifiers that people marked in it, from the layouts that
// published gold comes in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "deid/detect/span.h"
#include "deid/gold/score.h"

namespace residency::deid {

struct GoldDocument {
  std::string id;
  std::string text;
  std::vector<GoldSpan> spans;  // in bytes
  KnownPhi known;               // what the layout tells of the patient; mostly nothing
};

/// What offsets count.
enum class OffsetUnit : std::uint8_t { kCodePoints, kBytes };

/// How labels are read.
struct LabelOptions {
  /// Labels that are left out: marked in the gold, but none of HIPAA's identifiers.
  std::vector<std::string> ignored;
};

/// The class of a label of any layout read here (i2b2/n2c2 2014, presidio-research, Philter, our
/// own), in any case; nothing for one that is not known.
std::optional<PhiClass> phi_class_of_label(std::string_view label);

/// A span of a layout, before its label and offsets are checked.
struct MarkedSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string label;
};

/// Puts `marked` into `document`, whose text is there. kInvalidInput naming `where` for a label
/// that is not known (saying what to do) and for offsets that are outside of the text or within a
/// character. The texts of spans never stand in an error.
Result<void> add_spans(GoldDocument& document, const std::vector<MarkedSpan>& marked,
                       OffsetUnit unit, const LabelOptions& labels, const std::string& where);

/// i2b2/n2c2 2014: one XML file with <TEXT> and <TAGS>, whose elements have start, end and TYPE.
Result<GoldDocument> read_i2b2(std::string_view xml, const std::string& name,
                               const LabelOptions& labels);

/// brat: the text and its stand-off annotations ("T1\tNAME 0 5\tRuth"; parts joined by ';').
Result<GoldDocument> read_brat(std::string text, std::string_view annotations,
                               const std::string& name, const LabelOptions& labels);

/// One document a line, or one JSON array of them: {"id", "text" or "full_text", "spans": [{"start"
/// or "start_position", "end" or "end_position", "label" or "class" or "entity_type"}], "known":
/// {"values": [{"class", "value"}], "birth_date"}}.
Result<std::vector<GoldDocument>> read_json_gold(std::string_view json, const std::string& name,
                                                 OffsetUnit unit, const LabelOptions& labels);

/// Text with its marks in place, several documents a file: a line "=== id | known: CLASS=value; … |
/// birth: YYYY-MM-DD" before each, [[CLASS|text]] around each identifier.
Result<std::vector<GoldDocument>> read_inline_gold(std::string_view text, const std::string& name,
                                                   const LabelOptions& labels);

/// A folder that `residency synth` made: notes/ and truth/phi.jsonl. What csv/patients.csv, where
/// it is there, says of the patient goes into `known`.
Result<std::vector<GoldDocument>> read_synth_gold(Env& env, const std::string& folder,
                                                  const LabelOptions& labels);

/// Whatever stands at `path`: a file of any layout above, or a folder of them. `unit` is that of
/// JSON offsets. kInvalidInput naming the file where it is of no layout.
Result<std::vector<GoldDocument>> read_gold(Env& env, const std::string& path, OffsetUnit unit,
                                            const LabelOptions& labels);

}  // namespace residency::deid
