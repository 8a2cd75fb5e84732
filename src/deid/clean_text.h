// CleanText: text from which deid has removed protected health information, or that a named person
// has declared public. Only deid can make one.
#pragma once

#include <string>
#include <utility>

namespace residency::deid {

class CleanTextMaker;

class CleanText {
 public:
  CleanText() = default;
  const std::string& str() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  friend class CleanTextMaker;  // deid/clean_text_maker.h, used inside deid only
  explicit CleanText(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace residency::deid
