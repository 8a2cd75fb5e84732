// The way from an artifact back to its sources.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "store/workspace.h"

namespace residency::store {

/// Every artifact behind one, itself included.
struct LineageGraph {
  std::string root;                           // the artifact asked for
  std::map<std::string, Manifest> manifests;  // by id

  /// A tree, the artifact first, each line: id, counts, job, tool version, digest. What is reached
  /// by two ways is written out once.
  std::string to_text() const;
  Json to_json() const;
};

/// kCorrupt where a parent is missing: a way that does not reach the sources proves nothing.
Result<LineageGraph> trace(Workspace& workspace, const std::string& id);

}  // namespace residency::store
