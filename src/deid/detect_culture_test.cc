// Names of twelve cultures in the same notes: none is found less often than another by more than a
// point.
#include <algorithm>
#include <array>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

#include "deid/detect/detector.h"

namespace residency::deid {
namespace {

constexpr int kNotesEach = 150;
constexpr double kGapMax = 0.01;

constexpr std::array<std::string_view, 5> kNotes{
    "Patient: {F} {L}\nMRN: 4481290\n\n{F} {L} is a 58-year-old with asthma. Seen by Dr. {M} "
    "today. "
    "{F} was accompanied by her sister {G}. Ms. {L} will return in two weeks.",
    "DISCHARGE SUMMARY\nName: {UL}, {UF}\nAttending: {G} {M}, MD\n\nHOSPITAL COURSE: Mr. {L} was "
    "admitted with pneumonia and treated with ceftriaxone. His wife {G} was updated daily. "
    "Discussed "
    "with Dr. {M}.\n\nElectronically signed by {G} {M}, MD",
    "Dear Dr. {M},\n\nThank you for referring {F} {L}, who has had knee pain for two years. {F} "
    "takes "
    "ibuprofen. I reviewed the films with {G} {M} and {F} prefers "
    "physiotherapy.\n\nSincerely,\n\n{G} "
    "{M}, MD",
    "Nursing note: pt {F} {L} resting comfortably. Spoke with son {G} by phone. {M}, RN notified "
    "Dr. "
    "{L}.",
    "Phone call from {F} {L}'s daughter, {G}. She says {F} has been dizzy since the dose of "
    "lisinopril "
    "was raised. Message given to {G} {M}, NP."};

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::stringstream in(text);
  for (std::string part; std::getline(in, part, by);) parts.push_back(part);
  return parts;
}

std::string title(std::string word) {
  word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
  return word;
}
std::string upper(std::string word) {
  std::transform(word.begin(), word.end(), word.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return word;
}

struct Note {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> names;
};

Note fill(std::string_view form, const std::map<std::string, std::string>& names) {
  Note note;
  while (!form.empty()) {
    const std::size_t open = form.find('{');
    note.text += form.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = form.find('}', open);
    const std::string& name = names.at(std::string(form.substr(open + 1, close - open - 1)));
    note.names.emplace_back(note.text.size(), note.text.size() + name.size());
    note.text += name;
    form.remove_prefix(close + 1);
  }
  return note;
}

TEST(Cultures, NamesOfAllAreFoundAlike) {
  const auto detector = Detector::open();
  ASSERT_TRUE(detector.ok());
  std::ifstream file(RESIDENCY_SOURCE_DIR "/data/names/cultures.txt");
  std::map<std::string, double> recall;
  std::uint64_t state = 7;
  const auto below = [&](std::size_t n) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<std::size_t>(state >> 33) % n;
  };
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto fields = split(line, '|');
    ASSERT_EQ(fields.size(), 5u);
    // Every second name: the tagger was trained with the others.
    std::vector<std::string> given, family;
    for (const std::size_t column : {2u, 3u, 4u}) {
      const auto names = split(fields[column], ',');
      for (std::size_t i = 1; i < names.size(); i += 2)
        (column == 4 ? family : given).push_back(names[i]);
    }
    std::size_t found = 0, all = 0;
    for (int i = 0; i < kNotesEach; ++i) {
      const std::string f = title(given[below(given.size())]);
      const std::string g = title(given[below(given.size())]);
      const std::string l = title(family[below(family.size())]);
      const std::string m = title(family[below(family.size())]);
      const Note note =
          fill(kNotes[below(kNotes.size())],
               {{"F", f}, {"G", g}, {"L", l}, {"M", m}, {"UF", upper(f)}, {"UL", upper(l)}});
      const auto spans = (*detector)->detect(note.text, nullptr);
      ASSERT_TRUE(spans.ok());
      for (const auto& [begin, end] : note.names) {
        for (std::size_t at = begin; at < end; ++at) {
          ++all;
          found += std::any_of(spans->begin(), spans->end(),
                               [&](const Span& span) { return span.begin <= at && at < span.end; });
        }
      }
    }
    recall[fields[0]] = static_cast<double>(found) / static_cast<double>(all);
  }
  ASSERT_EQ(recall.size(), 11u);
  double best = 0, worst = 1;
  for (const auto& [culture, value] : recall) {
    best = std::max(best, value);
    worst = std::min(worst, value);
    RecordProperty(culture, std::to_string(value));
    EXPECT_GE(value, 0.985) << culture;
  }
  EXPECT_LE(best - worst, kGapMax);
}

}  // namespace
}  // namespace residency::deid
