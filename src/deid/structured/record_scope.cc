#include "deid/structured/record_scope.h"

#include <algorithm>

#include "deid/detect/learned_finds.h"
#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

constexpr double kDisplayScoreMin = 0.9;
constexpr std::size_t kHarmlessMax = 20'000;
constexpr std::size_t kCodeBytesMax = 256;
constexpr std::size_t kPlainBytesMax = 32;
constexpr std::ptrdiff_t kDigitsMax = 6;

}  // namespace

Result<std::string> clean_free_text(std::string_view text, const RecordScope& scope) {
  RESIDENCY_TRY(const auto spans, scope.detector.detect(text, scope.known));
  return scope.replacer.apply(text, spans);
}

Result<std::string> clean_terminology(std::string_view text, const RecordScope& scope) {
  std::string key(text);
  if (scope.harmless.contains(key)) return key;
  RESIDENCY_TRY(auto spans, scope.detector.detect(text, nullptr));
  std::erase_if(spans, [](const Span& span) {
    return span.score < kDisplayScoreMin || span.reason != Reason::kPattern;
  });
  if (!spans.empty()) return scope.replacer.apply(text, spans);
  if (scope.harmless.size() < kHarmlessMax) scope.harmless.insert(key);
  return key;
}

bool is_code_token(std::string_view text) {
  return text.size() <= kCodeBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
}

bool is_plain_token(std::string_view text) {
  return text.size() <= kPlainBytesMax && is_code_token(text) &&
         std::count_if(text.begin(), text.end(), is_ascii_digit) <= kDigitsMax;
}

Result<std::vector<std::string>> clean_runs(const std::vector<TextRun>& runs,
                                            const RecordScope& scope) {
  std::string whole;
  std::vector<std::size_t> begins;
  for (const TextRun& run : runs) {
    whole += run.before;
    begins.push_back(whole.size());
    whole += run.text;
  }
  RESIDENCY_TRY(const auto spans, scope.detector.detect(whole, scope.known));
  std::vector<std::string> out(runs.size());
  std::size_t next = 0;  // the first span that ends behind what is done
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::size_t end = begins[i] + runs[i].text.size();
    std::size_t past = begins[i];
    for (; next < spans.size() && spans[next].begin < end; ++next) {
      const Span& span = spans[next];
      if (span.reason == Reason::kModel && is_bare_value(runs[i].text) && span.end <= end) continue;
      if (span.begin >= past) {
        out[i] += std::string_view(whole).substr(past, span.begin - past);
        out[i] += scope.replacer.replace(
            span.phi_class, std::string_view(whole).substr(span.begin, span.end - span.begin));
      }
      past = std::max(past, std::min(span.end, end));
      if (span.end > end) break;
    }
    out[i] += std::string_view(whole).substr(past, end - past);
  }
  return out;
}

}  // namespace residency::deid
