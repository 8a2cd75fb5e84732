#include "deid/tagger/augment.h"

#include <algorithm>
#include <string_view>

#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

bool is_person(PhiClass phi_class) {
  return phi_class == PhiClass::kPatientName || phi_class == PhiClass::kRelativeName ||
         phi_class == PhiClass::kClinicianName;
}

bool is_upper(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         std::none_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

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

/// Another person's name in the form of `old`.
std::string other_name(std::string_view old, const GenreMaker& maker, TagRandom& random) {
  if (old.size() <= 3 || old.find('.') != std::string_view::npos) return std::string(old);
  std::string name;
  if (old.find(',') != std::string_view::npos) {
    name = maker.family(random) + ", " + maker.given(random);
  } else if (old.find(' ') == std::string_view::npos) {
    name = random.chance(50) ? maker.family(random) : maker.given(random);
  } else {
    name = maker.name(random);
  }
  if (is_upper(old)) raise(name);
  return name;
}

/// Exchanges names and cities.
TagExample exchange(const TagExample& example, const GenreMaker& maker, TagRandom& random) {
  TagExample out;
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
    std::string text(old);
    if (is_person(span.phi_class) && random.chance(75)) text = other_name(old, maker, random);
    if (span.phi_class == PhiClass::kCity && random.chance(50)) {
      text = maker.city(random);
      if (is_upper(old)) raise(text);
    }
    out.spans.push_back({out.text.size(), out.text.size() + text.size(), span.phi_class});
    out.text += text;
    past = span.end;
  }
  out.text += example.text.substr(std::min(past, example.text.size()));
  return out;
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
