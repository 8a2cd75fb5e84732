// The learned tagger: its decoding, its file, its training, and what the shipped model finds.
#include "deid/tagger/tagger.h"

#include <cmath>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

#include "base/json.h"
#include "crypto/sha256.h"
#include "deid/detect/detector.h"
#include "deid/detect/tokens.h"
#include "deid/tagger/augment.h"
#include "deid/tagger/encoder_training.h"
#include "deid/tagger/refill.h"
#include "deid/tagger/tagger_trainer.h"
#include "synth/note_writer.h"

namespace residency::deid {
namespace {

std::vector<TagScores> random_scores(TagRandom& random, std::size_t count) {
  std::vector<TagScores> scores(count);
  for (TagScores& row : scores) {
    for (float& value : row) value = static_cast<float>(random.below(1000)) / 100.0f - 5.0f;
  }
  return scores;
}

std::vector<TagExample> notes_of(std::uint64_t seed, int patients) {
  const auto tables = synth::Tables::load();
  const synth::World world = synth::make_world(*tables, seed);
  std::vector<TagExample> notes;
  for (int i = 0; i < patients; ++i) {
    const auto plan = synth::make_plan(*tables, world, seed, static_cast<std::uint64_t>(i), 3);
    for (const auto& encounter : plan.encounters) {
      for (const auto& note : encounter.notes) {
        const auto written = synth::write_note(*tables, plan, encounter, note);
        TagExample example{written.text.text(), {}};
        for (const auto& span : written.text.phi())
          example.spans.push_back({span.start, span.end, span.phi_class});
        notes.push_back(std::move(example));
      }
    }
  }
  return notes;
}

TEST(TagChain, DecodingNeverGivesAnInsideLabelWithoutItsBeginning) {
  TagRandom random(5);
  for (int round = 0; round < 200; ++round) {
    const auto scores = random_scores(random, 1 + random.below(30));
    const auto path = viterbi(scores, -2.0f);
    ASSERT_EQ(path.size(), scores.size());
    EXPECT_FALSE(is_inside(path[0]));
    for (std::size_t i = 1; i < path.size(); ++i) EXPECT_TRUE(may_follow(path[i - 1], path[i]));
  }
}

TEST(TagChain, TheBestPathIsTheBestOfAllThatAreTriedOut) {
  TagRandom random(11);
  for (int round = 0; round < 20; ++round) {
    const auto scores = random_scores(random, 3);
    double best = -1e30;
    std::vector<std::size_t> best_path;
    for (std::size_t a = 0; a < kTagLabels; ++a) {
      for (std::size_t b = 0; b < kTagLabels; ++b) {
        for (std::size_t c = 0; c < kTagLabels; ++c) {
          if (is_inside(a) || !may_follow(a, b) || !may_follow(b, c)) continue;
          const double score = static_cast<double>(scores[0][a]) +
                               static_cast<double>(scores[1][b]) +
                               static_cast<double>(scores[2][c]);
          if (score > best) {
            best = score;
            best_path = {a, b, c};
          }
        }
      }
    }
    EXPECT_EQ(viterbi(scores, 0.0f), best_path);
  }
}

TEST(TagChain, ProbabilitiesSumToOneAndGoWithTheScores) {
  TagRandom random(3);
  for (TagScores row : random_scores(random, 50)) {
    const TagScores scores = row;
    const float whole = softmax(row);
    double sum = 0;
    for (std::size_t l = 0; l < kTagLabels; ++l) {
      sum += static_cast<double>(row[l]);
      EXPECT_NEAR(std::log(static_cast<double>(row[l]) + 1e-30),
                  static_cast<double>(scores[l] - whole), 1e-3);
    }
    EXPECT_NEAR(sum, 1.0, 1e-5);
  }
}

/// A small model with random weights.
TaggerModel random_model(std::uint64_t seed) {
  TagRandom random(seed);
  TaggerModel model;
  model.vocabulary = TagVocabulary({random.next(), random.next(), random.next()});
  model.weights = initial_weights(3, random);
  model.note = "{}";
  return model;
}

TEST(TaggerModel, AFileThatIsCutShortAlteredOrTooLongIsRefused) {
  const std::string bytes = random_model(2).write();
  const auto model = TaggerModel::read(bytes);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->vocabulary.hashes(), random_model(2).vocabulary.hashes());
  EXPECT_LT(bytes.size(), kTaggerFileBytesMax);
  for (std::size_t size = 0; size < bytes.size(); size += 37001)
    EXPECT_FALSE(TaggerModel::read(std::string_view(bytes).substr(0, size)).ok()) << size;
  for (std::size_t at = 0; at < bytes.size(); at += 41003) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 0x10);
    EXPECT_FALSE(TaggerModel::read(altered).ok()) << at;
  }
  EXPECT_FALSE(TaggerModel::read(bytes + "x").ok());
}

TEST(TaggerModel, ARightChecksumDoesNotMakeBadNumbersGood) {
  const std::string good = random_model(2).write();
  const auto with = [&](std::size_t at, std::string_view bytes) {
    std::string body = good.substr(0, good.size() - 32);
    body.replace(at, bytes.size(), bytes);
    return TaggerModel::read(body + crypto::sha256(body));
  };
  EXPECT_TRUE(with(0, "RTAG").ok());
  EXPECT_FALSE(with(4, "\x09").ok());   // format
  EXPECT_FALSE(with(8, "\x09").ok());   // inputs
  EXPECT_FALSE(with(12, "\x09").ok());  // labels
  EXPECT_FALSE(with(16, "\x09").ok());  // width
  EXPECT_FALSE(with(20, "\x09").ok());  // layers
  EXPECT_FALSE(with(24, "\x08").ok());  // words: then it is too short
  EXPECT_FALSE(with(24, std::string_view("\xFF\xFF\xFF\xFF", 4)).ok());
  EXPECT_FALSE(with(28, std::string_view("\x00\x00\xC0\x7F", 4)).ok());  // not a number
}

TEST(TagVocabulary, FindsItsWordsAndNoOthers) {
  TagRandom random(8);
  std::vector<std::uint64_t> hashes(1000);
  for (std::uint64_t& hash : hashes) hash = random.next();
  const TagVocabulary vocabulary(hashes);
  for (std::uint32_t i = 0; i < hashes.size(); ++i) EXPECT_EQ(vocabulary.find(hashes[i]), i + 1);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(vocabulary.find(random.next()), 0u);
  EXPECT_EQ(TagVocabulary().find(hashes[0]), 0u);
}

TEST(TaggerTrainer, TheSameSeedGivesTheSameBytes) {
  TaggerTrainOptions options;
  options.steps = 3;
  options.words = 200;
  TaggerTexts texts;
  texts.notes = notes_of(3, 6);
  texts.written = notes_of(4, 4);
  texts.negatives = {"The drug was well tolerated. It helped."};
  NoProgress progress;
  const auto first = train_tagger(texts, options, progress);
  const auto second = train_tagger(texts, options, progress);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->model.write(), second->model.write());
  options.seed = 2;
  EXPECT_NE(first->model.write(), train_tagger(texts, options, progress)->model.write());
  options.steps = 0;
  EXPECT_FALSE(train_tagger(texts, options, progress).ok());
  EXPECT_FALSE(train_tagger({}, TaggerTrainOptions{}, progress).ok());
}

TEST(Refill, KeepsTheFormOfWhatItReplaces) {
  const GenreMaker maker;
  TagRandom random(6);
  for (int round = 0; round < 300; ++round) {
    Refill refill(maker, random);
    const std::string whole = refill.other(PhiClass::kPatientName, "MENDOZA, ROSA");
    EXPECT_EQ(to_lower(whole) == whole, false);
    EXPECT_NE(whole.find(", "), std::string::npos);
    // The same word stands for it everywhere, in the case of the place.
    const std::string family = refill.other(PhiClass::kPatientName, "Mendoza");
    EXPECT_EQ(to_lower(family), to_lower(whole.substr(0, whole.find(','))));
    const std::string phone = refill.other(PhiClass::kPhone, "555-0119");
    EXPECT_EQ(phone.size(), 8u);
    EXPECT_EQ(phone[3], '-');
    for (const char c : refill.other(PhiClass::kAge, "67")) EXPECT_TRUE(is_ascii_digit(c));
  }
}

TEST(Augment, SpansMoveWithTheirText) {
  const GenreMaker maker;
  TagRandom random(4);
  TagExample example{"Name: Ann Poe\nMRN: 12345\nSeen by Dr. Bo Li.\nStable.\nHome.\n",
                     {{6, 13, PhiClass::kPatientName},
                      {19, 24, PhiClass::kMrn},
                      {37, 42, PhiClass::kClinicianName}}};
  for (int round = 0; round < 500; ++round) {
    const TagExample made = augment(example, maker, random);
    std::size_t past = 0;
    for (const GoldSpan& span : made.spans) {
      ASSERT_LE(past, span.begin);
      ASSERT_LT(span.begin, span.end);
      ASSERT_LE(span.end, made.text.size());
      past = span.end;
    }
  }
  for (int round = 0; round < 2000; ++round) {
    const TagExample made = maker.make(random);
    EXPECT_EQ(made.text.find_first_of("{}[]"), std::string::npos) << made.text;
    for (const GoldSpan& span : made.spans) ASSERT_LE(span.end, made.text.size());
  }
}

/// Share of the gold bytes that `detector` covers.
double recall(const Detector& detector, const std::vector<TagExample>& examples) {
  Score sum;
  for (const TagExample& example : examples) {
    const auto spans = detector.detect(example.text, nullptr);
    if (!spans.ok()) return 0;
    sum.add(score(example.text, example.spans, *spans));
  }
  return sum.total().byte_recall();
}

const Detector& with_tagger() {
  static const auto detector = Detector::open();
  return **detector;
}
const Detector& without_tagger() {
  static const auto detector = Detector::open(DetectorOptions{.tagger = false});
  return **detector;
}

std::string covered(const Detector& detector, std::string_view text) {
  std::string out(text);
  const auto spans = detector.detect(text, nullptr);
  if (!spans.ok()) return "error";
  for (const Span& span : *spans)
    std::fill(out.begin() + static_cast<std::ptrdiff_t>(span.begin),
              out.begin() + static_cast<std::ptrdiff_t>(span.end), '_');
  return out;
}

TEST(Tagger, FindsNamesThatNoListHoldsAndNoContextWordMarks) {
  // None of these is in the census lists; no title, label or relation stands beside them.
  int found = 0;
  int by_rules = 0;
  const std::vector<std::pair<std::string_view, std::string_view>> kCases{
      {"Hi, this is Okwunodu Brzeczkowski calling about my refill.", "Brzeczkowski"},
      {"Tuulikki Haavistola phoned this morning, feels worse.", "Haavistola"},
      {"Zdravko Petrushevich was admitted overnight and slept well.", "Petrushevich"},
      {"Spoke with Ngozichukwu Adeyinkale about the plan today.", "Adeyinkale"},
      {"Thanks,\nRagnfrid Thorvaldsgaard", "Thorvaldsgaard"}};
  for (const auto& [text, name] : kCases) {
    found += covered(with_tagger(), text).find(name) == std::string::npos ? 1 : 0;
    by_rules += covered(without_tagger(), text).find(name) == std::string::npos ? 1 : 0;
  }
  EXPECT_GE(found, 4);
  EXPECT_LT(by_rules, found);
}

TEST(Tagger, OtherGenresReachAFloorThatTheRulesAloneDoNot) {
  const GenreMaker maker;
  TagRandom random(20260712);  // not a training seed
  std::vector<TagExample> examples;
  for (int i = 0; i < 1500; ++i) examples.push_back(maker.make(random));
  const double with = recall(with_tagger(), examples);
  const double without = recall(without_tagger(), examples);
  EXPECT_GE(with, 0.97);
  EXPECT_LT(without, 0.95);
}

TEST(Tagger, NotesItNeverSawLoseNothingByIt) {
  const auto notes = notes_of(424242, 25);
  const double with = recall(with_tagger(), notes);
  EXPECT_GE(with, recall(without_tagger(), notes));
  EXPECT_GE(with, 0.985);
}

TEST(Tagger, ClinicalProseStays) {
  std::ifstream file(RESIDENCY_SOURCE_DIR "/tests/cases/deid/clinical.txt");
  const auto tagger = Tagger::embedded();
  ASSERT_TRUE(tagger.ok());
  std::string line;
  int lines = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#' || line.find("[[") != std::string::npos) continue;
    ++lines;
    EXPECT_TRUE(tagger->read(line, {}).spans.empty()) << line;
  }
  EXPECT_GT(lines, 5);
}

TEST(Tagger, AddsLessThanThreeInAThousandBytesToAbstractsItNeverSaw) {
  std::ifstream file(RESIDENCY_SHARED_DATA "/pubmedqa/ori_pqal.train_dev_500.json");
  if (!file) GTEST_SKIP() << "no public data here";
  std::stringstream bytes;
  bytes << file.rdbuf();
  const auto items = parse_json(bytes.str());
  ASSERT_TRUE(items.ok());
  std::size_t total = 0, added = 0, index = 0;
  for (const auto& [id, item] : items->items()) {
    if (index++ % 2 == 0) continue;  // trained on
    for (const Json& part : item["CONTEXTS"]) {
      const auto text = part.get<std::string>();
      const std::string rules = covered(without_tagger(), text);
      const std::string both = covered(with_tagger(), text);
      total += text.size();
      for (std::size_t i = 0; i < text.size(); ++i)
        added += both[i] == '_' && rules[i] != '_' ? 1 : 0;
    }
  }
  EXPECT_GT(total, 100000u);
  EXPECT_LE(static_cast<double>(added), 0.003 * static_cast<double>(total));
}

TEST(Tagger, BytesThatAreNoTextDoNoHarm) {
  const auto tagger = Tagger::embedded();
  ASSERT_TRUE(tagger.ok());
  std::string noise;
  TagRandom random(9);
  for (int i = 0; i < 30000; ++i) noise += static_cast<char>(random.next() & 0xFF);
  std::size_t past = 0;
  for (const Span& span : tagger->read(noise, {}).spans) {
    EXPECT_LE(past, span.begin);
    EXPECT_LT(span.begin, span.end);
    past = span.end;
  }
  EXPECT_LE(past, noise.size());
  EXPECT_TRUE(tagger->read("", {}).spans.empty());
}

}  // namespace
}  // namespace residency::deid
