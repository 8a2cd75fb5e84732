// Detection: case files, the synthetic hospital's truth, and what must stay.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <unistd.h>

#include "base/json.h"
#include "deid/detect/detector.h"
#include "deid/detect/learned_finds.h"
#include "deid/detect/tokens.h"
#include "deid/detect/validators.h"
#include "deid/gold/score.h"
#include "synth/synth.h"

namespace residency::deid {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const Detector& detector() {
  static const auto opened = Detector::open();
  return **opened;
}

/// "CLASS text" for each span.
std::vector<std::string> found(std::string_view text) {
  std::vector<std::string> out;
  const auto spans = detector().detect(text, nullptr);
  if (!spans.ok()) return {"error"};
  for (const Span& span : *spans)
    out.push_back(std::string(phi_class_name(span.phi_class)) + " " +
                  std::string(text.substr(span.begin, span.end - span.begin)));
  return out;
}

TEST(Detector, FindsWhatTheCaseFilesMarkAndNothingElse) {
  // A line: text with [[CLASS:value]] around each identifier.
  for (const char* name : {"identifiers.txt", "names.txt", "clinical.txt"}) {
    std::istringstream lines(
        read(std::filesystem::path(RESIDENCY_SOURCE_DIR) / "tests/cases/deid" / name));
    std::string line;
    int cases = 0;
    while (std::getline(lines, line)) {
      if (line.empty() || line[0] == '#') continue;
      ++cases;
      std::string text;
      std::vector<std::string> wanted;
      for (std::size_t at = 0; at < line.size();) {
        const std::size_t open = line.find("[[", at);
        if (open == std::string::npos) {
          text += line.substr(at);
          break;
        }
        const std::size_t colon = line.find(':', open);
        const std::size_t close = line.find("]]", colon);
        ASSERT_NE(close, std::string::npos) << name << ": " << line;
        text += line.substr(at, open - at);
        const std::string value = line.substr(colon + 1, close - colon - 1);
        wanted.push_back(line.substr(open + 2, colon - open - 2) + " " + value);
        text += value;
        at = close + 2;
      }
      EXPECT_EQ(found(text), wanted) << name << ": " << line;
    }
    EXPECT_GT(cases, 5) << name;
  }
}

TEST(Detector, CheckDigitsTellIdentifiersFromNumbers) {
  EXPECT_TRUE(npi_holds("1245319599"));
  EXPECT_FALSE(npi_holds("1245319598"));
  EXPECT_TRUE(dea_holds("AB1234563"));
  EXPECT_FALSE(dea_holds("AB1234560"));
  EXPECT_TRUE(vin_holds("1M8GDM9AXKP042788"));
  EXPECT_FALSE(ssn_holds("666-12-3456"));
  EXPECT_FALSE(ssn_holds("123-00-4567"));
  EXPECT_TRUE(ssn_holds("123-45-6789"));
  EXPECT_FALSE(date_holds("13/32/2020"));
  EXPECT_TRUE(date_holds("2/29/2020"));
}

TEST(Detector, KnownValuesAreFoundInEveryForm) {
  KnownPhi known;
  known.values = {{PhiClass::kPatientName, "Rosalind Okonkwo-Vance"},
                  {PhiClass::kMrn, "149899"},
                  {PhiClass::kPhone, "4152334371"}};
  const std::string text =
      "okonkwo vance, R\nseen. Okonkow-Vance (MRN 14-98-99) reach 415.233.43 71. ROSALIND";
  const auto spans = detector().detect(text, &known);
  ASSERT_TRUE(spans.ok());
  std::string left = text;
  for (const Span& span : *spans)
    std::fill(left.begin() + static_cast<std::ptrdiff_t>(span.begin),
              left.begin() + static_cast<std::ptrdiff_t>(span.end), '.');
  for (const char* value : {"okonkwo", "vance", "Okonkow", "14-98-99", "415", "ROSALIND"})
    EXPECT_EQ(left.find(value), std::string::npos) << value;
}

TEST(Detector, BytesThatAreNoTextDoNoHarm) {
  std::string noise;
  std::uint32_t state = 7;
  for (int i = 0; i < 20000; ++i) {
    state = state * 1664525u + 1013904223u;
    noise += static_cast<char>(state >> 24);
  }
  EXPECT_TRUE(detector().detect(noise, nullptr).ok());
  EXPECT_TRUE(detector().detect("", nullptr).ok());
  EXPECT_FALSE(detector().detect(std::string(kTextBytesMax + 1, 'a'), nullptr).ok());
}

/// The columns of the synthetic hospital's roster that identify, with their class.
std::map<std::string, KnownPhi> roster(const std::filesystem::path& csv) {
  const std::map<std::string, PhiClass> kColumns{{"mrn", PhiClass::kMrn},
                                                 {"family_name", PhiClass::kPatientName},
                                                 {"given_name", PhiClass::kPatientName},
                                                 {"middle_name", PhiClass::kPatientName},
                                                 {"ssn", PhiClass::kSsn},
                                                 {"home_phone", PhiClass::kPhone},
                                                 {"mobile_phone", PhiClass::kPhone},
                                                 {"work_phone", PhiClass::kPhone},
                                                 {"email", PhiClass::kEmail},
                                                 {"street", PhiClass::kStreet},
                                                 {"city", PhiClass::kCity},
                                                 {"county", PhiClass::kCounty},
                                                 {"member_id", PhiClass::kHealthPlanId},
                                                 {"contact_name", PhiClass::kRelativeName},
                                                 {"contact_phone", PhiClass::kPhone}};
  const auto cells = [](const std::string& line) {
    std::vector<std::string> out(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"')
        quoted = !quoted;
      else if (c == ',' && !quoted)
        out.emplace_back();
      else
        out.back() += c;
    }
    return out;
  };
  std::map<std::string, KnownPhi> people;
  std::istringstream lines(read(csv));
  std::string line;
  std::getline(lines, line);
  const auto head = cells(line);
  while (std::getline(lines, line)) {
    const auto row = cells(line);
    KnownPhi known;
    for (std::size_t i = 0; i < row.size() && i < head.size(); ++i) {
      const auto column = kColumns.find(head[i]);
      if (column != kColumns.end() && !row[i].empty())
        known.values.push_back({column->second, row[i]});
    }
    people[row[0]] = known;
  }
  return people;
}

TEST(Detector, RecallOnASyntheticHospitalHoldsItsFloors) {
  const std::filesystem::path dir =
      std::filesystem::temp_directory_path() / ("residency_deid_" + std::to_string(getpid()));
  std::filesystem::remove_all(dir);
  synth::SynthOptions options;
  options.out_dir = dir.string();
  options.patients = 150;
  options.seed = 20260;
  NoProgress progress;
  ASSERT_TRUE(synth::generate(Env::posix(), options, progress).ok());
  const auto people = roster(dir / "csv/patients.csv");
  Score with_record;
  Score without;
  std::istringstream lines(read(dir / "truth/phi.jsonl"));
  std::string line;
  while (std::getline(lines, line)) {
    const Json truth = parse_json(line).value();
    const std::string text = read(dir / "notes" / (json_text(truth, "note_id") + ".txt"));
    std::vector<GoldSpan> gold;
    for (const Json& span : truth["spans"])
      gold.push_back({span["start"], span["end"], *phi_class_named(json_text(span, "class"))});
    const auto known = people.find(json_text(truth, "patient"));
    ASSERT_NE(known, people.end());
    with_record.add(score(text, gold, detector().detect(text, &known->second).value()));
    without.add(score(text, gold, detector().detect(text, nullptr).value()));
  }
  std::printf("with the record\n%s\nwithout\n%s", with_record.table().c_str(),
              without.table().c_str());
  using enum PhiClass;
  EXPECT_GE(with_record.total().byte_recall(), 0.95);
  EXPECT_GE(with_record
                .total_of({kPatientName, kRelativeName, kClinicianName, kDate, kPhone, kFax, kEmail,
                           kSsn, kMrn, kHealthPlanId, kAccount, kLicense, kOtherId})
                .byte_recall(),
            0.97);
  EXPECT_GE(with_record.byte_precision(), 0.8);
  EXPECT_GE(without.total().byte_recall(), 0.92);
  std::filesystem::remove_all(dir);
}

TEST(LearnedFinds, LeavesOutWhatIdentifiesNobody) {
  const auto left = [](std::string_view text, std::string_view part, PhiClass phi_class,
                       double score) {
    const std::size_t at = text.find(part);
    std::vector<Span> spans{{at, at + part.size(), phi_class, score, Reason::kModel, "tagger"}};
    drop_false_finds(text, tokens_of(text), spans);
    return !spans.empty();
  };
  EXPECT_FALSE(left("seen in 1987 again", "1987", PhiClass::kDate, 1));
  EXPECT_FALSE(left("from 1991-92 on", "1991-92", PhiClass::kOtherId, 1));
  EXPECT_FALSE(left("from 2009-2010 on", "2009-2010", PhiClass::kDate, 1));
  EXPECT_TRUE(left("in 2009-10 she", "2009-10", PhiClass::kDate, 1));
  EXPECT_TRUE(left("chart 19873 of", "19873", PhiClass::kOtherId, 1));
  EXPECT_FALSE(left("a trip to North Carolina", "North Carolina", PhiClass::kCity, 1));
  EXPECT_TRUE(left("a trip to New York", "New York", PhiClass::kCity, 1));
  EXPECT_FALSE(left("a pilot wire", "pilot", PhiClass::kProfession, 0.7));
  EXPECT_TRUE(left("works as pilot", "pilot", PhiClass::kProfession, 0.95));
  EXPECT_TRUE(left("is a roofer", "roofer", PhiClass::kProfession, 0.5));
  EXPECT_FALSE(left("70-105", "70-105", PhiClass::kOtherId, 1));
}

}  // namespace
}  // namespace residency::deid
