// Result<T>: a value or an Error. The only way our code reports failure; nothing throws.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>
#include <variant>

#include "base/error.h"

namespace residency {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// The value; only after ok() was seen to be true.
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// The error; only after ok() was seen to be false.
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace residency

#define RESIDENCY_CONCAT_IMPL(a, b) a##b
#define RESIDENCY_CONCAT(a, b) RESIDENCY_CONCAT_IMPL(a, b)

/// RESIDENCY_TRY(auto x, f()): returns f()'s error from the enclosing function, or declares x.
#define RESIDENCY_TRY(declaration, expression) \
  RESIDENCY_TRY_IMPL(RESIDENCY_CONCAT(residency_try_, __LINE__), declaration, expression)
#define RESIDENCY_TRY_IMPL(name, declaration, expression) \
  auto name = (expression);                               \
  if (!name.ok()) return std::move(name).error();         \
  declaration = std::move(name).value()

/// RESIDENCY_TRY_VOID(f()): returns f()'s error from the enclosing function, if there is one.
#define RESIDENCY_TRY_VOID(expression)                                \
  do {                                                                \
    if (auto residency_status = (expression); !residency_status.ok()) \
      return std::move(residency_status).error();                     \
  } while (false)

/// A programmer's error: no input, recipe or file may reach one.
#define RESIDENCY_CHECK(condition)                                                        \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "check failed: %s (%s:%d)\n", #condition, __FILE__, __LINE__); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
