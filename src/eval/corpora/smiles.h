// SMILES: a molecule's graph out of its line, as far as sorting molecules by their skeleton needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace residency::eval::corpora {

struct SmilesAtom {
  std::string element;  // "C", "Cl", "*"; lower case where aromatic
  int charge = 0;
};

struct SmilesBond {
  std::size_t first = 0;
  std::size_t second = 0;
  int order = 1;  // 1 to 4; 0 where not written between aromatic atoms
};

struct Molecule {
  std::vector<SmilesAtom> atoms;
  std::vector<SmilesBond> bonds;
};

/// No molecule may have more bytes in its line.
inline constexpr std::size_t kSmilesBytesMax = 8192;

/// Reads OpenSMILES: organic subset, bracket atoms, branches, ring bonds, parts. Chirality,
/// isotopes and the side of a double bond are read and left out; a doubled backslash stands for
/// one. Nothing where the line is no SMILES or longer than kSmilesBytesMax. Valences are not
/// checked.
std::optional<Molecule> parse_smiles(std::string_view line);

/// Equal for molecules with the same skeleton: rings and what joins them (Bemis and Murcko 1996),
/// with elements and bond orders, without what hangs on them. A molecule without a ring is its own
/// skeleton. 16 hexadecimal digits of a hash that does not depend on the atoms' order
/// (Weisfeiler and Leman's refinement: a few different skeletons may share it).
std::string skeleton_key(const Molecule& molecule);

}  // namespace residency::eval::corpora
