// A WritableFile that keeps what is written, for tests.
#pragma once

#include <string>
#include <string_view>

#include "base/env.h"

namespace residency::model::testing {

class StringFile final : public WritableFile {
 public:
  Result<void> append(std::string_view bytes) override {
    bytes_.append(bytes);
    return {};
  }
  Result<void> sync() override { return {}; }
  Result<void> close() override { return {}; }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace residency::model::testing
