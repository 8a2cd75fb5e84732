// MoleculeNet (Wu et al. 2018): molecules as SMILES and whether something holds of them.
#pragma once

#include <string>
#include <string_view>

#include "eval/corpora/byte_source.h"
#include "eval/corpora/corpus.h"

namespace residency::eval::corpora {

struct MoleculeItem {
  std::string id;        // the row's number
  std::string smiles;    // as the file has it, without space around it
  std::string skeleton;  // skeleton_key()
  bool holds = false;
};

/// A table with the columns "smiles" and `property`, whose fields are 0 or 1 (also 0.0, 1.0). A row
/// whose property is empty is passed over and counted; one whose property is something else, whose
/// molecule parse_smiles() refuses or that has another number of fields than the first is bad. A
/// property with real values (ESOL, Lipophilicity) is refused at its first row: only classes are
/// read.
Result<Corpus<MoleculeItem>> read_moleculenet(ByteSource& source, std::string_view name,
                                              const std::string& property,
                                              const ReadOptions& options);

}  // namespace residency::eval::corpora
