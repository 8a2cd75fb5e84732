// Writing a trained adapter out of the workspace, in the formats that other tools load.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/command_line.h"

namespace residency::cli {

struct ExportOptions {
  CommonOptions common;
  std::string adapter;  // artifact id
  std::string format;   // "peft", "gguf", "merged"
  std::string out;
  std::string type = "bf16";  // of a merged model
};

/// The export leaves the encrypted store: the audit log keeps that it was made.
Result<void> export_model(const ExportOptions& options);

}  // namespace residency::cli
