// ACI-Bench and MTS-Dialog: what doctor and patient said, and the note that was written of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

struct DialogueNote {
  std::string id;
  std::string dialogue;
  std::string note;
  std::string section;  // MTS-Dialog: the note's section ("GENHX"); ACI-Bench: empty
  std::string origin;   // ACI-Bench: "virtassist", "virtscribe" or "aci"; MTS-Dialog: empty
};

/// Yim et al. 2023: columns dataset, encounter_id, dialogue, note. A row without dialogue, note or
/// id, or with an id that stands above, is left out and counted.
Result<Corpus<DialogueNote>> read_aci_bench(ByteSource& source, std::string_view name,
                                            const ReadOptions& options);

/// Ben Abacha et al. 2023: columns ID, section_header, section_text, dialogue. The same holds, and
/// for a section that section_title() does not know.
Result<Corpus<DialogueNote>> read_mts_dialog(ByteSource& source, std::string_view name,
                                             const ReadOptions& options);

/// "GENHX" -> "history of present illness"; empty for an unknown section.
std::string_view section_title(std::string_view section);

}  // namespace residency::eval::corpora
