// The closed list of error codes and the error value every fallible call returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace residency {

/// What went wrong, from the caller's point of view. The table in error.cc maps each code to its
/// name, HTTP status, process exit code and whether trying again can help.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,     // the caller's words are wrong: flag, recipe key, request field
  kInvalidInput,        // the data is wrong: a record, a file, a model
  kNotFound,            // the named thing does not exist
  kAlreadyExists,       // the named thing exists and may not be replaced
  kFailedPrecondition,  // the state does not allow it now
  kPermissionDenied,    // known caller, not allowed
  kUnauthenticated,     // unknown caller
  kResourceExhausted,   // disk, memory, queue or another bound is full
  kIoError,             // the operating system said no
  kCorrupt,             // a digest, signature or chain does not hold
  kCancelled,           // the user or a signal stopped it
  kGateRefused,         // a threshold said no
  kInternal,            // our own fault
};

/// One row of the error table.
struct ErrorTraits {
  ErrorCode code;
  std::string_view name;  // stable, snake_case, used in JSON
  int http_status;
  int exit_code;  // 0 done, 1 failed, 2 wrong usage, 3 a gate said no, 130 interrupted
  bool retryable;
};

/// The row of `code`.
const ErrorTraits& traits(ErrorCode code);

/// The code whose stable name is `name`; kInternal where there is none.
ErrorCode error_code_named(std::string_view name);

/// A code and a message. Messages are fixed text first, value last, and never hold record text.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  /// The same error with `context` and ": " before its message.
  Error with_context(std::string_view context) const;

 private:
  ErrorCode code_;
  std::string message_;
};

Error invalid_argument(std::string message);
Error invalid_input(std::string message);
Error not_found(std::string message);
Error already_exists(std::string message);
Error failed_precondition(std::string message);
Error permission_denied(std::string message);
Error resource_exhausted(std::string message);
Error io_error(std::string message);
Error corrupt(std::string message);
Error cancelled(std::string message);
Error gate_refused(std::string message);
Error internal_error(std::string message);

}  // namespace residency
