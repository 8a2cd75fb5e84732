// One event as one line of the log. Inside audit only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/audit_log.h"
#include "base/result.h"

namespace residency::audit {

/// What chains a line to the one before it.
struct LineLinks {
  std::uint64_t seq = 0;
  std::string prev;  // SHA-256, hex, of the line before; of nothing for the first
};

/// kInvalidArgument, naming the field, where an event holds more than enumerations, ids and counts.
Result<void> validate(const Event& event);

/// The line, without newline: canonical JSON with a code over all of it under `key`.
std::string encode_line(const Event& event, const LineLinks& links, const std::string& time,
                        std::string_view key);

/// Checks the code and gives the links. kCorrupt where the line is not one that encode_line wrote.
Result<LineLinks> check_line(std::string_view line, std::string_view key);

}  // namespace residency::audit
