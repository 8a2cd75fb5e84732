// The subcommands of `residency deid` that stand in files of their own. Each adds itself to `app`
// and, where it is the one that was asked for, puts what it does into `chosen`.
#pragma once

#include <functional>
#include <string>

#include "cli/command_line.h"
#include "deid/policy/policy.h"

namespace residency::cli {

using Chosen = std::function<int()>;

/// The options of a policy alone: a preset's name or a policy file.
Result<deid::DeidOptions> policy_options(const std::string& policy);

void add_deid_policy(CLI::App& app, Chosen& chosen);
void add_deid_crosswalk(CLI::App& app, Chosen& chosen);
void add_deid_reverse(CLI::App& app, Chosen& chosen);
void add_deid_score(CLI::App& app, Chosen& chosen);
void add_deid_train_tagger(CLI::App& app, Chosen& chosen);
void add_deid_text(CLI::App& app, Chosen& chosen);
void add_deid_folder(CLI::App& app, Chosen& chosen);
void add_deid_review(CLI::App& app, Chosen& chosen);
void add_deid_parrot(CLI::App& app, Chosen& chosen);
void add_deid_certificate(CLI::App& app, Chosen& chosen);
void add_deid_risk(CLI::App& app, Chosen& chosen);

}  // namespace residency::cli
