#include "deid/tagger/augment.h"

#include <algorithm>
#include <string_view>

#include "deid/tagger/refill.h"

namespace residency::deid {
namespace {

void raise(std::string& text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
}
void lower(std::string& text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
}

/// Exchanges identifiers for others of their forms; a quarter of the notes keeps its names.
TagExample exchange(const TagExample& example, const GenreMaker& maker, TagRandom& random) {
  TagExample out;
  Refill refill(maker, random);
  const int percent = random.chance(20) ? 0 : 85;
  std::size_t past = 0;
  const auto label = [&](std::string_view between) {
    // A short label before an identifier is lost now and then.
    const std::size_t line =
        between.rfind('\n') == std::string_view::npos ? 0 : between.rfind('\n') + 1;
    const std::string_view tail = between.substr(line);
    const bool is_label = tail.size() < 24 && tail.find(':') != std::string_view::npos;
    out.text += is_label && random.chance(10) ? between.substr(0, line) : between;
  };
  for (const GoldSpan& span : example.spans) {
    if (span.begin < past) continue;
    label(std::string_view(example.text).substr(past, span.begin - past));
    const std::string_view old =
        std::string_view(example.text).substr(span.begin, span.end - span.begin);
    const std::string text =
        random.chance(percent) ? refill.other(span.phi_class, old) : std::string(old);
    out.spans.push_back({out.text.size(), out.text.size() + text.size(), span.phi_class});
    out.text += text;
    past = span.end;
  }
  out.text += example.text.substr(std::min(past, example.text.size()));
  return out;
}

/// Puts one line in capitals.
void restyle_line(std::string& text, TagRandom& random) {
  const std::size_t at = random.below(text.size() + 1);
  const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  std::string line = text.substr(begin, end - begin);
  raise(line);
  text.replace(begin, end - begin, line);
}

/// Keeps a run of lines.
void cut(TagExample& example, TagRandom& random) {
  std::vector<std::size_t> lines{0};
  for (std::size_t i = 0; i < example.text.size(); ++i) {
    if (example.text[i] == '\n' && i + 1 < example.text.size()) lines.push_back(i + 1);
  }
  if (lines.size() < 4) return;
  const std::size_t first = random.below(lines.size() - 1);
  const std::size_t last = std::min(lines.size() - 1, first + 1 + random.below(12));
  const std::size_t begin = lines[first];
  const std::size_t end = lines[last];
  TagExample part;
  part.text = example.text.substr(begin, end - begin);
  for (const GoldSpan& span : example.spans) {
    if (span.begin >= begin && span.end <= end)
      part.spans.push_back({span.begin - begin, span.end - begin, span.phi_class});
    else if (span.begin < end && span.end > begin)
      return;  // a span over the border: leave the note whole
  }
  example = std::move(part);
}

void misread(std::string& text, TagRandom& random) {
  constexpr std::string_view kFrom = "lO0eaBS1mI";
  constexpr std::string_view kTo = "1oOcoB5lnl";
  for (char& c : text) {
    const std::size_t at = kFrom.find(c);
    if (at != std::string_view::npos && random.chance(3)) c = kTo[at];
  }
}

}  // namespace

TagExample augment(const TagExample& example, const GenreMaker& maker, TagRandom& random) {
  TagExample out = exchange(example, maker, random);
  if (random.chance(45)) cut(out, random);
  if (random.chance(12)) restyle_line(out.text, random);
  const std::size_t form = random.below(100);
  if (form < 7) {
    raise(out.text);
  } else if (form < 17) {
    lower(out.text);
  } else if (form < 22) {
    misread(out.text, random);
  } else if (form < 30) {
    for (char& c : out.text) {
      if (c == ' ' && random.chance(8)) c = '\n';
    }
  }
  return out;
}

}  // namespace residency::deid
