// Database: the workspace's tables, over SOCI. The one file that meets its exceptions is
// database.cc. Rows carry a code (HMAC) over their content, so that a row changed from outside is
// found when it is read.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace residency::store {

/// One table of JSON values: (collection, name) -> value. Thread-safe; several processes may hold
/// the same database.
class Database {
 public:
  struct Row {
    std::string name;
    std::string value;
  };

  /// Makes the file's tables.
  static Result<void> create(const std::string& path);
  /// `code_key` is what rows are authenticated with.
  static Result<std::unique_ptr<Database>> open(const std::string& path, std::string code_key);
  ~Database();

  Result<void> put(const std::string& collection, const std::string& name,
                   const std::string& value);
  /// False where the name was taken: the row there stays.
  Result<bool> put_new(const std::string& collection, const std::string& name,
                       const std::string& value);
  Result<std::optional<std::string>> get(const std::string& collection, const std::string& name);
  /// In the order the names were first put.
  Result<std::vector<Row>> list(const std::string& collection);
  /// Names that begin with `prefix`, at most `limit`.
  Result<std::vector<std::string>> names(const std::string& collection, const std::string& prefix,
                                         std::size_t limit);

 private:
  struct Session;
  Database(std::unique_ptr<Session> session, std::string code_key);
  std::string code_of(const std::string& collection, const std::string& name,
                      const std::string& value) const;

  std::unique_ptr<Session> session_;
  std::string code_key_;
};

}  // namespace residency::store
