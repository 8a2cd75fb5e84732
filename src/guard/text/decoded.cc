#include "guard/text/decoded.h"

#include <algorithm>
#include <array>

#include "guard/content/concepts.h"

namespace residency::guard {
namespace {

constexpr std::size_t kRunMin = 6;
constexpr std::size_t kRunBytesMax = 64 * 1024;
constexpr std::size_t kWholeTextMax = 4096;
constexpr int kDepthMax = 2;

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool readable(std::string_view bytes) {
  if (bytes.size() < 4) return false;
  std::size_t good = 0;
  std::size_t letters = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 9 || (byte > 13 && byte < 32) || byte == 127) return false;
    good += byte < 0x80 ? 1 : 0;
    letters += is_alpha(c) || is_digit(c) || c == ' ' ? 1 : 0;
  }
  return good * 10 >= bytes.size() * 9 && letters * 10 >= bytes.size() * 7;
}

/// How many words of the text are known ones, and how many there are.
std::pair<int, int> known_words(std::string_view text) {
  const ConceptTable& concepts = ConceptTable::embedded();
  int known = 0;
  int all = 0;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && is_alpha(text[i])) {
      word += static_cast<char>(text[i] | 0x20);
      continue;
    }
    if (word.size() > 2) {
      ++all;
      known += concepts.is_known_word(word) ? 1 : 0;
    }
    word.clear();
  }
  return {known, all};
}

std::string rot13(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + (c - 'a' + 13) % 26);
    if (c >= 'A' && c <= 'Z') c = static_cast<char>('A' + (c - 'A' + 13) % 26);
  }
  return out;
}

std::string from_hex_run(std::string_view run) {
  std::string out;
  int high = -1;
  for (const char c : run) {
    const int value = hex_value(c);
    if (value < 0) continue;
    if (high < 0) {
      high = value;
    } else {
      out += static_cast<char>(high * 16 + value);
      high = -1;
    }
  }
  return out;
}

std::string from_binary(std::string_view run) {
  std::string out;
  int bits = 0;
  int count = 0;
  for (const char c : run) {
    if (c != '0' && c != '1') continue;
    bits = bits * 2 + (c - '0');
    if (++count == 8) {
      out += static_cast<char>(bits);
      bits = count = 0;
    }
  }
  return count == 0 ? out : "";
}

/// Runs of bytes for which `member` holds, at least `length_min` long.
template <class Member, class Take>
void each_run(std::string_view text, std::size_t length_min, Member member, Take take) {
  for (std::size_t i = 0; i < text.size();) {
    if (!member(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && member(text[end])) ++end;
    if (end - i >= length_min && end - i <= kRunBytesMax) take(i, end);
    i = end;
  }
}

void add_base64(std::string_view text, std::vector<Decoded>& out) {
  each_run(
      text, kRunMin, [](char c) { return base64_value(c) >= 0 || c == '='; },
      [&](std::size_t begin, std::size_t end) {
        const std::string_view run = text.substr(begin, end - begin);
        const bool mixed =
            std::any_of(run.begin(), run.end(), is_digit) ||
            run.find_first_of("+/=") != std::string_view::npos ||
            (std::any_of(run.begin() + 1, run.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) &&
             std::any_of(run.begin(), run.end(), [](char c) { return c >= 'a' && c <= 'z'; }));
        if (!mixed) return;
        std::string bytes = from_base64(run);
        if (readable(bytes)) out.push_back({begin, end, std::move(bytes), "base64"});
      });
}

void add_hex(std::string_view text, std::vector<Decoded>& out) {
  each_run(
      text, kRunMin,
      [](char c) { return hex_value(c) >= 0 || c == ' ' || c == ':' || c == 'x' || c == '\\'; },
      [&](std::size_t begin, std::size_t end) {
        const std::string_view run = text.substr(begin, end - begin);
        const auto ones = static_cast<std::size_t>(
            std::count_if(run.begin(), run.end(), [](char c) { return c == '0' || c == '1'; }));
        const auto digits = static_cast<std::size_t>(
            std::count_if(run.begin(), run.end(), [](char c) { return hex_value(c) >= 0; }));
        std::string bytes = ones == digits && digits >= 32 ? from_binary(run) : from_hex_run(run);
        if (readable(bytes))
          out.push_back({begin, end, std::move(bytes), ones == digits ? "binary" : "hex"});
      });
}

/// "%69gnore" and "&#105;gnore".
void add_escapes(std::string_view text, std::vector<Decoded>& out) {
  std::string percent;
  std::string entity;
  int percents = 0;
  int entities = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      percent += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      ++percents;
      i += 2;
      continue;
    }
    percent += text[i];
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "&#") {
      const bool hex = i + 2 < text.size() && (text[i + 2] | 0x20) == 'x';
      std::size_t at = i + (hex ? 3 : 2);
      int value = 0;
      const std::size_t start = at;
      while (at < text.size() && at - start < 6 && hex_value(text[at]) >= 0 &&
             (hex || is_digit(text[at])))
        value = value * (hex ? 16 : 10) + hex_value(text[at++]);
      if (at > start && at < text.size() && text[at] == ';' && value >= 32 && value < 127) {
        entity += static_cast<char>(value);
        ++entities;
        i = at;
        continue;
      }
    }
    entity += text[i];
  }
  if (percents >= 3 && readable(percent)) out.push_back({0, text.size(), percent, "percent"});
  if (entities >= 3 && readable(entity)) out.push_back({0, text.size(), entity, "entities"});
}

/// Rot13 and reversal of the whole text: where that has many more known words.
void add_whole(std::string_view text, std::vector<Decoded>& out) {
  if (text.size() < kRunMin || text.size() > kWholeTextMax) return;
  const auto [known, all] = known_words(text);
  if (all < 3 || known * 2 > all) return;
  for (const auto& [form, how] : {std::pair<std::string, std::string_view>{rot13(text), "rot13"},
                                  {std::string(text.rbegin(), text.rend()), "reversed"}}) {
    const auto [then, total] = known_words(form);
    if (then >= 3 && then * 10 >= total * 7 && then > known * 2)
      out.push_back({0, text.size(), form, how});
  }
}

void decode_into(std::string_view text, int depth, std::vector<Decoded>& out) {
  std::vector<Decoded> found;
  add_base64(text, found);
  add_hex(text, found);
  add_escapes(text, found);
  add_whole(text, found);
  for (Decoded& one : found) {
    if (depth + 1 < kDepthMax) {
      std::vector<Decoded> inner;
      decode_into(one.text, depth + 1, inner);
      for (Decoded& deeper : inner) {
        deeper.begin = one.begin;
        deeper.end = one.end;
        out.push_back(std::move(deeper));
      }
    }
    out.push_back(std::move(one));
  }
}

}  // namespace

std::string from_base64(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.size() % 4 == 1) return "";
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return "";
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xFF);
    }
  }
  return out;
}

std::vector<Decoded> decode_runs(std::string_view text) {
  std::vector<Decoded> out;
  decode_into(text, 0, out);
  return out;
}

std::size_t open_run(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0 && (base64_value(text[begin - 1]) >= 0 || text[begin - 1] == '=')) --begin;
  return text.size() - begin >= kRunMin ? begin : text.size();
}

}  // namespace residency::guard
