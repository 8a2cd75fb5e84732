// Guardrail: one policy, ready to look at questions and answers. What serve calls.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "guard/conversation.h"
#include "guard/finding.h"
#include "guard/policy/guard_policy.h"

namespace residency::guard {

enum class Outcome : std::uint8_t {
  kPass,      // as it is
  kMasked,    // spans were replaced, or warnings put after it
  kBlocked,   // `message` stands instead
  kAnswered,  // `message` is the operator's fixed text: crisis, emergency
};

std::string_view outcome_name(Outcome outcome);

struct InputVerdict {
  Outcome outcome = Outcome::kPass;
  std::string message;             // where blocked or answered
  std::vector<std::string> texts;  // of each turn, masked
  std::vector<Finding> findings;   // also those that were only told
};

struct OutputVerdict {
  Outcome outcome = Outcome::kPass;
  std::string text;  // what may leave
  std::vector<Finding> findings;
  double grounding = 1;
  double relevance = 1;
};

/// An answer while it is generated. One answer, one thread. Text leaves at once as long as it is
/// plain words that cannot begin anything forbidden; else when a window of further text has come
/// and was looked at. Nothing that leaves is taken back.
class OutputStream {
 public:
  virtual ~OutputStream() = default;
  /// Takes the next piece; returns what may leave now. After blocked(): nothing.
  virtual std::string feed(std::string_view piece) = 0;
  /// No more comes. `confidence` (0 to 1) where the engine tells one, for abstention. Warnings and
  /// the message of a block are part of what is returned.
  virtual std::string finish(std::optional<double> confidence = std::nullopt) = 0;
  virtual bool blocked() const = 0;
  virtual Outcome outcome() const = 0;
  /// In the order they were found. Places are bytes of the whole answer as it was generated.
  virtual const std::vector<Finding>& findings() const = 0;
  virtual double grounding() const = 0;
  virtual double relevance() const = 0;
};

class Guardrail {
 public:
  virtual ~Guardrail() = default;
  /// Opens the detector of identifiers where the policy needs it.
  static Result<std::shared_ptr<const Guardrail>> open(GuardPolicy policy);

  virtual const GuardPolicy& policy() const = 0;
  /// Looks at the users' turns; the system's and the assistant's are context.
  virtual InputVerdict check_input(const Conversation& conversation) const = 0;
  /// A stream for the answer to `conversation`; the guardrail must outlive it.
  virtual std::unique_ptr<OutputStream> open_output(Conversation conversation) const = 0;
  /// A whole answer at once.
  OutputVerdict check_output(const Conversation& conversation, std::string_view answer,
                             std::optional<double> confidence = std::nullopt) const;
};

}  // namespace residency::guard
