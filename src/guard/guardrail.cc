#include "guard/guardrail.h"

#include <algorithm>
#include <array>

#include "guard/clinical/hotlines.h"
#include "guard/inspector.h"
#include "guard/stream/answer_stream.h"

namespace residency::guard {
namespace {

constexpr std::array<std::string_view, 4> kOutcomeNames{"pass", "masked", "blocked", "answered"};

class PolicyGuardrail final : public Guardrail {
 public:
  explicit PolicyGuardrail(std::unique_ptr<Inspector> inspector)
      : inspector_(std::move(inspector)) {}

  const GuardPolicy& policy() const override { return inspector_->policy(); }

  InputVerdict check_input(const Conversation& conversation) const override {
    InputVerdict verdict;
    Action strongest = Action::kOff;
    const Finding* deciding = nullptr;
    for (std::size_t i = 0; i < conversation.turns.size(); ++i) {
      const Turn& turn = conversation.turns[i];
      verdict.texts.push_back(turn.text);
      if (turn.role != "user") continue;
      std::vector<Finding> found;
      inspector_->inspect_words(turn.text, Direction::kInput, {}, found);
      // What a question says of doses is told; what it does about them is the answer's matter.
      inspector_->inspect_clinical(turn.text, Direction::kInput, {}, {}, Action::kDetect,
                                   Action::kAnswer, found);
      const auto spans = inspector_->inspect_spans(turn.text, Direction::kInput, {}, {}, found);
      if (!spans.ok()) {
        verdict.outcome = Outcome::kBlocked;
        verdict.message = policy().blocked_input;
      }
      verdict.texts.back() = masked(turn.text, found);
      if (verdict.texts.back() != turn.text && verdict.outcome == Outcome::kPass)
        verdict.outcome = Outcome::kMasked;
      for (Finding& finding : found) {
        finding.turn = i;
        verdict.findings.push_back(std::move(finding));
      }
    }
    for (const Finding& finding : verdict.findings) {
      if (finding.dry_run || finding.action <= strongest || finding.action < Action::kBlock)
        continue;
      strongest = finding.action;
      deciding = &finding;
    }
    if (deciding != nullptr) {
      verdict.outcome = strongest == Action::kAnswer ? Outcome::kAnswered : Outcome::kBlocked;
      verdict.message = message_for(*deciding);
    }
    return verdict;
  }

  std::unique_ptr<OutputStream> open_output(Conversation conversation) const override {
    return std::make_unique<AnswerStream>(*inspector_, std::move(conversation));
  }

 private:
  std::string message_for(const Finding& finding) const {
    const GuardPolicy& policy = inspector_->policy();
    if (finding.action == Action::kAnswer && finding.policy == "crisis")
      return policy.crisis_text.empty() ? crisis_text(policy.country) : policy.crisis_text;
    if (finding.action == Action::kAnswer && finding.policy == "emergency")
      return policy.emergency_text.empty() ? emergency_text(policy.country) : policy.emergency_text;
    return policy.blocked_input;
  }

  std::unique_ptr<Inspector> inspector_;
};

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

Result<std::shared_ptr<const Guardrail>> Guardrail::open(GuardPolicy policy) {
  RESIDENCY_TRY(auto inspector, Inspector::open(policy));
  return std::shared_ptr<const Guardrail>(std::make_shared<PolicyGuardrail>(std::move(inspector)));
}

OutputVerdict Guardrail::check_output(const Conversation& conversation, std::string_view answer,
                                      std::optional<double> confidence) const {
  const auto stream = open_output(conversation);
  OutputVerdict verdict;
  verdict.text = stream->feed(answer);
  verdict.text += stream->finish(confidence);
  verdict.outcome = stream->outcome();
  verdict.findings = stream->findings();
  verdict.grounding = stream->grounding();
  verdict.relevance = stream->relevance();
  return verdict;
}

}  // namespace residency::guard
