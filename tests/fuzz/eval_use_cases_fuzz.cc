// Readers of the use cases' corpora: the first byte chooses the layout, the rest is the file.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "eval/corpora/ade.h"
#include "eval/corpora/dialogue_notes.h"
#include "eval/corpora/gzip_bytes.h"
#include "eval/corpora/molecules.h"
#include "eval/corpora/smiles.h"
#include "eval/corpora/trial_topics.h"

namespace {

using namespace residency::eval::corpora;

/// Every mention must lie in its text and every relation name mentions.
void check(const residency::Result<Corpus<Document>>& corpus) {
  if (!corpus.ok()) return;
  for (const Document& document : corpus->records) {
    for (const Entity& entity : document.entities) {
      if (entity.parts.empty() || entity.extent().end > document.text.size()) __builtin_trap();
    }
    for (const Relation& relation : document.relations) {
      if (relation.arguments.size() != 2) __builtin_trap();
    }
  }
}

void check_smiles(std::string_view line) {
  const auto molecule = parse_smiles(line);
  if (!molecule) return;
  for (const SmilesBond& bond : molecule->bonds) {
    if (bond.first >= molecule->atoms.size() || bond.second >= molecule->atoms.size())
      __builtin_trap();
  }
  if (skeleton_key(*molecule).size() != 16) __builtin_trap();
}

void drain(ByteSource& source) {
  std::string chunk;
  std::size_t whole = 0;
  for (;;) {
    const auto more = source.next(chunk);
    if (!more.ok() || !*more) return;
    whole += chunk.size();
    if (whole > (64u << 20)) return;  // a bomb: its bound is far above what fuzzing should wait for
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  TextBytes bytes(text, 7);
  const ReadOptions options{(data[0] & 0x80) != 0};
  switch (data[0] & 0x0f) {
    case 0:
      (void)read_aci_bench(bytes, "fuzz", options).ok();
      break;
    case 1:
      (void)read_mts_dialog(bytes, "fuzz", options).ok();
      break;
    case 2:
      check(read_ade_relations(bytes, "fuzz", options));
      break;
    case 3:
      check(read_ade_negatives(bytes, "fuzz", options));
      break;
    case 4:
      (void)read_trial_texts(bytes, "fuzz", options).ok();
      break;
    case 5:
      (void)read_trial_judgements(bytes, "fuzz", options).ok();
      break;
    case 6:
      (void)read_moleculenet(bytes, "fuzz", "p", options).ok();
      break;
    case 7:
      drain(*gzip_bytes(std::make_unique<TextBytes>(text, 7), "fuzz.gz"));
      break;
    default:
      check_smiles(text);
      break;
  }
  return 0;
}
