#include "infer/text_stream.h"

#include <gtest/gtest.h>

namespace residency::infer {
namespace {

std::string assembled(const std::string& bytes, std::size_t step) {
  Utf8Assembler assembler;
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += step)
    text += assembler.push(bytes.substr(i, step));
  return text + assembler.finish();
}

TEST(Utf8Assembler, JoinsCodePointsCutAnywhere) {
  const std::string text = "aé≥🩺z";
  for (std::size_t step = 1; step <= text.size(); ++step) EXPECT_EQ(assembled(text, step), text);
}

TEST(Utf8Assembler, GivesOutOnlyWholeCodePoints) {
  Utf8Assembler assembler;
  EXPECT_EQ(assembler.push("\xf0\x9f\xa9"), "");
  EXPECT_EQ(assembler.push("\xba"), "🩺");
}

TEST(Utf8Assembler, ReplacesWhatIsNotValid) {
  EXPECT_EQ(assembled("a\xff"
                      "b",
                      1),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(assembled("\xc0\xaf", 2), "\xef\xbf\xbd\xef\xbf\xbd");          // overlong
  EXPECT_EQ(assembled("\xed\xa0\x80", 3).find("\xed"), std::string::npos);  // a surrogate
  EXPECT_EQ(assembled("\xe2\x82", 1), "\xef\xbf\xbd");                      // ends inside
  EXPECT_EQ(assembled("\xe2\x82"
                      "A",
                      1),
            "\xef\xbf\xbd"
            "A");
}

std::string matched(StopMatcher matcher, const std::string& text, std::size_t step) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += step) out += matcher.push(text.substr(i, step));
  return matcher.stopped() ? out + "|" : out + matcher.finish();
}

TEST(StopMatcher, FindsAStopStringCutAnywhere) {
  for (std::size_t step = 1; step < 12; ++step) {
    EXPECT_EQ(matched(StopMatcher({"END"}), "one ENENDtwo", step), "one EN|");
    EXPECT_EQ(matched(StopMatcher({"END", "two"}), "one two END", step), "one |");
    EXPECT_EQ(matched(StopMatcher({"END"}), "one EN", step), "one EN");
    EXPECT_EQ(matched(StopMatcher({}), "one", step), "one");
  }
}

TEST(StopMatcher, HoldsBackOnlyWhatMayBeginAStop) {
  StopMatcher matcher({"\n\n"});
  EXPECT_EQ(matcher.push("line"), "line");
  EXPECT_EQ(matcher.push("\n"), "");
  EXPECT_EQ(matcher.push("next"), "\nnext");
}

}  // namespace
}  // namespace residency::infer
