#include "eval/corpora/smiles.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>

namespace residency::eval::corpora {
namespace {

constexpr std::size_t kDepthMax = 256;
constexpr int kRefinements = 12;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

class SmilesParser {
 public:
  explicit SmilesParser(std::string_view line) : line_(line) {}

  std::optional<Molecule> parse() {
    while (at_ < line_.size()) {
      if (!step()) return std::nullopt;
    }
    const bool whole = branches_.empty() && rings_.empty() && !bond_ && last_.has_value();
    if (!whole) return std::nullopt;
    return std::move(molecule_);
  }

 private:
  bool step() {
    const char c = line_[at_];
    if (c == '(') {
      if (!last_ || bond_ || branches_.size() == kDepthMax) return false;
      branches_.push_back(*last_);
      ++at_;
      return true;
    }
    if (c == ')') {
      if (branches_.empty() || bond_) return false;
      last_ = branches_.back();
      branches_.pop_back();
      ++at_;
      return true;
    }
    if (c == '.') {
      if (!last_ || bond_ || !branches_.empty()) return false;
      last_.reset();
      ++at_;
      return true;
    }
    if (const auto order = bond_order(c)) {
      if (!last_ || bond_) return false;
      bond_ = *order;
      // ClinTox as released has the sign of its language's escape before the bond's.
      at_ += line_.substr(at_).starts_with("\\\\") ? 2 : 1;
      return true;
    }
    if (is_digit(c) || c == '%') return ring();
    return c == '[' ? bracket() : organic();
  }

  static std::optional<int> bond_order(char c) {
    switch (c) {
      case '-':
      case '/':
      case '\\':
        return 1;
      case '=':
        return 2;
      case '#':
        return 3;
      case '$':
        return 4;
      case ':':
        return 0;
      default:
        return std::nullopt;
    }
  }

  bool ring() {
    int number = line_[at_] - '0';
    if (line_[at_] == '%') {
      if (at_ + 2 >= line_.size() || !is_digit(line_[at_ + 1]) || !is_digit(line_[at_ + 2]))
        return false;
      number = (line_[at_ + 1] - '0') * 10 + line_[at_ + 2] - '0';
      at_ += 2;
    }
    ++at_;
    if (!last_) return false;
    const auto open = rings_.find(number);
    if (open == rings_.end()) {
      rings_.emplace(number, std::make_pair(*last_, bond_));
    } else {
      const auto [from, order] = open->second;
      if (from == *last_ || (order && bond_ && *order != *bond_)) return false;
      join(from, *last_, order ? order : bond_);
      rings_.erase(open);
    }
    bond_.reset();
    return true;
  }

  void join(std::size_t first, std::size_t second, std::optional<int> order) {
    const bool aromatic = is_lower(molecule_.atoms[first].element.front()) &&
                          is_lower(molecule_.atoms[second].element.front());
    molecule_.bonds.push_back({first, second, order ? *order : aromatic ? 0 : 1});
  }

  bool add(SmilesAtom atom) {
    molecule_.atoms.push_back(std::move(atom));
    const std::size_t made = molecule_.atoms.size() - 1;
    if (last_) join(*last_, made, bond_);
    bond_.reset();
    last_ = made;
    return true;
  }

  bool organic() {
    for (const std::string_view element :
         {"Cl", "Br", "B", "C", "N", "O", "P", "S", "F", "I", "b", "c", "n", "o", "p", "s", "*"}) {
      if (line_.substr(at_).starts_with(element)) {
        at_ += element.size();
        return add({std::string(element), 0});
      }
    }
    return false;
  }

  bool bracket() {
    const auto close = line_.find(']', at_);
    if (close == std::string_view::npos) return false;
    std::string_view body = line_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    const auto skip = [&](auto is) {
      while (!body.empty() && is(body.front())) body.remove_prefix(1);
    };
    skip(is_digit);  // isotope
    SmilesAtom atom;
    if (body.starts_with('*')) {
      atom.element = "*";
    } else if (!body.empty() && is_upper(body.front())) {
      atom.element = body.substr(0, body.size() > 1 && is_lower(body[1]) ? 2 : 1);
    } else if (body.starts_with("se") || body.starts_with("as") || body.starts_with("te")) {
      atom.element = body.substr(0, 2);
    } else if (!body.empty() && is_lower(body.front())) {
      atom.element = body.substr(0, 1);
    } else {
      return false;
    }
    body.remove_prefix(atom.element.size());
    skip([](char c) { return c == '@'; });
    if (atom.element != "H" && body.starts_with("TH")) body.remove_prefix(2);
    if (body.starts_with('H')) body.remove_prefix(1);
    skip(is_digit);
    if (!charge(body, atom.charge)) return false;
    if (body.starts_with(':')) {  // atom class
      body.remove_prefix(1);
      skip(is_digit);
    }
    return body.empty() && add(std::move(atom));
  }

  static bool charge(std::string_view& body, int& charge) {
    if (body.empty() || (body.front() != '+' && body.front() != '-')) return true;
    const char sign = body.front();
    int size = 0;
    while (body.starts_with(sign)) {
      body.remove_prefix(1);
      ++size;
    }
    int digits = 0;
    int number = 0;
    while (!body.empty() && is_digit(body.front())) {
      number = number * 10 + (body.front() - '0');
      body.remove_prefix(1);
      if (++digits > 2) return false;
    }
    if (size > 15 || (digits > 0 && size > 1)) return false;
    charge = (digits > 0 ? number : size) * (sign == '+' ? 1 : -1);
    return true;
  }

  std::string_view line_;
  std::size_t at_ = 0;
  Molecule molecule_;
  std::optional<std::size_t> last_;
  std::optional<int> bond_;
  std::vector<std::size_t> branches_;
  std::map<int, std::pair<std::size_t, std::optional<int>>> rings_;
};

std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15ull;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
  return z ^ (z >> 31);
}

/// Which atoms are in a ring or between rings: those that stay when ends are cut off again and
/// again. All, where none would stay.
std::vector<bool> skeleton_of(const Molecule& molecule) {
  std::vector<std::size_t> degree(molecule.atoms.size(), 0);
  std::vector<std::vector<std::size_t>> near(molecule.atoms.size());
  for (const SmilesBond& bond : molecule.bonds) {
    ++degree[bond.first];
    ++degree[bond.second];
    near[bond.first].push_back(bond.second);
    near[bond.second].push_back(bond.first);
  }
  std::vector<bool> kept(molecule.atoms.size(), true);
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < degree.size(); ++i) {
    if (degree[i] <= 1) ends.push_back(i);
  }
  while (!ends.empty()) {
    const std::size_t end = ends.back();
    ends.pop_back();
    if (!kept[end]) continue;
    kept[end] = false;
    for (const std::size_t other : near[end]) {
      if (kept[other] && --degree[other] == 1) ends.push_back(other);
    }
  }
  if (std::find(kept.begin(), kept.end(), true) == kept.end()) kept.assign(kept.size(), true);
  return kept;
}

}  // namespace

std::optional<Molecule> parse_smiles(std::string_view line) {
  if (line.empty() || line.size() > kSmilesBytesMax) return std::nullopt;
  return SmilesParser(line).parse();
}

std::string skeleton_key(const Molecule& molecule) {
  const auto kept = skeleton_of(molecule);
  std::vector<std::uint64_t> names(molecule.atoms.size(), 0);
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const char c : molecule.atoms[i].element)
      names[i] = mix(names[i] ^ static_cast<unsigned char>(c));
  }
  for (int round = 0; round < kRefinements; ++round) {
    // Sums do not depend on the order in which the neighbours stand.
    std::vector<std::uint64_t> sums(names.size(), 0);
    for (const SmilesBond& bond : molecule.bonds) {
      if (!kept[bond.first] || !kept[bond.second]) continue;
      const auto order = static_cast<std::uint64_t>(bond.order);
      sums[bond.first] += mix(names[bond.second] ^ order);
      sums[bond.second] += mix(names[bond.first] ^ order);
    }
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = mix(names[i] ^ mix(sums[i]));
  }
  std::uint64_t sum = 0;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (kept[i]) {
      sum += mix(names[i]);
      ++count;
    }
  }
  return fmt::format("{:016x}", mix(sum ^ count));
}

}  // namespace residency::eval::corpora
