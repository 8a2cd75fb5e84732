#include "serve/policy_output_filter.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace residency::serve {
namespace {

const char* bedrock_action(const guard::Finding& finding) {
  if (finding.dry_run || finding.action < guard::Action::kMask) return "NONE";
  return finding.action == guard::Action::kMask ? "ANONYMIZED" : "BLOCKED";
}

std::string upper(std::string_view text) {
  std::string made(text);
  std::transform(made.begin(), made.end(), made.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return made;
}

class PolicyOutputFilter final : public OutputFilter {
 public:
  PolicyOutputFilter(std::shared_ptr<const guard::Guardrail> guardrail,
                     guard::Conversation conversation)
      : guardrail_(std::move(guardrail)),
        stream_(guardrail_->open_output(std::move(conversation))) {}
  std::string feed(std::string_view piece) override { return stream_->feed(piece); }
  std::string finish() override { return stream_->finish(); }
  std::uint64_t spans_filtered() const override {
    const auto& findings = stream_->findings();
    return static_cast<std::uint64_t>(
        std::count_if(findings.begin(), findings.end(), [](const guard::Finding& one) {
          return !one.dry_run && one.action >= guard::Action::kMask;
        }));
  }
  bool blocked() const override { return stream_->blocked(); }
  Json assessment() const override { return policy_assessment(stream_->findings()); }

 private:
  std::shared_ptr<const guard::Guardrail> guardrail_;
  std::unique_ptr<guard::OutputStream> stream_;
};

}  // namespace

Json policy_assessment(const std::vector<guard::Finding>& findings) {
  constexpr std::string_view kContent = "content.";
  Json made = Json::object();
  for (const guard::Finding& one : findings) {
    const Json said{{"action", bedrock_action(one)}, {"detected", true}};
    const auto add = [&](const char* policy, const char* list, Json more) {
      more.update(said);
      made[policy][list].push_back(std::move(more));
    };
    if (one.policy.starts_with(kContent)) {
      add("contentPolicy", "filters",
          {{"type", upper(std::string_view(one.policy).substr(kContent.size()))},
           {"confidence", guard::confidence_of(one.score)}});
    } else if (one.policy == "topics") {
      add("topicPolicy", "topics", {{"name", one.name}, {"type", "DENY"}});
    } else if (one.policy == "words") {
      add("wordPolicy", "customWords", {{"match", ""}});
    } else if (one.policy == "profanity") {
      add("wordPolicy", "managedWordLists", {{"match", ""}, {"type", "PROFANITY"}});
    } else if (one.policy == "phi") {
      add("sensitiveInformationPolicy", "piiEntities", {{"match", ""}, {"type", one.name}});
    } else if (one.policy == "regexes") {
      add("sensitiveInformationPolicy", "regexes", {{"match", ""}, {"name", one.name}});
    } else {
      add("residency", "findings",
          {{"policy", one.policy}, {"name", one.name}, {"score", one.score}, {"note", one.note}});
    }
  }
  return made;
}

std::unique_ptr<OutputFilter> policy_output_filter(
    std::shared_ptr<const guard::Guardrail> guardrail, guard::Conversation conversation) {
  return std::make_unique<PolicyOutputFilter>(std::move(guardrail), std::move(conversation));
}

OutputFilterFactory policy_output_filter_factory(
    std::shared_ptr<const guard::Guardrail> guardrail) {
  return [guardrail] { return policy_output_filter(guardrail, {}); };
}

}  // namespace residency::serve
