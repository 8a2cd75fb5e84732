// Catalogue: the base models that Residency knows, with licence, source and digest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"

namespace residency::model {

struct CatalogueEntry {
  std::string name;             // "smollm2-135m-instruct"
  std::string family;           // general.architecture of the file
  std::string licence;          // SPDX name
  std::string source;           // "pypi:PACKAGE==VERSION#PATH", "hf:OWNER/REPOSITORY#FILE"
  std::string hf_name;          // what PEFT folders call the base
  std::string sha256;           // "" where none is known: such an entry is refused
  std::int64_t size_bytes = 0;  // 0 where not known
  std::int64_t parameters = 0;
  std::int64_t context_tokens = 0;
  std::string chat_template;  // llama.cpp's name of the template

  /// The file's own name: what follows the last '/' or '#' of the source.
  std::string file_name() const;
};

class Catalogue {
 public:
  /// kInvalidInput with all problems of the file: unknown keys, a digest that is none, two entries
  /// of one name. `name` is what errors call it.
  static Result<Catalogue> parse(std::string_view yaml, const std::string& name);
  /// The catalogue that was linked into the binary.
  static Result<Catalogue> built_in();

  const std::vector<CatalogueEntry>& entries() const { return entries_; }
  /// kNotFound listing the names there are.
  Result<CatalogueEntry> find(std::string_view name) const;

 private:
  std::vector<CatalogueEntry> entries_;
};

/// The entry with a digest that its user vouches for. kInvalidArgument where `sha256` is not 64 hex
/// digits; kFailedPrecondition where the catalogue has another.
Result<CatalogueEntry> with_digest(CatalogueEntry entry, const std::string& sha256);

/// "models" in RESIDENCY_CACHE, in XDG_CACHE_HOME/residency or in ~/.cache/residency.
std::string model_cache_folder();

/// The path of the entry's file in `folder`, its digest checked. kNotFound where it is not there,
/// kFailedPrecondition where the entry has no digest, kCorrupt where the file's differs.
Result<std::string> locate(Env& env, const CatalogueEntry& entry, const std::string& folder);
Result<std::string> locate(Env& env, const CatalogueEntry& entry);

}  // namespace residency::model
