// Readers of public corpora: the first byte chooses the layout, the rest is the file.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "eval/corpora/bioc.h"
#include "eval/corpora/brat.h"
#include "eval/corpora/choice_sets.h"
#include "eval/corpora/codiesp.h"
#include "eval/corpora/conll.h"
#include "eval/corpora/ddi.h"
#include "eval/corpora/examples.h"
#include "eval/corpora/i2b2.h"
#include "eval/corpora/pubmedqa.h"
#include "eval/corpora/pubtator.h"

namespace {

using namespace residency::eval::corpora;

/// Every mention must lie in its text.
void check(const residency::Result<Corpus<Document>>& corpus) {
  if (!corpus.ok()) return;
  for (const Document& document : corpus->records) {
    for (const Entity& entity : document.entities) {
      if (entity.parts.empty() || entity.extent().end > document.text.size()) __builtin_trap();
    }
  }
}

void check(const residency::Result<Corpus<PairSentence>>& corpus) {
  if (!corpus.ok()) return;
  for (const PairSentence& sentence : corpus->records) {
    for (const EntityPair& pair : sentence.pairs) {
      if (pair.first >= sentence.entities.size() || pair.second >= sentence.entities.size())
        __builtin_trap();
      if (pair_text(sentence, pair).find("@DRUG") == std::string::npos) __builtin_trap();
    }
  }
}

void check(const residency::Result<Corpus<ChoiceItem>>& corpus) {
  if (!corpus.ok()) return;
  for (const ChoiceItem& item : corpus->records) {
    if (item.answer >= item.choices.size()) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  TextBytes bytes(text, 7);
  const ReadOptions options{(data[0] & 0x80) != 0};
  const std::string note = "Fever since Monday.\nAspirin 100 mg daily.";
  switch (data[0] & 0x0f) {
    case 0:
      check(read_conll(bytes, "fuzz", options));
      break;
    case 1:
      check(read_pubtator(bytes, "fuzz", options));
      break;
    case 2:
      check(read_bioc(bytes, "fuzz", options));
      break;
    case 3:
      check(read_brat("fuzz", note, bytes, "fuzz", options));
      break;
    case 4:
      check(read_i2b2_concepts("fuzz", note, bytes, "fuzz", nullptr, options));
      break;
    case 5:
      check(read_i2b2_xml(bytes, "fuzz", options));
      break;
    case 6:
      check(read_ddi(bytes, "fuzz", options));
      break;
    case 7:
      check(read_medqa(bytes, "fuzz", options));
      break;
    case 8:
      check(read_medmcqa(bytes, "fuzz", options));
      break;
    case 9:
      check(read_mmlu(bytes, "fuzz_test.csv", options));
      break;
    case 10:
      check(read_pubmedqa(bytes, "fuzz", options));
      break;
    case 11: {
      Corpus<CodedDocument> corpus;
      corpus.records.push_back({"case1", note, {}});
      const auto read = read_codiesp_table(bytes, "fuzz", "diagnosis", corpus, options);
      (void)read.ok();
      break;
    }
    default:
      break;
  }
  return 0;
}
