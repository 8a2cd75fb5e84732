// AuditLog: an append-only log of who did what to which artifact, chained, Merkle-hashed and
// signed, so that any change of any byte shows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "store/workspace.h"

namespace residency::audit {

/// What happened. Enumerations, ids, digests and counts only: no free text from users or data.
struct Event {
  std::string type;                  // "deid.run", "artifact.read", "deploy.promote"
  std::string phase;                 // "intent" before PHI is opened, "outcome" after
  std::string outcome;               // "success", "failure", "" for an intent
  std::string actor;                 // "os:<uid>", a user id later
  std::vector<std::string> objects;  // artifact, job or deployment ids
  std::map<std::string, std::int64_t> counts;
  std::string reason_code;  // an error code's name, "" where none
};

struct VerifyReport {
  bool intact = false;
  std::uint64_t events = 0;
  std::uint64_t first_bad_seq = 0;  // meaningful where not intact
  std::string damage;  // class of damage: "edited", "cut", "reordered", "signature", ""
};

/// Safe for several processes at once (the append holds a file lock).
class AuditLog {
 public:
  virtual ~AuditLog() = default;
  static Result<std::unique_ptr<AuditLog>> open(store::Workspace& workspace);

  /// Durable when it returns; where it fails, the caller must not go on to open PHI.
  virtual Result<std::uint64_t> append(const Event& event) = 0;
  virtual Result<VerifyReport> verify() = 0;
  /// The newest `limit` events as JSON lines, oldest first.
  virtual Result<std::vector<std::string>> tail(std::size_t limit) = 0;
};

}  // namespace residency::audit
