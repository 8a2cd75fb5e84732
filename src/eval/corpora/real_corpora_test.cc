// Every reader on the released files, where they are there.
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

#include "eval/corpora/bioc.h"
#include "eval/corpora/choice_sets.h"
#include "eval/corpora/conll.h"
#include "eval/corpora/ddi.h"
#include "eval/corpora/pubmedqa.h"
#include "eval/corpora/pubtator.h"

namespace residency::eval::corpora {
namespace {

std::string shared(const std::string& path) { return std::string(RESIDENCY_SHARED_DATA) + path; }

/// Skips the test where the file is not there.
#define NEED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "not there: " << path

template <class Record>
std::size_t entities(const Corpus<Record>& corpus, const std::string& type) {
  std::size_t count = 0;
  for (const Record& record : corpus.records) {
    for (const Entity& entity : record.entities) count += entity.type == type ? 1 : 0;
  }
  return count;
}

template <class Record>
void expect_all_good(const Corpus<Record>& corpus, std::size_t records) {
  EXPECT_EQ(corpus.records.size(), records);
  EXPECT_EQ(corpus.notes.bad, 0u) << (corpus.notes.problems.empty() ? ""
                                                                    : corpus.notes.problems[0]);
}

TEST(RealCorpora, Bc5cdrInPubtator) {
  const auto path = shared("/bc5cdr/CDR_TrainingSet.only500.PubTator.txt");
  NEED(path);
  const auto corpus = read_path(Env::posix(), path, read_pubtator);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  expect_all_good(*corpus, 500);
  // Counts of Li et al. 2016 (BioCreative V CDR corpus), table 2.
  EXPECT_EQ(entities(*corpus, "Disease"), 4182u);
  EXPECT_EQ(entities(*corpus, "Chemical"), 5203u);
  std::size_t relations = 0;
  for (const Document& document : corpus->records) relations += document.relations.size();
  EXPECT_EQ(relations, 1038u);
}

TEST(RealCorpora, NerInColumns) {
  struct Set {
    const char* path;
    const char* type;
    std::size_t sentences, mentions;
  };
  for (const Set& set :
       {Set{"/ner_iob/BC5CDR-IOB/train.tsv", "Chemical", 4560, 5203},
        Set{"/ner_iob/NCBI-disease-IOB/train.tsv", "Disease", 5424, 5134},
        Set{"/ner_iob/JNLPBA/test.tsv", "protein", 3856, 5067},
        Set{"/ner_iob/JNLPBA/original-data/test/Genia4EReval1.iob2", "protein", 3856, 5067}}) {
    SCOPED_TRACE(set.path);
    NEED(shared(set.path));
    const auto corpus = read_path(Env::posix(), shared(set.path), read_conll);
    ASSERT_TRUE(corpus.ok()) << corpus.error().message();
    expect_all_good(*corpus, set.sentences);
    EXPECT_EQ(entities(*corpus, set.type), set.mentions);
  }
}

TEST(RealCorpora, DdiTrainingPart) {
  const auto folder = shared("/ddi2013/DDICorpus/Train");
  NEED(folder);
  const auto corpus = read_ddi_folder(Env::posix(), folder);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  std::map<std::string, std::size_t> labels;
  for (const PairSentence& sentence : corpus->records) {
    for (const EntityPair& pair : sentence.pairs) ++labels[pair.label];
  }
  EXPECT_EQ(labels["advise"], 826u);
  EXPECT_EQ(labels["effect"], 1687u);
  EXPECT_EQ(labels["mechanism"], 1319u);
  EXPECT_EQ(labels["int"], 188u);
  // One pair that interacts has no type: left out, and said so. One entity is a letter off.
  ASSERT_EQ(corpus->notes.bad, 2u);
  EXPECT_NE(corpus->notes.problems[0].find("field 'type'"), std::string::npos);
  EXPECT_NE(corpus->notes.problems[1].find("field 'text'"), std::string::npos);
}

TEST(RealCorpora, MultipleChoice) {
  NEED(shared("/medqa"));
  auto corpus = read_path(Env::posix(), shared("/medqa/dev_mediq.jsonl"), read_medqa);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  expect_all_good(*corpus, 1272);
  corpus = read_path(Env::posix(), shared("/medqa/train1000/train1000.jsonl"), read_medqa);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  expect_all_good(*corpus, 1000);
  corpus = read_path(Env::posix(), shared("/medmcqa/dev.jsonl"), read_medmcqa);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  expect_all_good(*corpus, 3161);
  std::size_t items = 0;
  for (const char* subject : {"anatomy", "clinical_knowledge", "college_biology"}) {
    const auto part =
        read_path(Env::posix(), shared("/mmlu/" + std::string(subject) + "_test.csv"), read_mmlu);
    ASSERT_TRUE(part.ok()) << part.error().message();
    EXPECT_EQ(part->notes.bad, 0u);
    items += part->records.size();
  }
  EXPECT_EQ(items, 544u);
}

TEST(RealCorpora, PubMedQa) {
  const auto path = shared("/pubmedqa/ori_pqal.train_dev_500.json");
  NEED(path);
  const auto corpus =
      read_path(Env::posix(), path,
                [](ByteSource& source, std::string_view name, const ReadOptions& options) {
                  return read_pubmedqa(source, name, options);
                });
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  expect_all_good(*corpus, 500);
}

TEST(RealCorpora, Bc5cdrInBioc) {
  // The shared file is a pointer; the evaluation kit's sample can be unpacked and named here.
  const char* sample = std::getenv("RESIDENCY_BIOC_SAMPLE");
  if (sample == nullptr) GTEST_SKIP() << "RESIDENCY_BIOC_SAMPLE is not set";
  const auto xml = read_path(Env::posix(), std::string(sample) + ".BioC.xml", read_bioc);
  ASSERT_TRUE(xml.ok()) << xml.error().message();
  const auto tabs = read_path(Env::posix(), std::string(sample) + ".PubTator", read_pubtator);
  ASSERT_TRUE(tabs.ok()) << tabs.error().message();
  expect_all_good(*xml, tabs->records.size());
  for (const char* type : {"Chemical", "Disease"}) {
    EXPECT_EQ(entities(*xml, type), entities(*tabs, type));
    EXPECT_GT(entities(*xml, type), 100u);
  }
  for (std::size_t i = 0; i < xml->records.size(); ++i) {
    EXPECT_EQ(xml->records[i].text, tabs->records[i].text);
    EXPECT_EQ(xml->records[i].relations.size(), tabs->records[i].relations.size());
  }
}

}  // namespace
}  // namespace residency::eval::corpora
