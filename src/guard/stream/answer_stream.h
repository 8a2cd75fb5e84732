// AnswerStream: one answer through the rails while it is generated.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "guard/guardrail.h"
#include "guard/inspector.h"

namespace residency::guard {

/// `text` with the spans of the findings that mask replaced by their names.
std::string masked(std::string_view text, std::vector<Finding> findings);

class AnswerStream final : public OutputStream {
 public:
  AnswerStream(const Inspector& inspector, Conversation conversation);

  std::string feed(std::string_view piece) override;
  std::string finish(std::optional<double> confidence) override;
  bool blocked() const override { return blocked_; }
  Outcome outcome() const override;
  const std::vector<Finding>& findings() const override { return findings_; }
  double grounding() const override { return grounding_; }
  double relevance() const override { return relevance_; }

 private:
  std::size_t held_begin() const { return left_; }
  std::size_t plain_border() const;
  std::size_t window_border() const;
  std::string look(std::size_t border, bool last);
  std::string release(std::size_t border, const std::vector<Finding>& due);
  std::string block();
  std::string end_of_answer(std::optional<double> confidence);
  void tell(const Finding& finding);

  const Inspector& inspector_;
  const Conversation conversation_;
  const KnownIdentifiers known_;
  std::string all_;              // the answer as it was generated
  std::size_t left_ = 0;         // bytes of it that have left, in what form ever
  std::size_t looked_ = 0;       // bytes of it at the last look
  std::size_t plain_until_ = 0;  // words up to here were found plain
  bool hold_all_ = false;        // a rail judges the whole answer
  bool blocked_ = false;
  bool changed_ = false;
  bool sent_ = false;
  double grounding_ = 1;
  double relevance_ = 1;
  std::vector<Finding> findings_;
};

}  // namespace residency::guard
