// Decoded: what stands behind base64, hex, rot13, percent signs, entities or letters written
// backwards.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace residency::guard {

struct Decoded {
  std::size_t begin = 0;  // of the encoded run, bytes
  std::size_t end = 0;
  std::string text;
  std::string_view how;  // "base64", "hex", "rot13", "reversed", "percent", "entities", "binary"
};

/// Runs of `text` that decode to something readable; what is decoded is looked at once more.
std::vector<Decoded> decode_runs(std::string_view text);

/// Bytes of standard or URL-safe base64, padding optional; empty where it is none.
std::string from_base64(std::string_view text);

/// A run that may be an encoding still growing at the end of `text`: where it begins, else
/// text.size().
std::size_t open_run(std::string_view text);

}  // namespace residency::guard
