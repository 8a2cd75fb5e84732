#include "guard/phi_filter.h"

#include <algorithm>
#include <fmt/format.h>

namespace residency::guard {
namespace {

constexpr std::size_t kContextBytes = 512;  // of what has left, as context
constexpr std::size_t kHeldBytesMax =
    16384;                              // text without any white space is let go at this length
constexpr std::size_t kStepBytes = 64;  // between two looks

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

}  // namespace

PhiFilter::PhiFilter(const deid::Detector& detector, const GuardOptions& options)
    : options_(options), detector_(detector) {}

/// Spans that count and reach into held_, with places in left_ + held_.
std::vector<deid::Span> PhiFilter::forbidden() {
  auto found = detector_.detect(left_ + held_, nullptr);
  if (!found.ok()) {
    blocked_ = true;
    return {};
  }
  std::vector<deid::Span> spans = std::move(found).value();
  std::erase_if(spans, [&](const deid::Span& span) {
    return !options_.classes[static_cast<std::size_t>(span.phi_class)] ||
           span.score < options_.threshold || span.end <= left_.size();
  });
  return spans;
}

/// What of held_ lies before `border` (a place in left_ + held_), filtered.
std::string PhiFilter::release(std::size_t border, const std::vector<deid::Span>& spans) {
  const std::string text = left_ + held_;
  std::string out;
  std::size_t past = left_.size();
  for (const deid::Span& span : spans) {
    if (span.begin >= border) break;
    decisions_.push_back({span.phi_class, span.score, span.rule});
    const std::size_t begin = std::max(span.begin, past);
    out.append(text, past, begin - past);
    if (options_.mode == FilterMode::kBlock) {
      blocked_ = true;
      held_.clear();
      return out;
    }
    const std::size_t end = std::min(span.end, border);
    if (options_.mode == FilterMode::kMask) {
      out += fmt::format("[{}]", phi_class_name(span.phi_class));
    } else {
      out.append(text, begin, end - begin);
    }
    past = end;
  }
  out.append(text, past, border - past);
  held_ = text.substr(border);
  left_ = text.substr(border > kContextBytes ? border - kContextBytes : 0,
                      std::min(border, kContextBytes));
  looked_ = held_.size();
  return out;
}

std::string PhiFilter::feed(std::string_view piece) {
  if (blocked_) return "";
  held_ += piece;
  const auto window = static_cast<std::size_t>(options_.window_bytes);
  if (held_.size() < window + kStepBytes || held_.size() < looked_ + kStepBytes) return "";
  looked_ = held_.size();
  const std::vector<deid::Span> spans = forbidden();
  if (blocked_) return "";
  // The border: white space, a window before the end, inside no span.
  std::size_t border = left_.size() + held_.size() - window;
  while (border > left_.size()) {
    const auto across = std::find_if(spans.begin(), spans.end(), [&](const deid::Span& span) {
      return span.begin < border && border < span.end;
    });
    if (across != spans.end()) {
      border = across->begin;
      continue;
    }
    if (is_space(held_[border - left_.size() - 1])) break;
    --border;
  }
  if (border <= left_.size()) {
    if (held_.size() < kHeldBytesMax) return "";
    // So long a run without a place to part it is no answer that anyone can read.
    blocked_ = true;
    held_.clear();
    return "";
  }
  return release(border, spans);
}

std::string PhiFilter::finish() {
  if (blocked_ || held_.empty()) return "";
  const std::vector<deid::Span> spans = forbidden();
  if (blocked_) return "";
  return release(left_.size() + held_.size(), spans);
}

std::string filter_text(const deid::Detector& detector, const GuardOptions& options,
                        std::string_view text, std::vector<Decision>* decisions) {
  PhiFilter filter(detector, options);
  std::string out = filter.feed(text);
  out += filter.finish();
  if (decisions != nullptr) *decisions = filter.decisions();
  return out;
}

}  // namespace residency::guard
