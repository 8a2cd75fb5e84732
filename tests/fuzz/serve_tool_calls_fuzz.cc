// What a model writes, cut anywhere: text and calls do not depend on the cuts.
#include <cstddef>
#include <cstdint>
#include <string>

#include "serve/tools.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency;
  if (size == 0) return 0;
  const std::size_t step = data[0] % 16 + 1u;
  const std::string answer(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::vector<serve::Tool> tools{{"f", "", Json::object()}};
  serve::ToolCallReader whole(tools);
  std::string text = whole.feed(answer);
  text += whole.finish();
  serve::ToolCallReader pieces(tools);
  std::string same;
  for (std::size_t at = 0; at < answer.size(); at += step) {
    same += pieces.feed(std::string_view(answer).substr(at, step));
  }
  same += pieces.finish();
  RESIDENCY_CHECK(whole.take_calls().size() == pieces.take_calls().size());
  RESIDENCY_CHECK(text == same);
  return 0;
}
