// Writes the tiny random-weight llama that tests train and serve: make_tiny_model SEED FILE
#include <cstdio>
#include <cstdlib>

#include "base/env.h"
#include "model/tiny_model.h"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  // Its tokens are bytes: a note takes as many as it has characters.
  residency::model::TinyLlamaOptions options;
  options.context = 4096;
  auto bytes = residency::model::make_tiny_llama(std::strtoull(argv[1], nullptr, 10), options);
  if (!bytes.ok()) {
    std::fprintf(stderr, "%s\n", bytes.error().message().c_str());
    return 1;
  }
  auto written = residency::Env::posix().write_file_atomic(argv[2], *bytes);
  if (!written.ok()) std::fprintf(stderr, "%s\n", written.error().message().c_str());
  return written.ok() ? 0 : 1;
}
