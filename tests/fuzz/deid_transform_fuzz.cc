// Bytes as a value of any class under every action; and as the code of an encrypted value.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "deid/transform/replacer.h"
#include "deid/transform/value_code.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::deid;
  if (size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto crosswalk = Crosswalk::open(std::string(32, 'k'), "").value();
  for (std::size_t action = 0; action < kActionNames.size(); ++action) {
    Policy policy = Policy::named("safe-harbor").value();
    for (std::size_t i = 0; i < residency::kPhiClassCount; ++i) {
      const auto phi_class = static_cast<residency::PhiClass>(i);
      if (action_fits(phi_class, static_cast<Action>(action)))
        policy.actions[i] = static_cast<Action>(action);
    }
    Replacer replacer(policy, crosswalk.patient("a"), "", 2021);
    for (std::size_t i = 0; i < residency::kPhiClassCount; ++i)
      (void)replacer.replace(static_cast<residency::PhiClass>(i), text);
  }
  (void)open_value(std::string(32, 'k'), kValueLabel, text);
  return 0;
}
