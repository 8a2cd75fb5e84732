#include "serve/policy_guardrail.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "guard/guardrail.h"
#include "serve/policy_output_filter.h"

namespace residency::serve {
namespace {

/// Texts to look at are turns; sources and the query are what they are looked at with.
guard::Conversation conversation_of(const std::vector<GuardText>& texts) {
  guard::Conversation conversation;
  for (const GuardText& text : texts) {
    if (text.use == "source") {
      conversation.sources.push_back(text.text);
    } else if (text.use == "query") {
      conversation.query = text.text;
    } else {
      conversation.turns.push_back({text.role.empty() ? "user" : text.role, text.text});
    }
  }
  return conversation;
}

bool is_judged(const GuardText& text) { return text.use != "source" && text.use != "query"; }

class PolicyOfGuard final : public Guardrail {
 public:
  explicit PolicyOfGuard(std::shared_ptr<const guard::Guardrail> rails)
      : rails_(std::move(rails)), id_(rails_->policy().name) {}

  const std::string& id() const override { return id_; }

  Result<GuardDecision> check(GuardSide side, const std::vector<GuardText>& texts,
                              bool) const override {
    return side == GuardSide::kInput ? check_questions(texts) : check_answers(texts);
  }

  std::unique_ptr<OutputFilter> output_filter(
      const std::vector<GuardText>& conversation) const override {
    return policy_output_filter(rails_, conversation_of(conversation));
  }

 private:
  GuardDecision check_questions(const std::vector<GuardText>& texts) const {
    auto verdict = rails_->check_input(conversation_of(texts));
    GuardDecision made;
    made.assessment = policy_assessment(verdict.findings);
    switch (verdict.outcome) {
      case guard::Outcome::kPass:
        return made;
      case guard::Outcome::kMasked:
        break;
      case guard::Outcome::kBlocked:
      case guard::Outcome::kAnswered:
        made.action = GuardDecision::Action::kBlocked;
        made.texts = {std::move(verdict.message)};
        return made;
    }
    made.action = GuardDecision::Action::kMasked;
    auto masked = verdict.texts.begin();
    for (const GuardText& text : texts) {
      made.texts.push_back(is_judged(text) ? std::move(*masked++) : text.text);
    }
    return made;
  }

  GuardDecision check_answers(const std::vector<GuardText>& texts) const {
    auto conversation = conversation_of(texts);
    conversation.turns.clear();  // they are the answers
    GuardDecision made;
    std::vector<guard::Finding> findings;
    for (const GuardText& text : texts) {
      if (!is_judged(text)) {
        made.texts.push_back(text.text);
        continue;
      }
      auto verdict = rails_->check_output(conversation, text.text);
      std::move(verdict.findings.begin(), verdict.findings.end(), std::back_inserter(findings));
      if (verdict.outcome >= guard::Outcome::kBlocked) {
        made.action = GuardDecision::Action::kBlocked;
      } else if (verdict.outcome == guard::Outcome::kMasked &&
                 made.action == GuardDecision::Action::kNone) {
        made.action = GuardDecision::Action::kMasked;
      }
      made.texts.push_back(std::move(verdict.text));
    }
    made.assessment = policy_assessment(findings);
    if (made.action == GuardDecision::Action::kBlocked)
      made.texts = {rails_->policy().blocked_output};
    return made;
  }

  std::shared_ptr<const guard::Guardrail> rails_;
  const std::string id_;
};

class GuardrailsBehind final : public Guardrails {
 public:
  GuardrailsBehind(std::shared_ptr<const Guardrail> first, std::shared_ptr<const Guardrails> others)
      : first_(std::move(first)), others_(std::move(others)) {}
  std::vector<std::shared_ptr<const Guardrail>> standing() const override {
    std::vector<std::shared_ptr<const Guardrail>> all{first_};
    for (auto& other : others_->standing()) all.push_back(std::move(other));
    return all;
  }
  Result<std::shared_ptr<const Guardrail>> find(const std::string& id,
                                                const std::string& version) const override {
    if (id.substr(id.rfind('/') + 1) == first_->id()) return first_;
    return others_->find(id, version);
  }

 private:
  std::shared_ptr<const Guardrail> first_;
  std::shared_ptr<const Guardrails> others_;
};

}  // namespace

Result<std::shared_ptr<const Guardrail>> policy_guardrail(guard::GuardPolicy policy) {
  RESIDENCY_TRY(auto rails, guard::Guardrail::open(std::move(policy)));
  return std::shared_ptr<const Guardrail>(std::make_shared<PolicyOfGuard>(std::move(rails)));
}

std::shared_ptr<const Guardrails> with_guardrail(std::shared_ptr<const Guardrail> first,
                                                 std::shared_ptr<const Guardrails> others) {
  return std::make_shared<GuardrailsBehind>(std::move(first), std::move(others));
}

Result<Json> read_policy_source(Env& env, const std::string& preset_or_path) {
  RESIDENCY_TRY_VOID(guard::open_guard_policy(env, preset_or_path, ""));
  if (!env.exists(preset_or_path)) return Json{{"preset", preset_or_path}};
  RESIDENCY_TRY(auto text, env.read_file(preset_or_path, guard::kGuardPolicyBytesMax));
  return Json{{"file", preset_or_path}, {"text", std::move(text)}};
}

Result<guard::GuardPolicy> policy_of_source(const Json& source) {
  if (source.contains("preset")) return guard::GuardPolicy::named(json_text(source, "preset"));
  return guard::parse_guard_policy(json_text(source, "text"), json_text(source, "file"));
}

}  // namespace residency::serve
