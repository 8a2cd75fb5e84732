// infer: the llama.cpp runtime.
// Takes: a checked GGUF file, optionally a GGUF LoRA adapter; rendered prompts.
// Gives: text, streamed or in batches, and log-probabilities; deterministic for the same inputs,
//   options and seed on one machine.
// Keeps: the loaded model and its context's memory; of a scored prompt, what the next one shares.
// Must never: hand llama.cpp a file that model did not check, cut a prompt silently, log or report
//   any text, know of HTTP or of policy.
#pragma once

#include "infer/batch_engine.h"
#include "infer/engine.h"
