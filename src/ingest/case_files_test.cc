// The case files of tests/cases/ingest: one "INPUT => EXPECTED" a line.
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/env.h"
#include "ingest/fhir_reference.h"
#include "ingest/html_text.h"
#include "ingest/note_type.h"

namespace residency::ingest {
namespace {

std::string unescaped(std::string text) {
  for (const auto& [mark, c] : {std::pair("\\n", "\n"), std::pair("\\t", "\t")}) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;) {
      text.replace(at, 2, c);
    }
  }
  return text;
}

void check_cases(const std::string& file, const std::function<std::string(std::string)>& actual) {
  const auto bytes = Env::posix().read_file(RESIDENCY_SOURCE_DIR "/tests/cases/ingest/" + file);
  ASSERT_TRUE(bytes.ok()) << bytes.error().message();
  int cases = 0;
  std::size_t at = 0;
  while (at < bytes->size()) {
    const std::size_t end = bytes->find('\n', at);
    const std::string line = bytes->substr(at, end - at);
    at = end == std::string::npos ? bytes->size() : end + 1;
    if (line.empty() || (line[0] == '#' && line.find(" =>") == std::string::npos)) continue;
    const std::size_t arrow = line.rfind(" =>");
    ASSERT_NE(arrow, std::string::npos) << line;
    const std::string expected = arrow + 4 <= line.size() ? line.substr(arrow + 4) : "";
    EXPECT_EQ(actual(unescaped(line.substr(0, arrow))), unescaped(expected)) << line;
    ++cases;
  }
  EXPECT_GT(cases, 10);
}

TEST(CaseFiles, HtmlText) {
  check_cases("html_text.txt", [](auto html) { return html_to_text(html); });
}

TEST(CaseFiles, NoteTypes) {
  check_cases("note_types.txt", [](auto word) { return note_type_of_word(word); });
}

TEST(CaseFiles, References) {
  check_cases("references.txt", [](auto url) { return reference_key_of_url(url); });
}

}  // namespace
}  // namespace residency::ingest
