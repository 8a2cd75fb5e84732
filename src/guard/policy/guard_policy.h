// GuardPolicy: what the rails look for and what is done about it, as a file with a version.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/env.h"
#include "base/json.h"
#include "base/phi_class.h"
#include "base/result.h"
#include "guard/content/category.h"
#include "guard/conversation.h"
#include "guard/finding.h"

namespace residency::guard {

/// The rails beside the content categories, in the order of policy files.
enum class Rail : std::uint8_t {
  kTopics,
  kWords,
  kProfanity,
  kPhi,
  kRegexes,
  kGrounding,
  kRelevance,
  kDose,
  kInteractions,
  kAllergies,
  kCodes,
  kCitations,
  kContradiction,
  kCrisis,
  kEmergency,
  kScope,
  kAbstain,
};
inline constexpr std::size_t kRailCount = 17;
inline constexpr std::array<std::string_view, kRailCount> kRailNames{
    "topics",        "words",  "profanity",    "phi",       "regexes", "grounding",
    "relevance",     "dose",   "interactions", "allergies", "codes",   "citations",
    "contradiction", "crisis", "emergency",    "scope",     "abstain"};

/// As Bedrock's: HIGH stops what is found with low confidence already, LOW only what is certain.
enum class Strength : std::uint8_t { kNone, kLow, kMedium, kHigh };
inline constexpr std::array<std::string_view, 4> kStrengthNames{"NONE", "LOW", "MEDIUM", "HIGH"};
/// The least score that `strength` acts on.
double strength_threshold(Strength strength);
/// "NONE", "LOW", "MEDIUM" or "HIGH" for a score.
std::string_view confidence_of(double score);

struct ContentSetting {
  Strength input = Strength::kNone;
  Strength output = Strength::kNone;
  Action input_action = Action::kBlock;
  Action output_action = Action::kBlock;
  bool dry_run = false;
};

struct RailSetting {
  Action input = Action::kOff;
  Action output = Action::kOff;
  bool dry_run = false;
  double threshold = 0.5;
};

struct Topic {
  std::string name;
  std::string definition;
  std::vector<std::string> examples;
  Action action = Action::kBlock;
};

struct UserRegex {
  std::string name;
  std::string pattern;  // RE2
  std::string description;
  Action input = Action::kMask;
  Action output = Action::kMask;
};

/// One kind of personal data: a class of our detector, or a pattern of Bedrock's list.
struct PiiSetting {
  std::string type;  // Bedrock's or our name, as masks show it
  Action input = Action::kMask;
  Action output = Action::kMask;
};

struct GuardPolicy {
  std::string name = "default";
  std::int64_t version = 1;
  std::string description;
  Mode mode = Mode::kClinician;
  std::string country = "US";
  bool dry_run = false;                     // of all rails
  std::array<ContentSetting, 6> content{};  // hate .. prompt_attack
  std::array<RailSetting, kRailCount> rails{};
  std::vector<Topic> topics;
  std::vector<std::string> words;
  std::vector<PiiSetting> pii;  // empty: every class that is on by default
  std::vector<UserRegex> regexes;
  std::vector<std::string> codes_also;  // codes that the table does not have
  std::int64_t window_bytes = 256;
  std::string blocked_input = "I can't help with that request.";
  std::string blocked_output = "I can't give that answer.";
  std::string crisis_text;  // "" for the country's text
  std::string emergency_text;
  std::string abstain_text =
      "I am not sure enough to answer this. Please ask a clinician or look it up.";
  std::string scope_text =
      "This is general information and not a diagnosis. Please talk to a clinician.";
  std::string sha256;     // of the canonical form
  std::string signed_by;  // public key, hex; "" where there is no signature

  const RailSetting& rail(Rail which) const { return rails[static_cast<std::size_t>(which)]; }
  RailSetting& rail(Rail which) { return rails[static_cast<std::size_t>(which)]; }

  /// "clinician", "patient", "phi" (only the PHI filter) or "off".
  static Result<GuardPolicy> named(std::string_view preset);
  /// Strict; all problems at once.
  static Result<GuardPolicy> from_config(const ConfigNode& node);
  /// Bedrock's CreateGuardrail request.
  static Result<GuardPolicy> from_bedrock(const Json& request);
  /// The same policy as Bedrock's GetGuardrail shows it (the healthcare rails have no place there).
  Json to_bedrock() const;
  /// Every setting; what sha256 is taken over.
  std::string canonical_json() const;
};

inline constexpr std::uint64_t kGuardPolicyBytesMax = 1u << 20;
inline constexpr std::size_t kTopicsMax = 30;
inline constexpr std::size_t kWordsMax = 10'000;
inline constexpr std::size_t kRegexesMax = 100;

/// YAML in our form, or JSON in Bedrock's; `file` is what errors call it.
Result<GuardPolicy> parse_guard_policy(std::string_view text, const std::string& file);
/// A preset's name or a file; a signature beside the file (FILE.sig) must hold. `required_key`:
/// see deid::open_policy_file.
Result<GuardPolicy> open_guard_policy(Env& env, const std::string& name_or_path,
                                      const std::string& required_key);
/// Signs the file of a policy into FILE.sig; gives the public key, hex.
Result<std::string> sign_guard_policy(Env& env, const std::string& path,
                                      const std::string& key_path);
/// A file with every key and a comment for each.
std::string guard_policy_template();

}  // namespace residency::guard
