#include <fmt/format.h>
#include <memory>

#include "cli/commands/deid_commands.h"
#include "deid/policy/method.h"
#include "deid/policy/policy_file.h"

namespace residency::cli {
namespace {

struct Words {
  CommonOptions common;
  std::string file;
  std::string key;
  std::string preset = "safe-harbor";
};

Result<deid::Policy> named_or_file(const std::string& name) {
  auto named = deid::Policy::named(name);
  if (named.ok() || !Env::posix().exists(name)) return named;
  return deid::open_policy_file(Env::posix(), name, "");
}

Json to_json(const deid::Policy& policy) {
  Json reasons = Json::array();
  for (const auto& one : deid::safe_harbor_obstacles(policy))
    reasons.push_back({{"subject", one.subject}, {"action", one.action}, {"why", one.why}});
  Json identifiers = Json::array();
  for (const auto& row : deid::safe_harbor_identifiers()) {
    Json actions = Json::object();
    for (const PhiClass phi_class : row.classes)
      actions[std::string(phi_class_name(phi_class))] = deid::action_name(policy.of(phi_class));
    identifiers.push_back(
        {{"letter", std::string(1, row.letter)}, {"title", row.title}, {"actions", actions}});
  }
  return {{"policy", policy.to_json()},
          {"method", policy.method()},
          {"safe_harbor_obstacles", reasons},
          {"identifiers", identifiers}};
}

void print_policy(const deid::Policy& policy) {
  if (!policy.name.empty())
    fmt::print("policy {} version {}, sha256 {}\nsigned by: {}\n", policy.name, policy.version,
               policy.file_sha256, policy.signed_by.empty() ? "nobody" : policy.signed_by);
  fmt::print("preset: {}\nreversible: {}\nZIP areas by the census of {}\n\n", policy.preset,
             policy.reversible ? "yes" : "no", deid::zip_census_name(policy.zip_census));
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : deid::safe_harbor_identifiers()) {
    for (const PhiClass phi_class : row.classes)
      rows.push_back({std::string(1, row.letter), std::string(row.title),
                      std::string(phi_class_name(phi_class)),
                      std::string(deid::action_name(policy.of(phi_class)))});
  }
  for (const PhiClass phi_class : {PhiClass::kHospital, PhiClass::kWard, PhiClass::kProfession})
    rows.push_back({"-", "beyond the rule", std::string(phi_class_name(phi_class)),
                    std::string(deid::action_name(policy.of(phi_class)))});
  fmt::print("{}\n", render_table({"", "164.514(b)(2)(i)", "CLASS", "ACTION"}, rows));
  if (!policy.elements.empty())
    fmt::print("rules for FHIR elements: {}\n", policy.elements.rules.size());
  fmt::print("the method that may be claimed: {}\n", policy.method());
  for (const auto& one : deid::safe_harbor_obstacles(policy))
    fmt::print("  not safe harbor: {} {}: {}\n", one.subject, one.action, one.why);
}

int show(const Words& words) {
  auto policy = named_or_file(words.file);
  if (!policy.ok()) return fail(policy.error(), words.common.json);
  if (words.common.json)
    print_json(to_json(*policy));
  else
    print_policy(*policy);
  return 0;
}

int sign(const Words& words) {
  const auto work = [&]() -> Result<std::string> {
    RESIDENCY_TRY(const auto seed, deid::read_policy_key(Env::posix(), words.key));
    return deid::sign_policy_file(Env::posix(), words.file, seed);
  };
  auto key = work();
  if (!key.ok()) return fail(key.error(), words.common.json);
  if (words.common.json)
    print_json({{"signature", words.file + ".sig"}, {"public_key", *key}});
  else
    fmt::print("wrote {}.sig\npublic key: {}\n", words.file, *key);
  return 0;
}

int verify(const Words& words) {
  auto policy = deid::open_policy_file(Env::posix(), words.file, words.key);
  if (policy.ok() && policy->signed_by.empty())
    policy = permission_denied("the policy is not signed: " + words.file);
  if (!policy.ok()) return fail(policy.error(), words.common.json);
  if (words.common.json)
    print_json({{"name", policy->name},
                {"version", policy->version},
                {"sha256", policy->file_sha256},
                {"signed_by", policy->signed_by}});
  else
    fmt::print("{} version {}: signed by {}\n", policy->name, policy->version, policy->signed_by);
  return 0;
}

int init(const Words& words) {
  const auto work = [&]() -> Result<void> {
    RESIDENCY_TRY(const std::string text, deid::policy_template(words.preset));
    if (Env::posix().exists(words.file)) return already_exists("there is a file: " + words.file);
    return Env::posix().write_file_atomic(words.file, text);
  };
  if (auto done = work(); !done.ok()) return fail(done.error(), words.common.json);
  if (words.common.json)
    print_json({{"file", words.file}});
  else
    fmt::print("wrote {}\n", words.file);
  return 0;
}

int keygen(const Words& words) {
  auto key = deid::make_policy_key(Env::posix(), words.file);
  if (!key.ok()) return fail(key.error(), words.common.json);
  if (words.common.json)
    print_json({{"file", words.file}, {"public_key", *key}});
  else
    fmt::print("wrote {}; keep it secret\npublic key: {}\n", words.file, *key);
  return 0;
}

}  // namespace

void add_deid_policy(CLI::App& app, Chosen& chosen) {
  auto* policy = app.add_subcommand("policy", "write, show, sign and verify policies");
  policy->require_subcommand(1);
  const auto words = std::make_shared<Words>();
  const auto add = [&](const char* name, const char* summary, const char* what,
                       int (*act)(const Words&)) {
    auto* verb = policy->add_subcommand(name, summary);
    words->common.add_to(*verb, false);
    verb->add_option("file", words->file, what)->required();
    verb->callback([&chosen, words, act] { chosen = [words, act] { return act(*words); }; });
    return verb;
  };
  add("show", "its actions and the method they allow to claim", "a preset's name or a policy file",
      show);
  add("init", "write a template with comments", "the file to write", init)
      ->add_option("--preset", words->preset, "what it starts from")
      ->capture_default_str();
  add("sign", "check a policy and sign it", "the policy file", sign)
      ->add_option("--key", words->key, "a private key, from keygen")
      ->required();
  add("verify", "check a policy's signature", "the policy file", verify)
      ->add_option("--key", words->key, "the public key that must have signed it");
  add("keygen", "make a key for signing policies", "the file for the private key", keygen);
}

}  // namespace residency::cli
