// Grammar rules and condition blocks: any bytes are parsed or refused, and what was parsed expands
// to an end.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "synth/grammar.h"
#include "synth/tables.h"

namespace {

class Count final : public residency::synth::TemplateSink {
 public:
  void text(std::string_view text) override { size_ += text.size(); }
  void slot(std::string_view name, std::string_view) override { size_ += name.size(); }
  std::size_t position() override { return size_; }
  void capitalise_at(std::size_t) override {}

 private:
  std::size_t size_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)residency::synth::parse_conditions(text);
  const auto parsed = residency::synth::parse_template(text);
  if (!parsed.ok()) return 0;
  residency::synth::Grammar grammar;
  residency::synth::Random random(1);
  Count sink;
  grammar.expand(*parsed, random, sink);
  return 0;
}
