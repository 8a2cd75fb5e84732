// Checkpoints come from a store that others may have written to.
#include <cstddef>
#include <cstdint>
#include <string>

#include "train/checkpoint.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::train;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)decode_checkpoint(bytes, "key", 3).ok();
  // Past the digest: bytes sealed as our own, wherever they are cut.
  TrainState state;
  state.values = {1, 2, 3};
  state.optimiser = "moments";
  if (size >= sizeof(state.step)) state.step = static_cast<std::int64_t>(data[0]);
  (void)decode_checkpoint(encode_checkpoint(state, bytes), "key", 3).ok();
  return 0;
}
