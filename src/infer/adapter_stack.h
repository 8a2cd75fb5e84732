// AdapterStack: several LoRA adapters as one, of which each column of a batch uses its own.
//
// llama.cpp applies the adapters of a context to every token alike. Here the adapters' A matrices
// stand above each other and their B matrices beside each other, as one adapter of the sum of the
// ranks. Between the two products a callback of the graph (llama_context_params::cb_eval) clears,
// for each token, the rows that are not its adapter's, and scales those that are. So requests for
// different adapters, and for the base itself, share a batch.
#pragma once

#include <cstdint>
#include <ggml.h>
#include <llama.h>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "infer/memory_file.h"
#include "model/gguf.h"

namespace residency::infer {

class AdapterStack {
 public:
  /// Reads the adapters ("" stands for the base) and checks each against `base`.
  static Result<std::unique_ptr<AdapterStack>> make(const model::GgufFile& base,
                                                    const std::string& base_sha256,
                                                    const std::vector<std::string>& variants);

  /// Whether a callback has to choose: not where all requests use the same variant.
  bool chooses() const { return variants_ > 1 && !modules_.empty(); }
  /// The GGUF LoRA that llama.cpp is to load; "" where there is none.
  std::string path() const { return file_ ? file_->path() : single_; }

 private:
  friend class AdapterChooser;
  struct Rows {
    std::int64_t first = 0;
    std::int64_t count = 0;
    float scale = 1;
  };
  using Module = std::vector<Rows>;  // by variant

  Result<void> stack(const std::vector<std::unique_ptr<model::GgufFile>>& files);

  std::size_t variants_ = 0;
  std::map<std::string, Module> modules_;  // by the name of the stacked A
  std::string single_;
  std::unique_ptr<MemoryFile> file_;
};

/// The callback's state, one for each context. Not thread-safe: set before each llama_decode.
class AdapterChooser {
 public:
  explicit AdapterChooser(const AdapterStack& stack) : stack_(stack) {}

  void clear() {
    all_.clear();
    outputs_.clear();
  }
  /// The next token of the batch that is to be decoded.
  void add(std::size_t variant, bool with_logits) {
    all_.push_back(variant);
    if (with_logits) outputs_.push_back(variant);
  }
  /// A context's cb_eval; `self` is the AdapterChooser.
  static bool on_tensor(ggml_tensor* tensor, bool ask, void* self);

 private:
  void choose(ggml_tensor* tensor);
  const AdapterStack::Module* module_of(const ggml_tensor* weights);

  const AdapterStack& stack_;
  std::vector<std::size_t> all_;      // by column
  std::vector<std::size_t> outputs_;  // the same where llama.cpp has dropped the other columns
  std::unordered_map<const ggml_tensor*, const AdapterStack::Module*> known_;
  std::vector<float> copied_;
};

}  // namespace residency::infer
