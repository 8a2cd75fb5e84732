// A checkpoint's config.json and tokenizer.json: the first two bytes say how much of the input is
// the first.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/json.h"
#include "model/family.h"
#include "model/hf_config.h"
#include "model/hf_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency;
  if (size < 2) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 2), size - 2);
  const auto split = std::min<std::size_t>(data[0] + 256u * data[1], text.size());
  if (const auto config = parse_json(text.substr(0, split)); config.ok()) {
    const auto model = model::read_hf_config(*config, "config.json");
    if (model.ok() && !model::is_known_family(model->config.architecture)) __builtin_trap();
  }
  const auto tokenizer = parse_json(text.substr(split));
  if (tokenizer.ok() && tokenizer->is_object())
    static_cast<void>(model::hf_vocabulary({*tokenizer, *tokenizer, ""}, 4096, "tokenizer.json"));
  return 0;
}
