// model: the files that models are made of.
// Takes: GGUF files, safetensors, PEFT folders, the model catalogue.
// Gives: tensors and metadata with every bound checked, tokens and rendered chats exactly as
//   llama.cpp has them, converted and merged GGUF files, adapters as PEFT folder and GGUF LoRA.
// Keeps: nothing; files are mapped read-only.
// Must never: let a file reach llama.cpp that was not checked first, fetch anything from a network,
//   or use a model file whose digest differs from the catalogue's.
#pragma once

#include "model/gguf.h"
#include "model/llama_config.h"
#include "model/tokenizer.h"
