#include "store/database.h"

#include <fmt/format.h>
#include <mutex>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "crypto/sha256.h"

namespace residency::store {
namespace {

constexpr int kBusyTimeoutMs = 30000;

std::string connection(const std::string& path) {
  return fmt::format("db=\"{}\" timeout={}", path, kBusyTimeoutMs / 1000);
}

Error from_exception(const std::exception& error) {
  const std::string_view what = error.what();
  if (what.find("full") != std::string_view::npos) {
    return resource_exhausted("No space left on device: the workspace's database");
  }
  if (what.find("locked") != std::string_view::npos ||
      what.find("busy") != std::string_view::npos) {
    return Error(ErrorCode::kIoError, "the workspace's database is locked by another process");
  }
  if (what.find("malformed") != std::string_view::npos ||
      what.find("not a database") != std::string_view::npos) {
    return corrupt("the workspace's database is damaged");
  }
  return io_error("the workspace's database refused an operation");
}

/// Runs `work`, turning the library's exceptions into errors.
template <class Work>
auto guarded(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::exception& error) {
    return from_exception(error);
  }
}

void set_pragmas(soci::session& sql) {
  sql << "PRAGMA busy_timeout=" << kBusyTimeoutMs;
  sql << "PRAGMA journal_mode=WAL";
  sql << "PRAGMA synchronous=FULL";
}

}  // namespace

struct Database::Session {
  std::mutex mutex;
  soci::session sql;
};

Database::Database(std::unique_ptr<Session> session, std::string code_key)
    : session_(std::move(session)), code_key_(std::move(code_key)) {}
Database::~Database() = default;

Result<void> Database::create(const std::string& path) {
  return guarded([&]() -> Result<void> {
    soci::session sql(soci::sqlite3, connection(path));
    set_pragmas(sql);
    sql << "CREATE TABLE IF NOT EXISTS rows (position INTEGER PRIMARY KEY AUTOINCREMENT, "
           "collection TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, code TEXT NOT NULL, "
           "UNIQUE (collection, name))";
    return {};
  });
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, std::string code_key) {
  return guarded([&]() -> Result<std::unique_ptr<Database>> {
    auto session = std::make_unique<Session>();
    session->sql.open(soci::sqlite3, connection(path));
    set_pragmas(session->sql);
    return std::unique_ptr<Database>(
        new Database(std::move(session), std::move(code_key)));  // NOLINT
  });
}

std::string Database::code_of(const std::string& collection, const std::string& name,
                              const std::string& value) const {
  const std::string bound =
      fmt::format("{}:{}{}:{}{}", collection.size(), collection, name.size(), name, value);
  return crypto::to_hex(crypto::hmac_sha256(code_key_, bound));
}

Result<void> Database::put(const std::string& collection, const std::string& name,
                           const std::string& value) {
  const std::string code = code_of(collection, name, value);
  const std::lock_guard lock(session_->mutex);
  return guarded([&]() -> Result<void> {
    session_->sql << "INSERT INTO rows (collection, name, value, code) VALUES (:c, :n, :v, :m) "
                     "ON CONFLICT (collection, name) DO UPDATE SET value = excluded.value, code = "
                     "excluded.code",
        soci::use(collection), soci::use(name), soci::use(value), soci::use(code);
    return {};
  });
}

Result<bool> Database::put_new(const std::string& collection, const std::string& name,
                               const std::string& value) {
  const std::string code = code_of(collection, name, value);
  const std::lock_guard lock(session_->mutex);
  return guarded([&]() -> Result<bool> {
    soci::statement insert =
        (session_->sql.prepare << "INSERT OR IGNORE INTO rows (collection, name, value, code) "
                                  "VALUES (:c, :n, :v, :m)",
         soci::use(collection), soci::use(name), soci::use(value), soci::use(code));
    insert.execute(true);
    return insert.get_affected_rows() == 1;
  });
}

Result<std::optional<std::string>> Database::get(const std::string& collection,
                                                 const std::string& name) {
  std::string value;
  std::string code;
  const std::lock_guard lock(session_->mutex);
  auto found = guarded([&]() -> Result<bool> {
    session_->sql << "SELECT value, code FROM rows WHERE collection = :c AND name = :n",
        soci::into(value), soci::into(code), soci::use(collection), soci::use(name);
    return session_->sql.got_data();
  });
  if (!found.ok()) return found.error();
  if (!*found) return std::optional<std::string>();
  if (!crypto::equal_in_constant_time(code, code_of(collection, name, value))) {
    return corrupt(fmt::format("a row of the workspace's database was changed from outside: {} {}",
                               collection, name));
  }
  return std::optional<std::string>(std::move(value));
}

Result<std::vector<Database::Row>> Database::list(const std::string& collection) {
  std::vector<Row> rows;
  const std::lock_guard lock(session_->mutex);
  auto read =
      guarded([&]() -> Result<void> {
        const soci::rowset<soci::row> found =
            (session_->sql.prepare
                 << "SELECT name, value, code FROM rows WHERE collection = :c ORDER BY position",
             soci::use(collection));
        for (const soci::row& row : found) {
          Row made{row.get<std::string>(0), row.get<std::string>(1)};
          if (!crypto::equal_in_constant_time(row.get<std::string>(2),
                                              code_of(collection, made.name, made.value))) {
            return corrupt(
                fmt::format("a row of the workspace's database was changed from outside: {} {}",
                            collection, made.name));
          }
          rows.push_back(std::move(made));
        }
        return {};
      });
  if (!read.ok()) return read.error();
  return rows;
}

Result<std::vector<std::string>> Database::names(const std::string& collection,
                                                 const std::string& prefix, std::size_t limit) {
  std::vector<std::string> found;
  const int rows_max = static_cast<int>(limit);
  const std::lock_guard lock(session_->mutex);
  auto read = guarded([&]() -> Result<void> {
    // substr and not LIKE: a prefix may hold LIKE's own signs.
    const soci::rowset<std::string> names =
        (session_->sql.prepare << "SELECT name FROM rows WHERE collection = :c AND substr(name, 1, "
                                  "length(:p)) = :q ORDER BY name LIMIT :l",
         soci::use(collection), soci::use(prefix), soci::use(prefix), soci::use(rows_max));
    found.assign(names.begin(), names.end());
    return {};
  });
  if (!read.ok()) return read.error();
  return found;
}

}  // namespace residency::store
