// ParityProof: that an exported model says what the trained one said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/lora_adapter.h"

namespace residency::pipeline {

/// One fixed conversation through the model's template, its end-of-turn token included.
struct ParityPrompt {
  std::int64_t tokens = 0;
  double mean_divergence = 0;  // Kullback-Leibler of the export from the trained, nats, over places
  double largest_divergence = 0;  // of one place
  double largest_difference = 0;  // of the log-probability of the token that does come next
  double same_choice = 0;         // share of places whose likeliest token is the same
};

struct ParityProof {
  std::string export_form;      // "gguf", "merged", "peft"
  std::string base_sha256;      // of the model that the trainer held
  std::string exported_sha256;  // of the file that was written; "" for a folder
  std::vector<ParityPrompt> prompts;
  double mean_divergence = 0;  // over all places
  bool holds = false;          // at most kParityDivergenceMax

  Json to_json() const;
};

/// Above this mean divergence an export is refused. Two engines in bf16 differ by about 0.0005, a
/// model whose template, end token or adapter is lost by more than 1.
inline constexpr double kParityDivergenceMax = 0.1;

/// What is compared: the trainer's forward pass over `trained_path` (and `adapter`, where there is
/// one) in bf16, with llama.cpp's over `exported_path` and `exported_adapter_path` ("" for none).
struct ParityInputs {
  std::string trained_path;
  const model::LoraAdapter* adapter = nullptr;
  std::string exported_path;
  std::string exported_adapter_path;
};
Result<ParityProof> prove_parity(const ParityInputs& inputs);

}  // namespace residency::pipeline
