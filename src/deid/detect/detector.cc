#include "deid/detect/detector.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

#include "deid/detect/beside_finder.h"
#include "deid/detect/check_digits.h"
#include "deid/detect/fold_text.h"
#include "deid/detect/hl7_lines.h"
#include "deid/detect/known_finder.h"
#include "deid/detect/learned_finds.h"
#include "deid/detect/lower_style.h"
#include "deid/detect/name_finder.h"
#include "deid/detect/name_words.h"
#include "deid/detect/organisation_finder.h"
#include "deid/detect/place_finder.h"
#include "deid/detect/profession_finder.h"

namespace residency::deid {
namespace {

bool holds_text(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
  });
}

void append(std::vector<Span>& all, std::vector<Span> more) {
  all.insert(all.end(), more.begin(), more.end());
}

/// Names that only white space, a comma or an initial parts are one person's.
void join_names(std::string_view text, std::vector<Span>& spans) {
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (!joined.empty() && is_name_class(span.phi_class) &&
        is_name_class(joined.back().phi_class)) {
      Span& last = joined.back();
      const std::string_view gap = text.substr(last.end, span.begin - last.end);
      const bool parted =
          gap.size() <= 6 &&
          std::all_of(gap.begin(), gap.end(),
                      [](char c) {
                        return is_space(c) || c == ',' || c == '-' || c == '.' ||
                               (c >= 'A' && c <= 'Z');
                      }) &&
          std::count_if(gap.begin(), gap.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) <= 1 &&
          std::count(gap.begin(), gap.end(), '\n') <= 1 && gap.find(". ") != 0;
      const bool particle = gap.size() >= 4 && gap.size() <= 8 && gap.front() == ' ' &&
                            gap.back() == ' ' &&
                            is_particle(to_lower(gap.substr(1, gap.size() - 2)));
      if ((parted || particle) && (last.phi_class == span.phi_class || gap == " " || gap == ", ")) {
        if (span.score > last.score) last.phi_class = span.phi_class;
        last.score = std::max(last.score, span.score);
        last.reason = std::max(last.reason, span.reason);
        last.end = span.end;
        continue;
      }
    }
    joined.push_back(span);
  }
  spans = std::move(joined);
}

/// Takes in the middle initial that follows or precedes a name.
void widen_names(std::string_view text, std::vector<Span>& spans) {
  for (std::size_t i = 0; i < spans.size(); ++i) {
    Span& span = spans[i];
    if (!is_name_class(span.phi_class) || span.rule == "initials_signature") continue;
    const std::size_t stop = i + 1 < spans.size() ? spans[i + 1].begin : text.size();
    const std::size_t end = span.end;
    if (end + 2 <= stop && text[end] == ' ' && text[end + 1] >= 'A' && text[end + 1] <= 'Z' &&
        span.reason != Reason::kPropagation) {
      const bool closed = end + 2 == text.size() || text[end + 2] == '.' || text[end + 2] == '\n' ||
                          text[end + 2] == ',' || text[end + 2] == '\t' ||
                          text.substr(end + 2, 2) == " |";
      if (closed && text[end + 1] != 'M' && text[end + 1] != 'F') span.end = end + 2;
    }
    const std::size_t floor = i > 0 ? spans[i - 1].end : 0;
    if (span.begin >= floor + 3 && text[span.begin - 1] == ' ' && text[span.begin - 2] == '.' &&
        text[span.begin - 3] >= 'A' && text[span.begin - 3] <= 'Z' &&
        (span.begin == 3 || is_space(text[span.begin - 4]) || text[span.begin - 4] == '('))
      span.begin -= 3;
  }
}

}  // namespace

Result<DetectorOptions> DetectorOptions::from_config(const ConfigNode& node) {
  ConfigReader reader(node, "deid.detector.");
  DetectorOptions options;
  options.patterns = reader.flag("patterns", options.patterns);
  options.dictionaries = reader.flag("dictionaries", options.dictionaries);
  options.known = reader.flag("known", options.known);
  options.propagation = reader.flag("propagation", options.propagation);
  options.tagger = reader.flag("tagger", options.tagger);
  options.threshold = reader.number("threshold", options.threshold, 0, 1);
  options.reach.bias = reader.number("tagger_bias", 0, -20, 20);
  const ConfigNode thresholds = reader.child("tagger_thresholds");
  ConfigReader each(thresholds, "deid.detector.tagger_thresholds.");
  for (const PhiClass phi_class : kTagGroups) {
    const std::string name(phi_class_name(phi_class));
    if (each.has(name)) options.reach.thresholds[phi_class] = each.number(name, 0.5, 0, 1);
  }
  reader.absorb(each.finish());
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

Detector::Detector(DetectorOptions options, std::shared_ptr<const PatternScan> scan)
    : options_(options), scan_(std::move(scan)), dictionary_(Dictionary::embedded()) {}

Result<std::unique_ptr<Detector>> Detector::open(const DetectorOptions& options) {
  RESIDENCY_TRY(auto scan, PatternScan::shared());
  std::unique_ptr<Detector> detector(new Detector(options, std::move(scan)));
  if (options.tagger) {
    RESIDENCY_TRY(detector->tagger_, Tagger::embedded());
    detector->tagger_->reach(options.reach);
  }
  return detector;
}

Result<std::vector<Span>> Detector::detect(std::string_view text, const KnownPhi* known) const {
  if (text.size() > kTextBytesMax)
    return resource_exhausted(
        fmt::format("the text is longer than {} bytes: {}", kTextBytesMax, text.size()));
  // Look-alikes are read as what they look like; the spans are those of the text itself.
  if (const auto folded = fold_look_alikes(text)) {
    RESIDENCY_TRY(auto spans, detect_folded(folded->text, known));
    for (Span& span : spans) {
      span.begin = folded->at[span.begin];
      span.end = folded->at[span.end];
    }
    return spans;
  }
  return detect_folded(text, known);
}

Result<std::vector<Span>> Detector::rule_spans(std::string_view text) const {
  return rule_spans(text, tokens_of(text));
}

Result<std::vector<Span>> Detector::rule_spans(std::string_view text,
                                               const std::vector<Token>& tokens) const {
  std::vector<Span> all;
  if (options_.patterns) {
    RESIDENCY_TRY(all, scan_->scan(text));
    append(all, find_hl7_fields(text));
    append(all, find_check_digits(text));
    append(all, find_partial_dates(text, all));
  }
  if (options_.dictionaries) {
    append(all, find_names(text, raised(text, tokens).value_or(tokens), dictionary_));
    append(all, find_initials(text));
    append(all, find_places(text, tokens, dictionary_));
    append(all, find_hospitals(text, tokens, dictionary_));
    append(all, find_organisations(text, tokens));
    append(all, find_work(text, tokens));
    append(all, find_professions(text, tokens));
  }
  std::erase_if(all, [this](const Span& span) { return span.score < options_.threshold; });
  return settle(text, std::move(all));
}

Result<std::vector<Span>> Detector::detect_folded(std::string_view text,
                                                  const KnownPhi* known) const {
  const std::vector<Token> tokens = tokens_of(text);
  RESIDENCY_TRY(std::vector<Span> all, rule_spans(text, tokens));
  if (tagger_) {
    TagReading reading = tagger_->read(text, all);
    tagger_->doubt(reading, all);
    drop_false_finds(text, tokens, reading.spans);
    append(all, std::move(reading.spans));
  }
  if (options_.known && known != nullptr) {
    append(all, find_known(text, tokens, *known, dictionary_));
    std::erase_if(all, [this](const Span& span) {
      return span.reason == Reason::kKnown && span.score < options_.threshold;
    });
  }
  std::vector<Span> settled = settle(text, all);
  if (options_.propagation) {
    append(settled, propagate_names(text, tokens, settled, dictionary_));
    settled = settle(text, std::move(settled));
  }
  join_names(text, settled);
  widen_names(text, settled);
  if (auto beside = find_beside(text, settled); !beside.empty()) {
    append(settled, std::move(beside));
    settled = settle(text, std::move(settled));
  }
  return settled;
}

std::vector<Span> settle(std::string_view text, std::vector<Span> spans) {
  const auto strength = [](const Span& span) {
    // A whole hospital or street outranks the names in it.
    const int whole = span.phi_class == PhiClass::kHospital ||
                              span.phi_class == PhiClass::kStreet ||
                              span.phi_class == PhiClass::kEmail || span.phi_class == PhiClass::kUrl
                          ? 1
                          : 0;
    return std::tuple(whole, static_cast<int>(span.reason), span.end - span.begin, span.score);
  };
  std::stable_sort(spans.begin(), spans.end(),
                   [&](const Span& a, const Span& b) { return strength(a) > strength(b); });
  std::vector<std::int32_t> taken(text.size() + 1, -1);
  for (std::size_t id = 0; id < spans.size(); ++id) {
    for (std::size_t i = spans[id].begin; i < spans[id].end; ++i) {
      if (taken[i] < 0) taken[i] = static_cast<std::int32_t>(id);
    }
  }
  std::vector<Span> settled;
  for (std::size_t i = 0; i < text.size();) {
    const std::int32_t id = taken[i];
    std::size_t end = i + 1;
    while (end < text.size() && taken[end] == id) ++end;
    if (id >= 0) {
      std::size_t begin = i;
      std::size_t stop = end;
      while (begin < stop && is_space(text[begin])) ++begin;
      while (stop > begin && is_space(text[stop - 1])) --stop;
      if (holds_text(text.substr(begin, stop - begin))) {
        Span span = spans[static_cast<std::size_t>(id)];
        span.begin = begin;
        span.end = stop;
        settled.push_back(span);
      }
    }
    i = end;
  }
  return settled;
}

}  // namespace residency::deid
