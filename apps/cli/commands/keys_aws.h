// `residency keys aws`: the access keys that clients of the AWS APIs sign with.
#pragma once

#include <string>

#include "cli/command_line.h"
#include "store/workspace.h"

namespace residency::cli {

struct AccessKeyChoice {
  CLI::App* create = nullptr;
  CLI::App* list = nullptr;
  CLI::App* revoke = nullptr;
  std::string name;
  std::string id;
  bool chosen() const { return create->parsed() || list->parsed() || revoke->parsed(); }
};

void add_access_key_commands(CLI::App& app, CommonOptions& common, AccessKeyChoice& choice);
int run_access_keys(store::Workspace& workspace, const CommonOptions& common,
                    const AccessKeyChoice& choice);

}  // namespace residency::cli
