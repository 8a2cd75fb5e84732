#include <string>

#include "base/log.h"

void tell(const std::string& text) {
#ifdef ALLOWED
  residency::log(residency::LogLevel::kInfo, "room", "fixed",
                 {{"bytes", static_cast<std::int64_t>(text.size())}});
#else
  residency::log(residency::LogLevel::kInfo, "room", text.c_str());
#endif
}
