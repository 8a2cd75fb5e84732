#include "deid/proof/parrot.h"

#include <algorithm>
#include <memory>

#include "deid/tagger/tagger.h"
#include "deid/tagger/tagger_trainer.h"

namespace residency::deid {
namespace {

constexpr std::size_t kDocumentsMin = 20;
constexpr std::size_t kFolds = 2;
constexpr double kLookAlikeMin = 0.5;

bool touches(const Span& span, const GoldSpan& replaced) {
  return span.begin < replaced.end && replaced.begin < span.end;
}

/// True inside a tag such as [DATE] or [NAME_3].
bool inside_tag(std::string_view text, const Span& span) {
  const std::size_t open = text.rfind('[', span.begin);
  if (open == std::string_view::npos) return false;
  const std::size_t close = text.find(']', open);
  return close != std::string_view::npos && close + 1 >= span.end;
}

void attack(const Tagger& tagger, const TagExample& document, std::size_t number,
            const ParrotOptions& options, ParrotReport& report) {
  const auto found = tagger.read(document.text, {}).spans;
  for (const GoldSpan& replaced : document.spans) {
    ++report.replaced;
    if (std::any_of(found.begin(), found.end(),
                    [&](const Span& span) { return touches(span, replaced); }))
      ++report.found_again;
  }
  for (const Span& span : found) {
    const bool known = std::any_of(document.spans.begin(), document.spans.end(),
                                   [&](const GoldSpan& one) { return touches(span, one); });
    if (known || span.score < options.score_min || inside_tag(document.text, span)) continue;
    report.look_alikes.push_back({number, span.begin, span.end, span.phi_class, span.score});
  }
}

}  // namespace

Result<ParrotReport> parrot_attack(const std::vector<TagExample>& documents,
                                   const ParrotOptions& options, Progress& progress) {
  if (documents.size() < kDocumentsMin)
    return invalid_argument("the attack needs 20 documents at least");
  ParrotReport report;
  report.documents = documents.size();
  for (std::size_t fold = 0; fold < kFolds; ++fold) {
    TaggerTexts lessons;
    for (std::size_t i = 0; i < documents.size(); ++i)
      if (i % kFolds != fold) lessons.notes.push_back(documents[i]);
    TaggerTrainOptions training;
    training.seed = options.seed;
    training.steps = options.steps;
    training.step_tokens = 512;
    training.rate = 0.004;
    training.notes_alone = true;
    RESIDENCY_TRY(auto trained, train_tagger(lessons, training, progress));
    Tagger tagger(std::make_shared<const TaggerModel>(std::move(trained.model)));
    // A lesson this short fits no thresholds.
    TaggerReach reach;
    for (const PhiClass group : kTagGroups) reach.thresholds[group] = kLookAlikeMin;
    tagger.reach(reach);
    for (std::size_t i = fold; i < documents.size(); i += kFolds)
      attack(tagger, documents[i], i, options, report);
  }
  std::stable_sort(report.look_alikes.begin(), report.look_alikes.end(),
                   [](const LookAlike& a, const LookAlike& b) { return a.score > b.score; });
  return report;
}

}  // namespace residency::deid
