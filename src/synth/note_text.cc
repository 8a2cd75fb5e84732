#include "synth/note_text.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace residency::synth {
namespace {

// The upper-case second byte of a two-byte letter led by C3..C6, or the byte itself.
unsigned char upper_second(unsigned char lead, unsigned char second) {
  if (lead == 0xC3)
    return second >= 0xA0 && second != 0xB7 && second != 0xBF ? second - 0x20 : second;
  if (lead == 0xC4)
    return second <= 0xB7 && (second & 1) != 0 && second != 0xB1 ? second - 1 : second;
  if (lead == 0xC5) {
    const bool even_is_lower = (second >= 0x81 && second <= 0x88) || second >= 0xB9;
    if (second == 0x89 || second == 0xB8 || second == 0xBF) return second;
    return ((second & 1) == 0) == even_is_lower ? second - 1 : second;
  }
  if (lead == 0xC6) return second == 0xA1 || second == 0xB0 ? second - 1 : second;
  return second;
}

}  // namespace

std::string upper_utf8(std::string_view text) {
  std::string out(text);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<unsigned char>(out[i]);
    if (c < 0x80) {
      if (c >= 'a' && c <= 'z') out[i] = static_cast<char>(c - 32);
    } else if (c >= 0xC3 && c <= 0xC6 && i + 1 < out.size()) {
      out[i + 1] = static_cast<char>(upper_second(c, static_cast<unsigned char>(out[i + 1])));
      ++i;
    } else if (c == 0xE1 && i + 2 < out.size()) {
      const auto second = static_cast<unsigned char>(out[i + 1]);
      const auto third = static_cast<unsigned char>(out[i + 2]);
      if ((second == 0xBA || second == 0xBB) && (third & 1) != 0) {
        out[i + 2] = static_cast<char>(third - 1);
      }
      i += 2;
    }
  }
  return out;
}

void NoteText::put_phi(PhiClass phi_class, std::string_view text) {
  if (text.empty()) return;
  phi_.push_back({text_.size(), text_.size() + text.size(), phi_class});
  text_ += text;
}

void NoteText::mark_entity(std::size_t start, std::string type, std::string system,
                           std::string code, std::string assertion) {
  if (start == text_.size()) return;
  entities_.push_back({start, text_.size(), std::move(type), std::move(system), std::move(code),
                       std::move(assertion)});
}

void NoteText::put_entity(std::string_view text, std::string type, std::string system,
                          std::string code) {
  const std::size_t start = text_.size();
  put(text);
  mark_entity(start, std::move(type), std::move(system), std::move(code));
}

void NoteText::capitalise_at(std::size_t start) {
  if (start < text_.size() && text_[start] >= 'a' && text_[start] <= 'z') {
    text_[start] = static_cast<char>(text_[start] - 32);
  }
}

void NoteText::upper_case() { text_ = upper_utf8(text_); }

void NoteText::wrap(std::size_t columns) {
  std::size_t line_start = 0;
  std::size_t last_space = std::string::npos;
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') {
      line_start = i + 1;
      last_space = std::string::npos;
    } else if (text_[i] == ' ' && i > line_start + 20) {
      last_space = i;
    }
    if (i - line_start >= columns && i >= line_start && last_space != std::string::npos) {
      text_[last_space] = '\n';
      line_start = last_space + 1;
      last_space = std::string::npos;
    }
  }
}

void NoteText::finish() {
  const auto by_start = [](const auto& a, const auto& b) {
    return std::pair(a.start, a.end) < std::pair(b.start, b.end);
  };
  std::stable_sort(phi_.begin(), phi_.end(), by_start);
  std::stable_sort(entities_.begin(), entities_.end(), by_start);
}

}  // namespace residency::synth
