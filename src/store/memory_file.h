// A plaintext in an anonymous memory file, for libraries that load from a path.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "store/workspace.h"

namespace residency::store {

/// The kernel frees it with the object; its path is good within this process.
Result<std::unique_ptr<MaterializedFile>> make_memory_file(std::string_view bytes);

}  // namespace residency::store
