// PatternScan: all patterns over one text in a single Vectorscan pass, refined by RE2.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "deid/detect/span.h"

namespace residency::deid {

class PatternScan {
 public:
  /// The table, compiled at the first call of the process (a second or two) and never changed. What
  /// compile() gives.
  static Result<std::shared_ptr<const PatternScan>> shared();
  /// Compiles the table. kInternal where a pattern does not compile.
  static Result<std::unique_ptr<PatternScan>> compile();
  ~PatternScan();

  /// Every match that passes its check, in the table's order, then by place. Safe to call from
  /// several threads. kResourceExhausted where Vectorscan gets no memory.
  Result<std::vector<Span>> scan(std::string_view text) const;

 private:
  struct State;
  /// Adds to `spans` every match of one pattern that ends at or near one of `ends`.
  void place(std::size_t id, std::string_view text, std::vector<std::size_t>& ends,
             std::vector<Span>& spans) const;
  explicit PatternScan(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace residency::deid
