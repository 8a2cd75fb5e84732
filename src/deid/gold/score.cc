#include "deid/gold/score.h"

#include <fmt/format.h>

#include "deid/detect/tokens.h"

namespace residency::deid {
namespace {

void add_to(ClassScore& sum, const ClassScore& part) {
  sum.gold_spans += part.gold_spans;
  sum.found_spans += part.found_spans;
  sum.touched_spans += part.touched_spans;
  sum.gold_bytes += part.gold_bytes;
  sum.found_bytes += part.found_bytes;
}

}  // namespace

ClassScore Score::total() const {
  ClassScore sum;
  for (const ClassScore& part : classes) add_to(sum, part);
  return sum;
}

ClassScore Score::total_of(const std::vector<PhiClass>& some) const {
  ClassScore sum;
  for (const PhiClass phi_class : some) add_to(sum, classes[static_cast<std::size_t>(phi_class)]);
  return sum;
}

double Score::byte_precision() const {
  std::uint64_t predicted = 0;
  std::uint64_t right = 0;
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    predicted += predicted_bytes[i];
    right += true_bytes[i];
  }
  return predicted == 0 ? 1.0 : static_cast<double>(right) / static_cast<double>(predicted);
}

double Score::byte_f1() const {
  const double precision = byte_precision();
  const double recall = total().byte_recall();
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0;
}

double Score::altered_share() const {
  return other_bytes == 0 ? 0
                          : static_cast<double>(altered_bytes) / static_cast<double>(other_bytes);
}

void Score::add(const Score& other) {
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    add_to(classes[i], other.classes[i]);
    predicted_bytes[i] += other.predicted_bytes[i];
    true_bytes[i] += other.true_bytes[i];
  }
  text_bytes += other.text_bytes;
  other_bytes += other.other_bytes;
  altered_bytes += other.altered_bytes;
}

std::string Score::table() const {
  std::string out =
      fmt::format("{:16} {:>7} {:>8} {:>8} {:>9}\n", "class", "gold", "span R", "char R", "char P");
  for (std::size_t i = 0; i < kPhiClassCount; ++i) {
    if (classes[i].gold_spans == 0 && predicted_bytes[i] == 0) continue;
    const double precision = predicted_bytes[i] == 0 ? 1.0
                                                     : static_cast<double>(true_bytes[i]) /
                                                           static_cast<double>(predicted_bytes[i]);
    out += fmt::format("{:16} {:>7} {:>8.4f} {:>8.4f} {:>9.4f}\n", kPhiClassNames[i],
                       classes[i].gold_spans, classes[i].span_recall(), classes[i].byte_recall(),
                       precision);
  }
  const ClassScore sum = total();
  out += fmt::format("{:16} {:>7} {:>8.4f} {:>8.4f} {:>9.4f}\n", "all", sum.gold_spans,
                     sum.span_recall(), sum.byte_recall(), byte_precision());
  return out;
}

Score score(std::string_view text, const std::vector<GoldSpan>& gold,
            const std::vector<Span>& predicted) {
  Score result;
  result.text_bytes = text.size();
  std::vector<char> covered(text.size(), 0);
  std::vector<char> wanted(text.size(), 0);
  for (const Span& span : predicted)
    std::fill(covered.begin() + static_cast<std::ptrdiff_t>(span.begin),
              covered.begin() + static_cast<std::ptrdiff_t>(span.end), 1);
  for (const GoldSpan& span : gold) {
    ClassScore& own = result.classes[static_cast<std::size_t>(span.phi_class)];
    ++own.gold_spans;
    bool whole = true;
    bool touched = false;
    for (std::size_t i = span.begin; i < span.end && i < text.size(); ++i) {
      wanted[i] = 1;
      if (is_space(text[i])) continue;
      ++own.gold_bytes;
      own.found_bytes += covered[i] ? 1 : 0;
      whole = whole && covered[i];
      touched = touched || covered[i];
    }
    own.found_spans += whole ? 1 : 0;
    own.touched_spans += touched ? 1 : 0;
  }
  for (const Span& span : predicted) {
    for (std::size_t i = span.begin; i < span.end; ++i) {
      if (is_space(text[i])) continue;
      ++result.predicted_bytes[static_cast<std::size_t>(span.phi_class)];
      if (wanted[i]) ++result.true_bytes[static_cast<std::size_t>(span.phi_class)];
    }
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (wanted[i] || is_space(text[i])) continue;
    ++result.other_bytes;
    result.altered_bytes += covered[i] ? 1 : 0;
  }
  return result;
}

}  // namespace residency::deid
