#include "serve/phi_guardrail.h"

#include "guard/phi_filter.h"

namespace residency::serve {
namespace {

constexpr std::string_view kId = "phi";
constexpr std::string_view kBlockedMessage = "The text holds protected health information.";

Json entities_json(const std::vector<guard::Decision>& decisions, guard::FilterMode mode) {
  const char* action = mode == guard::FilterMode::kMask    ? "ANONYMIZED"
                       : mode == guard::FilterMode::kBlock ? "BLOCKED"
                                                           : "NONE";
  Json entities = Json::array();
  // The match itself is left out: it is what the guardrail keeps from leaving.
  for (const auto& decision : decisions) {
    entities.push_back({{"match", ""},
                        {"type", phi_class_name(decision.phi_class)},
                        {"action", action},
                        {"detected", true}});
  }
  if (entities.empty()) return Json::object();
  return {{"sensitiveInformationPolicy",
           {{"piiEntities", std::move(entities)}, {"regexes", Json::array()}}}};
}

class PhiOutputFilter final : public OutputFilter {
 public:
  PhiOutputFilter(std::shared_ptr<const deid::Detector> detector,
                  const guard::GuardOptions& options)
      : detector_(std::move(detector)), mode_(options.mode), filter_(*detector_, options) {}
  std::string feed(std::string_view piece) override { return filter_.feed(piece); }
  std::string finish() override { return filter_.finish(); }
  std::uint64_t spans_filtered() const override { return filter_.decisions().size(); }
  bool blocked() const override { return filter_.blocked(); }
  Json assessment() const override { return entities_json(filter_.decisions(), mode_); }

 private:
  std::shared_ptr<const deid::Detector> detector_;
  guard::FilterMode mode_;
  guard::PhiFilter filter_;
};

class PhiGuardrail final : public Guardrail {
 public:
  PhiGuardrail(std::shared_ptr<const deid::Detector> detector, const guard::GuardOptions& options,
               bool answers_only)
      : detector_(std::move(detector)), options_(options), answers_only_(answers_only) {}

  const std::string& id() const override { return id_; }

  Result<GuardDecision> check(GuardSide side, const std::vector<GuardText>& texts,
                              bool) const override {
    GuardDecision made;
    if (answers_only_ && side == GuardSide::kInput) return made;
    std::vector<guard::Decision> found;
    std::int64_t units = 0;
    for (const GuardText& text : texts) {
      made.texts.push_back(guard::filter_text(*detector_, options_, text.text, &found));
      constexpr std::size_t kUnitBytes = 1000;
      units += static_cast<std::int64_t>((text.text.size() + kUnitBytes - 1) / kUnitBytes);
    }
    made.assessment = entities_json(found, options_.mode);
    made.usage = {{"sensitiveInformationPolicyUnits", units}};
    if (found.empty() || options_.mode == guard::FilterMode::kDetect) return made;
    made.action = options_.mode == guard::FilterMode::kBlock ? GuardDecision::Action::kBlocked
                                                             : GuardDecision::Action::kMasked;
    if (options_.mode == guard::FilterMode::kBlock) made.texts = {std::string(kBlockedMessage)};
    return made;
  }

  std::unique_ptr<OutputFilter> output_filter(const std::vector<GuardText>&) const override {
    return std::make_unique<PhiOutputFilter>(detector_, options_);
  }

 private:
  const std::string id_{kId};
  std::shared_ptr<const deid::Detector> detector_;
  guard::GuardOptions options_;
  bool answers_only_;
};

/// The standing one looks at answers only: a note that is asked about may name its patient.
class PhiGuardrails final : public Guardrails {
 public:
  PhiGuardrails(const std::shared_ptr<const deid::Detector>& detector,
                const guard::GuardOptions& options)
      : standing_(std::make_shared<PhiGuardrail>(detector, options, true)),
        named_(std::make_shared<PhiGuardrail>(detector, options, false)) {}
  std::vector<std::shared_ptr<const Guardrail>> standing() const override { return {standing_}; }
  Result<std::shared_ptr<const Guardrail>> find(const std::string& id,
                                                const std::string&) const override {
    if (id.substr(id.rfind('/') + 1) != kId) {
      return not_found("guardrail: there is none of that id");
    }
    return named_;
  }

 private:
  std::shared_ptr<const Guardrail> standing_;
  std::shared_ptr<const Guardrail> named_;
};

/// One guardrail, standing and by its id.
class OneGuardrail final : public Guardrails {
 public:
  explicit OneGuardrail(std::shared_ptr<const Guardrail> guardrail)
      : guardrail_(std::move(guardrail)) {}
  std::vector<std::shared_ptr<const Guardrail>> standing() const override {
    if (guardrail_ == nullptr) return {};
    return {guardrail_};
  }
  Result<std::shared_ptr<const Guardrail>> find(const std::string& id,
                                                const std::string&) const override {
    const std::string name = id.substr(id.rfind('/') + 1);
    if (guardrail_ == nullptr || name != guardrail_->id()) {
      return not_found("guardrail: there is none of that id");
    }
    return guardrail_;
  }

 private:
  std::shared_ptr<const Guardrail> guardrail_;
};

/// Filters of a factory; whole texts pass one too.
class FilterGuardrail final : public Guardrail {
 public:
  explicit FilterGuardrail(OutputFilterFactory factory) : factory_(std::move(factory)) {}
  const std::string& id() const override { return id_; }
  Result<GuardDecision> check(GuardSide side, const std::vector<GuardText>& texts,
                              bool) const override {
    GuardDecision made;
    if (side == GuardSide::kInput) return made;
    for (const GuardText& text : texts) {
      const auto filter = factory_();
      std::string kept = filter->feed(text.text);
      kept += filter->finish();
      made.texts.push_back(std::move(kept));
      if (filter->blocked()) made.action = GuardDecision::Action::kBlocked;
      if (filter->spans_filtered() > 0 && made.action == GuardDecision::Action::kNone) {
        made.action = GuardDecision::Action::kMasked;
      }
    }
    return made;
  }
  std::unique_ptr<OutputFilter> output_filter(const std::vector<GuardText>&) const override {
    return factory_();
  }

 private:
  const std::string id_{"filter"};
  OutputFilterFactory factory_;
};

}  // namespace

Result<std::shared_ptr<const Guardrails>> phi_guardrails(const guard::GuardOptions& options) {
  RESIDENCY_TRY(auto opened, deid::Detector::open());
  const std::shared_ptr<const deid::Detector> detector = std::move(opened);
  return std::shared_ptr<const Guardrails>(std::make_shared<PhiGuardrails>(detector, options));
}

std::shared_ptr<const Guardrails> guardrails_of(OutputFilterFactory factory) {
  if (!factory) return std::make_shared<OneGuardrail>(nullptr);
  return std::make_shared<OneGuardrail>(std::make_shared<FilterGuardrail>(std::move(factory)));
}

}  // namespace residency::serve
