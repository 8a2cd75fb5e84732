// A model of a few thousand weights, made on the spot: a real GGUF file that llama.cpp loads
// and the trainer trains, so that tests of either take milliseconds.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace residency::model {

struct TinyLlamaOptions {
  std::int64_t layers = 2;
  std::int64_t embedding = 64;
  std::int64_t heads = 4;
  std::int64_t kv_heads = 2;
  std::int64_t feed_forward = 128;
  std::int64_t context = 512;
  bool tied_head = true;
  std::string family = "llama";     // an architecture of model/family.h
  std::int64_t head_dimension = 0;  // 0: embedding / heads
  std::int64_t window = 0;          // of families with windowed layers
};

/// The bytes of a GGUF file: F32 weights drawn from `seed`, a byte-level BPE vocabulary of 272
/// tokens (three special ones, as SmolLM2 names them) and the ChatML template. The same arguments
/// always give the same bytes. kInvalidArgument where the options make no model.
Result<std::string> make_tiny_llama(std::uint64_t seed, const TinyLlamaOptions& options = {});

}  // namespace residency::model
