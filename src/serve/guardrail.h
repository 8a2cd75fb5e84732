// Guardrail: what requests and answers pass through. The rules are guard's; serve calls them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "serve/output_filter.h"

namespace residency::serve {

enum class GuardSide : std::uint8_t { kInput, kOutput };

struct GuardText {
  std::string text;
  std::string role;  // of a message; "" where there is none
  std::string use;   // as ChatMessage::guard_use
};

struct GuardDecision {
  enum class Action : std::uint8_t { kNone, kMasked, kBlocked };
  Action action = Action::kNone;
  std::vector<std::string> texts;  // masked: one for each text given; blocked: what to say instead
  Json assessment = Json::object();  // in the shape of Bedrock's GuardrailAssessment
  Json usage = Json::object();       // in the shape of GuardrailUsage
};

/// One version of one policy. Thread-safe.
class Guardrail {
 public:
  virtual ~Guardrail() = default;
  virtual const std::string& id() const = 0;
  /// Looks at whole texts. `all`: the assessment lists also what was looked for and not found.
  virtual Result<GuardDecision> check(GuardSide side, const std::vector<GuardText>& texts,
                                      bool all) const = 0;
  /// The filter of an answer to this conversation. Without one nothing is answered.
  virtual std::unique_ptr<OutputFilter> output_filter(
      const std::vector<GuardText>& conversation) const = 0;
};

/// Thread-safe.
class Guardrails {
 public:
  virtual ~Guardrails() = default;
  /// Those that every request and answer of the endpoint passes, in order.
  virtual std::vector<std::shared_ptr<const Guardrail>> standing() const = 0;
  /// By id (or its ARN) and version. kNotFound.
  virtual Result<std::shared_ptr<const Guardrail>> find(const std::string& id,
                                                        const std::string& version) const = 0;
};

/// Answers pass `factory`'s filters; there is no other guardrail. `factory` empty: no filter.
std::shared_ptr<const Guardrails> guardrails_of(OutputFilterFactory factory);

}  // namespace residency::serve
