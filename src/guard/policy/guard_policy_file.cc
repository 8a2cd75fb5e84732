#include <fmt/format.h>

#include "crypto/random.h"
#include "crypto/sha256.h"
#include "deid/policy/policy_file.h"
#include "guard/policy/guard_policy.h"

namespace residency::guard {
namespace {

bool is_preset(std::string_view name) {
  return name == "clinician" || name == "patient" || name == "phi" || name == "off";
}

}  // namespace

Result<GuardPolicy> parse_guard_policy(std::string_view text, const std::string& file) {
  if (text.size() > kGuardPolicyBytesMax)
    return invalid_argument(
        fmt::format("{}: a guardrail file has at most {} bytes", file, kGuardPolicyBytesMax));
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    const auto json = parse_json(text);
    if (!json.ok()) return json.error().with_context(file);
    if (!json_member(*json, "residency_guardrail").is_number()) {
      auto policy = GuardPolicy::from_bedrock(*json);
      if (!policy.ok()) return policy.error().with_context(file);
      return policy;
    }
  }
  RESIDENCY_TRY(const auto node, ConfigNode::parse(text, file));
  return GuardPolicy::from_config(node);
}

Result<GuardPolicy> open_guard_policy(Env& env, const std::string& name_or_path,
                                      const std::string& required_key) {
  if (is_preset(name_or_path) && !env.exists(name_or_path)) {
    if (!required_key.empty())
      return permission_denied("the guardrail must be a signed file, and is a preset: " +
                               name_or_path);
    return GuardPolicy::named(name_or_path);
  }
  RESIDENCY_TRY(const std::string text, env.read_file(name_or_path, kGuardPolicyBytesMax));
  RESIDENCY_TRY(const std::string signer, deid::policy_signer(env, name_or_path, text));
  if (!required_key.empty()) {
    RESIDENCY_TRY(const std::string wanted, deid::read_public_key(env, required_key));
    if (signer.empty())
      return permission_denied("the guardrail must be signed, and is not: " + name_or_path);
    if (signer != wanted)
      return permission_denied("the guardrail is signed with another key than the required: " +
                               name_or_path);
  }
  RESIDENCY_TRY(GuardPolicy policy, parse_guard_policy(text, name_or_path));
  policy.signed_by = signer;
  return policy;
}

Result<std::string> sign_guard_policy(Env& env, const std::string& path,
                                      const std::string& key_path) {
  RESIDENCY_TRY(const std::string text, env.read_file(path, kGuardPolicyBytesMax));
  RESIDENCY_TRY(const GuardPolicy policy, parse_guard_policy(text, path));
  RESIDENCY_TRY(const crypto::Secret seed, deid::read_policy_key(env, key_path));
  return deid::sign_policy_text(env, path, text, policy.name, policy.version, seed);
}

std::string guard_policy_template() {
  return R"(# A guardrail: what is looked for in questions and answers, and what is done about it.
# Check it with   residency guard policies FILE
# Try it with     residency guard test CASES.jsonl --policy FILE
# Sign it with    residency guard sign FILE --key KEY

residency_guardrail: 1      # the format of this file
name: my-guardrail
version: 1                  # raise it with every change, then sign again
description: ""
preset: clinician           # what is not set below: clinician, patient, phi (only PHI), off
mode: clinician             # who asks: clinician or patient
country: US                 # whose emergency number and hotline the fixed texts name
dry_run: false              # true: everything is told, nothing is done
window_bytes: 256           # so much of an answer is held back at least

# Strengths as in Bedrock: HIGH stops what is found with low confidence, LOW only what is certain.
# action: block or detect; dry_run: true for one policy alone.
content:
  hate: {input: MEDIUM, output: MEDIUM}
  insults: {input: MEDIUM, output: MEDIUM}
  sexual: {input: MEDIUM, output: MEDIUM}
  violence: {input: MEDIUM, output: MEDIUM}
  misconduct: {input: MEDIUM, output: MEDIUM}
  prompt_attack: {input: MEDIUM, output: NONE}

topics: []
# - name: Investment advice
#   definition: Advice on shares, funds or retirement savings.
#   examples: ["Which fund should I buy?"]
#   action: block

words: []                   # exact words and phrases, in any case
regexes: []
# - {name: study-id, pattern: 'NCT\d{8}', action: mask}

# Actions: off, detect, warn (a line after the answer), mask, block, answer (the fixed text).
profanity: {input: off, output: block}
phi: {input: detect, output: mask, threshold: 0.7}   # classes: [SSN, PHONE]
grounding: {output: detect, threshold: 0.5}          # needs a source
relevance: {output: detect, threshold: 0.1}
dose: {input: detect, output: warn}
interactions: {output: warn}
allergies: {output: warn}
codes: {output: warn}                                # also: [LOCAL1] are no inventions
citations: {output: warn}
contradiction: {output: warn}                        # needs a source
crisis: {input: answer}
emergency: {input: off}                              # preset patient: answer
scope: {output: off}                                 # preset patient: warn
abstain: {output: off, threshold: 0}                 # block: below this confidence

messages:
  blocked_input: "I can't help with that request."
  blocked_output: "I can't give that answer."
  # crisis, emergency: the country's text where not set
)";
}

}  // namespace residency::guard
