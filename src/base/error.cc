#include "base/error.h"

#include <array>

namespace residency {
namespace {

constexpr std::array<ErrorTraits, 13> kTable{{
    {ErrorCode::kInvalidArgument, "invalid_argument", 400, 2, false},
    {ErrorCode::kInvalidInput, "invalid_input", 422, 1, false},
    {ErrorCode::kNotFound, "not_found", 404, 1, false},
    {ErrorCode::kAlreadyExists, "already_exists", 409, 1, false},
    {ErrorCode::kFailedPrecondition, "failed_precondition", 409, 1, false},
    {ErrorCode::kPermissionDenied, "permission_denied", 403, 1, false},
    {ErrorCode::kUnauthenticated, "unauthenticated", 401, 1, false},
    {ErrorCode::kResourceExhausted, "resource_exhausted", 429, 1, true},
    {ErrorCode::kIoError, "io_error", 500, 1, true},
    {ErrorCode::kCorrupt, "corrupt", 500, 1, false},
    {ErrorCode::kCancelled, "cancelled", 499, 130, true},
    {ErrorCode::kGateRefused, "gate_refused", 409, 3, false},
    {ErrorCode::kInternal, "internal", 500, 1, false},
}};

}  // namespace

const ErrorTraits& traits(ErrorCode code) { return kTable[static_cast<std::size_t>(code)]; }

ErrorCode error_code_named(std::string_view name) {
  for (const ErrorTraits& row : kTable) {
    if (row.name == name) return row.code;
  }
  return ErrorCode::kInternal;
}

Error Error::with_context(std::string_view context) const {
  return Error(code_, std::string(context) + ": " + message_);
}

Error invalid_argument(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}
Error invalid_input(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }
Error not_found(std::string message) { return {ErrorCode::kNotFound, std::move(message)}; }
Error already_exists(std::string message) {
  return {ErrorCode::kAlreadyExists, std::move(message)};
}
Error failed_precondition(std::string message) {
  return {ErrorCode::kFailedPrecondition, std::move(message)};
}
Error permission_denied(std::string message) {
  return {ErrorCode::kPermissionDenied, std::move(message)};
}
Error resource_exhausted(std::string message) {
  return {ErrorCode::kResourceExhausted, std::move(message)};
}
Error io_error(std::string message) { return {ErrorCode::kIoError, std::move(message)}; }
Error corrupt(std::string message) { return {ErrorCode::kCorrupt, std::move(message)}; }
Error cancelled(std::string message) { return {ErrorCode::kCancelled, std::move(message)}; }
Error gate_refused(std::string message) { return {ErrorCode::kGateRefused, std::move(message)}; }
Error internal_error(std::string message) { return {ErrorCode::kInternal, std::move(message)}; }

}  // namespace residency
