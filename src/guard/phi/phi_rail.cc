#include "guard/phi/phi_rail.h"

#include <algorithm>

#include "deid/detect/dictionary.h"
#include "deid/detect/known_finder.h"
#include "guard/guard_options.h"
#include "guard/phi/pii_types.h"
#include "guard/phi/spelled.h"
#include "guard/text/decoded.h"

namespace residency::guard {
namespace {

constexpr double kHiddenScore = 0.95;  // nobody spells out or encodes what is harmless
constexpr std::size_t kSpelledDigitsMin = 7;
constexpr std::size_t kSpelledNameMin = 3;
constexpr std::size_t kSqueezedNameMin = 4;
constexpr std::size_t kSqueezedDigitsMin = 5;
constexpr std::size_t kInsideWordMin = 7;
constexpr std::size_t kKnownMax = 512;

bool all_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::size_t digit_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

/// Takes letters for the digits that stand for them.
std::string unleet(std::string text) {
  for (char& c : text) {
    switch (c) {
      case '0':
        c = 'o';
        break;
      case '1':
        c = 'i';
        break;
      case '3':
        c = 'e';
        break;
      case '4':
        c = 'a';
        break;
      case '5':
        c = 's';
        break;
      case '7':
        c = 't';
        break;
      default:
        break;
    }
  }
  return text;
}

/// Numbers of publications, trials, products and tests are nobody's.
bool is_reference(std::string_view text, std::size_t begin, std::size_t end) {
  constexpr std::size_t kBefore = 12;
  const std::size_t from = begin > kBefore ? begin - kBefore : 0;
  std::string around(text.substr(from, end - from));
  std::transform(around.begin(), around.end(), around.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (const char* mark : {"pmid", "nct0", "doi", "ndc", "loinc", "isbn", "issn"}) {
    if (around.find(mark) != std::string::npos) return true;
  }
  return false;
}

std::string rot13(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>('a' + (c - 'a' + 13) % 26);
  }
  return text;
}

void add_known_value(KnownIdentifiers& known, PhiClass phi_class, std::string_view value) {
  if (known.phi.values.size() >= kKnownMax) return;
  const auto same = [&](const deid::KnownValue& one) { return one.value == value; };
  if (std::any_of(known.phi.values.begin(), known.phi.values.end(), same)) return;
  known.phi.values.push_back({phi_class, std::string(value)});
  const std::string type(phi_class_name(phi_class));
  const auto add = [&](const std::string& squeezed) {
    const std::size_t least = all_digits(squeezed) ? kSqueezedDigitsMin : kSqueezedNameMin;
    if (squeezed.size() >= least) known.squeezed.emplace_back(squeezed, type);
  };
  if (deid::is_name_class(phi_class)) {
    // Each part of a name, so that the surname alone is known too.
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= value.size(); ++i) {
      if (i < value.size() && value[i] != ' ' && value[i] != ',') continue;
      const std::string part = squeeze(value.substr(begin, i - begin)).text;
      if (part.size() >= kSqueezedNameMin) add(part);
      begin = i + 1;
    }
  }
  add(squeeze(value).text);
}

}  // namespace

PhiRail::PhiRail(std::shared_ptr<const deid::Detector> detector, const GuardPolicy& policy)
    : detector_(std::move(detector)), setting_(policy.rail(Rail::kPhi)) {
  threshold_ = setting_.threshold;
  if (policy.pii.empty()) {
    const auto defaults = GuardOptions::default_classes();
    for (std::size_t i = 0; i < kPhiClassCount; ++i)
      classes_[i] = {defaults[i], std::string(kPhiClassNames[i]), setting_.input, setting_.output};
    return;
  }
  for (const PiiSetting& one : policy.pii) {
    for (const PhiClass phi_class : pii_classes(one.type))
      classes_[static_cast<std::size_t>(phi_class)] = {true, one.type, one.input, one.output};
    patterns_.push_back(one);
  }
}

bool PhiRail::on(Direction direction) const {
  return (direction == Direction::kInput ? setting_.input : setting_.output) != Action::kOff;
}

/// Spans of `text`; where `hidden`, the text is what [begin, end) of another one says.
void PhiRail::take_spans(std::string_view text, Direction direction, const KnownIdentifiers& known,
                         std::size_t begin, std::size_t end, bool hidden,
                         std::vector<PhiFinding>& out, bool& failed) const {
  const auto found = detector_->detect(text, known.phi.values.empty() ? nullptr : &known.phi);
  if (!found.ok()) {
    failed = true;
    return;
  }
  for (const deid::Span& span : *found) {
    const Class& one = classes_[static_cast<std::size_t>(span.phi_class)];
    const Action action = action_of(one, direction);
    if (!one.on || action == Action::kOff || span.score < threshold_) continue;
    if (span.phi_class == PhiClass::kOtherId && is_reference(text, span.begin, span.end)) continue;
    if (hidden) {
      out.push_back({begin, end, one.type, std::max(span.score, kHiddenScore), action});
      return;
    }
    out.push_back({span.begin, span.end, one.type, span.score, action});
  }
}

void PhiRail::add_spelled(std::string_view text, Direction direction, const KnownIdentifiers& known,
                          std::vector<PhiFinding>& out, bool& failed) const {
  const deid::Dictionary& dictionary = deid::Dictionary::embedded();
  for (const SpelledRun& run : spelled_runs(text)) {
    const std::size_t before = out.size();
    const auto add = [&](PhiClass phi_class) {
      const Class& one = classes_[static_cast<std::size_t>(phi_class)];
      if (one.on && action_of(one, direction) != Action::kOff)
        out.push_back({run.begin, run.end, one.type, kHiddenScore, action_of(one, direction)});
    };
    const std::size_t digits = digit_count(run.text);
    if (run.text.find('@') != std::string::npos && run.text.find('.') != std::string::npos) {
      add(PhiClass::kEmail);
    } else if (digits >= kSpelledDigitsMin) {
      add(digits == 9 ? PhiClass::kSsn : digits == 10 ? PhiClass::kPhone : PhiClass::kOtherId);
    } else if (digits == 0 && run.text.size() >= kSpelledNameMin &&
               (dictionary.is_given(run.text) || dictionary.is_surname(run.text)) &&
               !dictionary.is_word(run.text)) {
      add(PhiClass::kPatientName);
    }
    if (out.size() == before) {
      // As a name is written: the first letter large.
      std::string form = run.text;
      if (form[0] >= 'a' && form[0] <= 'z') form[0] = static_cast<char>(form[0] - 32);
      take_spans(form, direction, known, run.begin, run.end, true, out, failed);
    }
  }
}

void PhiRail::add_known(std::string_view text, Direction direction, const KnownIdentifiers& known,
                        std::vector<PhiFinding>& out) const {
  if (known.squeezed.empty()) return;
  const SqueezedText squeezed = squeeze(text);
  const std::string plain = unleet(squeezed.text);
  const auto take = [&](const std::string& in, const std::string& value, const std::string& type) {
    const auto phi_class = phi_class_named(type);
    if (!phi_class) return;
    const Class& one = classes_[static_cast<std::size_t>(*phi_class)];
    if (!one.on || action_of(one, direction) == Action::kOff) return;
    for (std::size_t at = in.find(value); at != std::string::npos; at = in.find(value, at + 1)) {
      const std::size_t last = at + value.size() - 1;
      const bool whole = squeezed.first[at] && squeezed.last[last];
      const bool inside = squeezed.begin[at] == squeezed.begin[last];
      if (!whole && !(inside && value.size() >= kInsideWordMin)) continue;
      out.push_back(
          {squeezed.begin[at], squeezed.end[last], one.type, 1.0, action_of(one, direction)});
    }
  };
  for (const auto& [value, type] : known.squeezed) {
    take(squeezed.text, value, type);
    const std::string backwards(value.rbegin(), value.rend());
    take(squeezed.text, backwards, type);
    if (all_digits(value)) continue;
    take(squeezed.text, rot13(value), type);
    if (plain != squeezed.text) take(plain, value, type);
  }
}

Result<std::vector<PhiFinding>> PhiRail::find(std::string_view text, Direction direction,
                                              const KnownIdentifiers& known) const {
  std::vector<PhiFinding> out;
  bool failed = false;
  take_spans(text, direction, known, 0, 0, false, out, failed);
  add_known(text, direction, known, out);
  add_spelled(text, direction, known, out, failed);
  for (const Decoded& one : decode_runs(text)) {
    if (one.how == "rot13" || one.how == "reversed") continue;  // add_known has looked
    const std::size_t before = out.size();
    take_spans(one.text, direction, known, one.begin, one.end, true, out, failed);
    if (out.size() > before) continue;
    std::vector<PhiFinding> inner;
    add_known(one.text, direction, known, inner);
    add_spelled(one.text, direction, known, inner, failed);
    if (!inner.empty())
      out.push_back({one.begin, one.end, inner.front().type, kHiddenScore, inner.front().action});
  }
  for (const PiiSetting& one : patterns_) {
    const Action action = direction == Direction::kInput ? one.input : one.output;
    if (action == Action::kOff) continue;
    for (const PiiMatch& match : find_pii(one.type, text))
      out.push_back({match.begin, match.end, one.type, 1.0, action});
  }
  if (failed) return internal_error("the detector of identifiers failed on a text");
  std::stable_sort(out.begin(), out.end(), [](const PhiFinding& a, const PhiFinding& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  // What lies within another span is told once.
  std::vector<PhiFinding> settled;
  for (PhiFinding& one : out) {
    if (!settled.empty() && one.begin < settled.back().end) {
      settled.back().end = std::max(settled.back().end, one.end);
      settled.back().action = std::max(settled.back().action, one.action);
      continue;
    }
    settled.push_back(std::move(one));
  }
  return settled;
}

KnownIdentifiers PhiRail::known_of(const Conversation& conversation) const {
  KnownIdentifiers known;
  const auto look = [&](std::string_view text) {
    const auto found = detector_->detect(text, nullptr);
    if (!found.ok()) return;
    for (const deid::Span& span : *found) {
      if (!classes_[static_cast<std::size_t>(span.phi_class)].on || span.score < threshold_)
        continue;
      add_known_value(known, span.phi_class, text.substr(span.begin, span.end - span.begin));
    }
  };
  for (const Turn& turn : conversation.turns) look(turn.text);
  for (const std::string& source : conversation.sources) look(source);
  return known;
}

}  // namespace residency::guard
