// Any bytes as the tagger's model: refused, or a model that tags without harm and writes itself.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "crypto/sha256.h"
#include "deid/tagger/tagger.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace residency;
  const std::string body(reinterpret_cast<const char*>(data), size);
  // Once as it is, once with a checksum that holds.
  for (const std::string& bytes : {body, body + crypto::sha256(body)}) {
    auto model = deid::TaggerModel::read(bytes);
    if (!model.ok()) continue;
    // Rows are written with the smallest scale that holds them: the numbers stay, the bytes may
    // not.
    const auto again = deid::TaggerModel::read(model->write());
    if (!again.ok()) std::abort();
    const std::string_view text = "Seen by Dr. Ann Poe on 3/4/2020,\nMRN 4417290. ROOM 4";
    const deid::Tagger tagger(std::make_shared<const deid::TaggerModel>(std::move(*model)));
    std::size_t past = 0;
    for (const deid::Span& span : tagger.read(text, {}).spans) {
      if (span.begin < past || span.end <= span.begin || span.end > text.size()) std::abort();
      past = span.end;
    }
  }
  return 0;
}
