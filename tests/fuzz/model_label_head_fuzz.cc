// Label heads: the file, and the tags it decodes to.
#include <cstddef>
#include <cstdint>
#include <string>

#include "model/label_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency::model;
  const auto head =
      read_label_head(std::string(reinterpret_cast<const char*>(data), size), "fuzz.safetensors");
  if (!head.ok()) return 0;
  const std::vector<float> hidden(static_cast<std::size_t>(head->width), 0.5f);
  const auto scores = head->log_scores(hidden);
  if (scores.size() != head->labels.size()) __builtin_trap();
  if (head->kind == HeadKind::kTags && best_tags(head->labels, scores).size() != 1)
    __builtin_trap();
  const auto written = write_label_head(*head);
  if (!written.ok() || !read_label_head(*written, "again").ok()) __builtin_trap();
  return 0;
}
