// Reads a file that the build linked into the binary (residency_room's DATA).
#pragma once

#include <string_view>

/// RESIDENCY_EMBEDDED(census_surnames); declares, at namespace-free file scope, the symbols of the
/// data file `census_surnames`; embedded_census_surnames() then gives its bytes.
#define RESIDENCY_EMBEDDED(name)                                                            \
  extern "C" const char residency_data_##name[];                                            \
  extern "C" const char residency_data_##name##_end[];                                      \
  static inline std::string_view embedded_##name() {                                        \
    return {residency_data_##name,                                                          \
            static_cast<std::size_t>(residency_data_##name##_end - residency_data_##name)}; \
  }                                                                                         \
  static_assert(true)
