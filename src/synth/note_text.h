// NoteText: a note as it is written, with the spans of what was put into it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/phi_class.h"

namespace residency::synth {

/// Bytes [start, end) of the note's UTF-8 text.
struct PhiSpan {
  std::size_t start = 0;
  std::size_t end = 0;
  PhiClass phi_class = PhiClass::kOtherId;
};

/// A clinical mention. `assertion` is "present", "absent", "ruled_out", "family" or "historical".
struct EntitySpan {
  std::size_t start = 0;
  std::size_t end = 0;
  std::string type;  // PROBLEM, DRUG, DOSE, ROUTE, FREQUENCY, LAB, LAB_VALUE, PROCEDURE
  std::string system;
  std::string code;
  std::string assertion;
};

class NoteText {
 public:
  void put(std::string_view text) { text_ += text; }
  void put_phi(PhiClass phi_class, std::string_view text);
  std::size_t size() const { return text_.size(); }
  /// Records bytes [start, size()) as an entity.
  void mark_entity(std::size_t start, std::string type, std::string system = "",
                   std::string code = "", std::string assertion = "present");
  void put_entity(std::string_view text, std::string type, std::string system = "",
                  std::string code = "");
  /// Makes the first letter at or after `start` a capital.
  void capitalise_at(std::size_t start);
  char last() const { return text_.empty() ? '\n' : text_.back(); }

  /// The three below keep every byte offset.
  void upper_case();
  /// Turns spaces into line ends so that lines stay near `columns`; names may be split.
  void wrap(std::size_t columns);
  /// Replaces the byte at `index`, an ASCII one, by another.
  void replace_ascii(std::size_t index, char c) { text_[index] = c; }

  const std::string& text() const { return text_; }
  std::string_view slice(std::size_t start, std::size_t end) const {
    return std::string_view(text_).substr(start, end - start);
  }
  const std::vector<PhiSpan>& phi() const { return phi_; }
  const std::vector<EntitySpan>& entities() const { return entities_; }
  /// Sorts spans by start.
  void finish();

 private:
  std::string text_;
  std::vector<PhiSpan> phi_;
  std::vector<EntitySpan> entities_;
};

/// Upper case of UTF-8 text for ASCII, Latin-1, Latin Extended-A and Vietnamese letters; the length
/// in bytes stays.
std::string upper_utf8(std::string_view text);

}  // namespace residency::synth
