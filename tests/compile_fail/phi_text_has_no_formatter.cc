#include <fmt/format.h>

#include "ingest/phi_text.h"

std::string show(const residency::ingest::PhiText& text) {
#ifdef ALLOWED
  return fmt::format("{}", text.bytes());
#else
  return fmt::format("{}", text);
#endif
}
