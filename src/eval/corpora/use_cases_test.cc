// Readers of the use cases' corpora: layouts, places of what is bad, and the released files.
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <zlib.h>

#include "eval/corpora/ade.h"
#include "eval/corpora/csv_table.h"
#include "eval/corpora/dialogue_notes.h"
#include "eval/corpora/gzip_bytes.h"
#include "eval/corpora/molecules.h"
#include "eval/corpora/smiles.h"
#include "eval/corpora/trial_topics.h"
#include "eval/corpora/use_case_examples.h"

namespace residency::eval::corpora {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::string shared(const std::string& path) { return std::string(RESIDENCY_SHARED_DATA) + path; }

#define NEED(path) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "not there: " << path

template <class Reader>
auto read_text(std::string_view text, Reader reader, bool strict = false) {
  TextBytes bytes(text, 5);
  return reader(bytes, "file", ReadOptions{strict});
}

/// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = testing::TempDir() + "use_cases_" + test->name();
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_ + "/qrels");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  void write(const std::string& name, const std::string& text) const {
    auto file = Env::posix().create(path_ + "/" + name);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->append(text).ok());
    ASSERT_TRUE((*file)->close().ok());
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(AciBench, ReadsRowsAndSaysWhatIsBad) {
  const auto corpus = read_text(
      "dataset,encounter_id,dialogue,note\n"
      "aci,D1,\"[doctor] hi\n[patient] hello\",\"CC: cough\"\n"
      "aci,D2,\"[doctor] hi\",\n"
      "aci,D1,again,note\n"
      "aci,D3,one\n"
      ",D4,dialogue,note\n",
      read_aci_bench);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  ASSERT_EQ(corpus->records.size(), 1u);
  EXPECT_EQ(corpus->records[0].dialogue, "[doctor] hi\n[patient] hello");
  EXPECT_EQ(corpus->records[0].origin, "aci");
  EXPECT_EQ(corpus->notes.bad, 4u);
  EXPECT_THAT(
      corpus->notes.problems,
      ElementsAre(StartsWith("file:4: field 'note'"), StartsWith("file:5: field 'encounter_id'"),
                  StartsWith("file:6: field 'columns'"), StartsWith("file:7: field 'dataset'")));
}

TEST(AciBench, AMissingColumnIsRefused) {
  const auto corpus = read_text("encounter_id,dialogue\nD1,hi\n", read_aci_bench);
  ASSERT_FALSE(corpus.ok());
  EXPECT_THAT(corpus.error().message(), HasSubstr("file:1: field 'note'"));
  EXPECT_FALSE(read_text("", read_aci_bench).ok());
  EXPECT_FALSE(read_text("dataset,encounter_id,dialogue,note\na,b,\"open", read_aci_bench).ok());
}

TEST(MtsDialog, KnowsItsSections) {
  const auto corpus = read_text(
      "ID,section_header,section_text,dialogue\r\n"
      "0,GENHX,He coughs.,Doctor: What is it?\r\n"
      "1,NOTASECTION,text,Doctor: And?\r\n",
      read_mts_dialog);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  ASSERT_EQ(corpus->records.size(), 1u);
  EXPECT_EQ(corpus->records[0].section, "GENHX");
  EXPECT_THAT(corpus->notes.problems, ElementsAre(StartsWith("file:3: field 'section_header'")));
  EXPECT_EQ(section_title("ROS"), "review of systems");
  EXPECT_EQ(section_title("?"), "");
  EXPECT_FALSE(
      read_text("ID,section_header,section_text,dialogue\n1,X,t,d\n", read_mts_dialog, true).ok());
}

TEST(Ade, FindsDrugAndEffectInTheSentence) {
  const auto corpus = read_text(
      "7|Rash after aspirin, then rash after heparin.|rash|125|129|heparin|136|143\n"
      "7|Rash after aspirin, then rash after heparin.|Rash|100|104|aspirin|111|118\n"
      "8|A sentence.|fever|1|6|aspirin|8|15\n"
      "9|two fields\n"
      "x|A|A|1|2|A|1|2\n"
      "9|A b|A|one|2|b|1|2\n",
      read_ade_relations);
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  ASSERT_EQ(corpus->records.size(), 1u);
  const Document& document = corpus->records[0];
  EXPECT_EQ(document.id, "7#1");
  ASSERT_EQ(document.entities.size(), 4u);
  EXPECT_EQ(document.entities[0].parts.front(), (ByteRange{25, 29}));
  EXPECT_EQ(document.entities[0].type, "effect");
  EXPECT_EQ(document.entities[1].parts.front(), (ByteRange{36, 43}));
  EXPECT_EQ(document.entities[2].parts.front(), (ByteRange{0, 4}));
  EXPECT_EQ(document.relations.size(), 2u);
  EXPECT_THAT(
      corpus->notes.problems,
      ElementsAre(StartsWith("file:3: field 'effect'"), StartsWith("file:4: field 'columns'"),
                  StartsWith("file:5: field 'pmid'"), StartsWith("file:6: field 'offset'")));
}

TEST(Ade, DistanceChoosesAmongSeveralPlaces) {
  // "gold" stands twice; the file's offsets say 20 bytes behind the effect.
  const auto corpus =
      read_text("1|gold rash ...... and ... gold.|rash|505|509|gold|525|529\n", read_ade_relations);
  ASSERT_TRUE(corpus.ok());
  EXPECT_EQ(corpus->records.at(0).entities.at(1).parts.front(), (ByteRange{25, 29}));
}

TEST(Ade, NegativesAreSentences) {
  const auto corpus = read_text(
      "12 NEG First.\n12 NEG Second one.\n12 POS Third.\nnothing\n13 NEG \n", read_ade_negatives);
  ASSERT_TRUE(corpus.ok());
  ASSERT_EQ(corpus->records.size(), 2u);
  EXPECT_EQ(corpus->records[1].id, "12#neg-2");
  EXPECT_EQ(corpus->records[1].text, "Second one.");
  EXPECT_THAT(corpus->notes.problems,
              ElementsAre(StartsWith("file:3: field 'NEG'"), StartsWith("file:4: field 'pmid'"),
                          StartsWith("file:5: field 'sentence'")));
}

TEST(TrialGpt, PairsPatientsAndTrials) {
  const Folder folder;
  folder.write("queries.jsonl", "{\"_id\":\"t1\",\"text\":\"A woman of 60.\"}\n");
  folder.write(
      "corpus.jsonl",
      "{\"_id\":\"NCT1\",\"title\":\"Trial one\",\"metadata\":{\"inclusion_criteria\":\"age "
      "60\",\"exclusion_criteria\":\"gout\"}}\n"
      "{\"_id\":\"NCT2\",\"title\":\"Trial two\",\"text\":\"All of it.\"}\n");
  folder.write("qrels/test.tsv",
               "query-id\tcorpus-id\tscore\nt1\tNCT1\t2\nt1\tNCT2\t0\nt1\tNCT3\t1\nt2\tNCT1\t1\n"
               "t1\tNCT1\t5\n");
  const auto corpus = read_trial_folder(Env::posix(), folder.path());
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  ASSERT_EQ(corpus->records.size(), 2u);
  EXPECT_EQ(corpus->records[0].relevance, 2);
  EXPECT_EQ(corpus->records[0].trial_text,
            "Trial one\nInclusion criteria: age 60\nExclusion criteria: gout");
  EXPECT_EQ(corpus->records[1].trial_text, "Trial two\nAll of it.");
  EXPECT_EQ(corpus->notes.passed_over, 1u);
  EXPECT_THAT(corpus->notes.problems, ElementsAre(HasSubstr("test.tsv:6: field 'score'"),
                                                  HasSubstr("test.tsv:5: field 'query-id'")));
}

TEST(TrialGpt, MissingTrialsAreNamed) {
  const Folder folder;
  const auto corpus = read_trial_folder(Env::posix(), folder.path());
  ASSERT_FALSE(corpus.ok());
  EXPECT_EQ(corpus.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(corpus.error().message(), HasSubstr("corpus.jsonl"));
}

TEST(Smiles, ReadsAtomsBondsAndRings) {
  const auto ethanol = parse_smiles("CCO");
  ASSERT_TRUE(ethanol);
  EXPECT_EQ(ethanol->atoms.size(), 3u);
  EXPECT_EQ(ethanol->bonds.size(), 2u);
  const auto salt = parse_smiles("[Na+].[O-]C(=O)c1ccccc1");
  ASSERT_TRUE(salt);
  EXPECT_EQ(salt->atoms[0].charge, 1);
  EXPECT_EQ(salt->atoms[1].charge, -1);
  EXPECT_EQ(salt->bonds.size(), 9u);
  for (const char* good : {"C[C@@H](N)C(=O)O", "F/C=C/F", "C%12CCCC%12", "[13CH4]", "[nH]1cccc1",
                           "*C", "[Fe++]", "C1=CC=CC=C1", "[2H]O[2H]", "[se]1cccc1", "[CH3:7]Cl",
                           "N#N", "C/C=C\\\\C", "C1CC1(Br)I", "[Cu-2]"}) {
    EXPECT_TRUE(parse_smiles(good)) << good;
  }
}

TEST(Smiles, RefusesWhatIsNone) {
  for (const char* bad : {"",        "C(",      "C)",      "C1CC", "C=",
                          "=C",      "[C",      "[]",      "Xy",   "C..C",
                          "C(.C)",   "C11",     "C%1",     "()",   "C[C+++++++++++++++++]",
                          "C=1CC-1", "[C+123]", "aspirin", "C C",  "1CC1",
                          "C==C",    "."}) {
    EXPECT_FALSE(parse_smiles(bad)) << bad;
  }
  EXPECT_FALSE(parse_smiles(std::string(kSmilesBytesMax + 1, 'C')));
  EXPECT_TRUE(parse_smiles(std::string(kSmilesBytesMax, 'C')));
}

TEST(Smiles, SkeletonsDoNotDependOnOrderOrSubstituents) {
  const auto key = [](const char* line) { return skeleton_key(*parse_smiles(line)); };
  EXPECT_EQ(key("c1ccccc1C"), key("OCc1ccccc1"));                     // benzene
  EXPECT_EQ(key("c1ccccc1CCN2CCCC2"), key("C1CCCN1CCc2ccc(Cl)cc2"));  // joined rings
  EXPECT_NE(key("c1ccccc1C"), key("c1ccncc1C"));                      // pyridine
  EXPECT_NE(key("c1ccccc1CN2CCCC2"), key("c1ccccc1CCN2CCCC2"));       // a longer bridge
  EXPECT_NE(key("C1CCCCC1"), key("C1CCCC1"));
  EXPECT_EQ(key("CCO"), key("OCC"));  // no ring: the molecule itself
  EXPECT_NE(key("CCO"), key("CCCO"));
  EXPECT_EQ(key("c1ccccc1.Cl"), key("Cl.c1ccccc1"));
}

TEST(MoleculeNet, ClassesOfOneColumn) {
  const std::string text =
      "id,A,B,smiles\n"
      "1,1,0,CCO\n"
      "\n"
      "2,0,,c1ccccc1\n"
      "3,1.0,1,not a molecule\n"
      "4,2,1,CC\n"
      "5,1\n"
      "6,0.0,1, CCN \n";
  const auto read = [](const std::string& column) {
    return [column](ByteSource& source, std::string_view name, const ReadOptions& options) {
      return read_moleculenet(source, name, column, options);
    };
  };
  const auto corpus = read_text(text, read("A"));
  ASSERT_TRUE(corpus.ok()) << corpus.error().message();
  ASSERT_EQ(corpus->records.size(), 3u);
  EXPECT_TRUE(corpus->records[0].holds);
  EXPECT_FALSE(corpus->records[2].holds);
  EXPECT_EQ(corpus->records[2].smiles, "CCN");
  EXPECT_THAT(corpus->notes.problems,
              ElementsAre(StartsWith("file:5: field 'smiles'"), StartsWith("file:6: field 'A'"),
                          StartsWith("file:7: field 'columns'")));
  const auto other = read_text(text, read("b"));
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other->notes.passed_over, 1u);
  EXPECT_THAT(read_text(text, read("C")).error().message(), HasSubstr("field 'C': no such column"));
  const auto real = read_text("logS,smiles\n-2.18,CCO\n", read("logS"));
  ASSERT_FALSE(real.ok());
  EXPECT_THAT(real.error().message(), HasSubstr("real values"));
}

std::string packed(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string made(text.size() + 100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(made.data());
  stream.avail_out = static_cast<uInt>(made.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  made.resize(made.size() - stream.avail_out);
  deflateEnd(&stream);
  return made;
}

Result<std::string> unpack(const std::string& bytes, std::size_t chunk_bytes) {
  const auto source = gzip_bytes(std::make_unique<TextBytes>(bytes, chunk_bytes), "file.gz");
  std::string all;
  std::string chunk;
  for (;;) {
    RESIDENCY_TRY(const bool more, source->next(chunk));
    if (!more) return all;
    all += chunk;
  }
}

TEST(Gzip, UnfoldsMembersAndRefusesDamage) {
  std::string text;
  for (int i = 0; i < 40000; ++i) text += std::to_string(i * 7919) + ",";
  const std::string bytes = packed(text);
  for (const std::size_t chunk : {1u, 7u, 65536u}) EXPECT_EQ(unpack(bytes, chunk).value(), text);
  EXPECT_EQ(unpack(packed("one ") + packed("two"), 3).value(), "one two");
  EXPECT_EQ(unpack(packed(""), 3).value(), "");
  EXPECT_THAT(unpack(bytes.substr(0, bytes.size() / 2), 100).error().message(),
              HasSubstr("ends early: file.gz"));
  EXPECT_THAT(unpack("plain text", 100).error().message(), HasSubstr("damaged"));
  EXPECT_FALSE(unpack("", 100).ok());
  std::string damaged = bytes;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  EXPECT_FALSE(unpack(damaged, 100).ok());
}

TEST(UseCaseExamples, AskForNotesAndLabels) {
  const Folder folder;
  folder.write("mts.csv",
               "ID,section_header,section_text,dialogue\n0,ALLERGY,None.,Doctor: Any allergies?\n");
  ExampleOptions options;
  options.layout = "mts_dialog";
  options.format = dataset::Format::kChat;
  auto made = use_case_examples(Env::posix(), folder.path() + "/mts.csv", options);
  ASSERT_TRUE(made.ok()) << made.error().message();
  ASSERT_EQ(made->examples.size(), 1u);
  EXPECT_EQ(made->examples[0].messages[0].content,
            "Write the section \"allergies\" of the clinical note of this visit.\n\nDoctor: Any "
            "allergies?\n\nallergies:");
  EXPECT_EQ(made->examples[0].messages[1].content, "None.");
  EXPECT_EQ(made->examples[0].category, "ALLERGY");
  options.layout = "moleculenet";
  EXPECT_THAT(
      use_case_examples(Env::posix(), folder.path() + "/mts.csv", options).error().message(),
      HasSubstr("must name one column"));
  folder.write("DRUG-AE.rel", "7|Rash after aspirin.|Rash|0|4|aspirin|11|18\n");
  folder.write("ADE-NEG.txt", "7 NEG Nothing happened.\n");
  options.layout = "ade_sentences";
  made = use_case_examples(Env::posix(), folder.path(), options);
  ASSERT_TRUE(made.ok()) << made.error().message();
  ASSERT_EQ(made->examples.size(), 2u);
  EXPECT_THAT(made->examples[0].labels, ElementsAre("ade"));
  EXPECT_THAT(made->examples[1].labels, ElementsAre("none"));
  EXPECT_EQ(made->examples[0].patient, made->examples[1].patient);
  options.layout = "ade_entities";
  options.types = {"drug"};
  made = use_case_examples(Env::posix(), folder.path(), options);
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_THAT(made->examples.at(0).entities, ElementsAre(dataset::LabelledSpan{11, 18, "drug"}));
}

template <class Record>
void expect_read(const Corpus<Record>& corpus, std::size_t records, std::size_t bad = 0) {
  EXPECT_EQ(corpus.records.size(), records);
  EXPECT_EQ(corpus.notes.bad, bad)
      << (corpus.notes.problems.empty() ? "" : corpus.notes.problems[0]);
}

TEST(RealUseCases, Dialogues) {
  NEED(shared("/aci_bench"));
  for (const auto& [file, records] : {std::pair{"/aci_bench/train.csv", 67u},
                                      {"/aci_bench/valid.csv", 20u},
                                      {"/aci_bench/clinicalnlp_taskB_test1.csv", 40u}}) {
    const auto corpus = read_path(Env::posix(), shared(file), read_aci_bench);
    ASSERT_TRUE(corpus.ok()) << corpus.error().message();
    expect_read(*corpus, records);
  }
  for (const auto& [file, records] :
       {std::pair{"/mts_dialog/MTS-Dialog-TrainingSet.csv", 1201u},
        {"/mts_dialog/MTS-Dialog-ValidationSet.csv", 100u},
        {"/mts_dialog/MTS-Dialog-TestSet-1-MEDIQA-Chat-2023.csv", 200u}}) {
    const auto corpus = read_path(Env::posix(), shared(file), read_mts_dialog);
    ASSERT_TRUE(corpus.ok()) << corpus.error().message();
    expect_read(*corpus, records);
  }
}

TEST(RealUseCases, AdverseEffects) {
  NEED(shared("/ade_corpus_v2"));
  const auto effects =
      read_path(Env::posix(), shared("/ade_corpus_v2/DRUG-AE.rel"), read_ade_relations);
  ASSERT_TRUE(effects.ok()) << effects.error().message();
  expect_read(*effects, 2795);
  std::size_t relations = 0;
  for (const Document& document : effects->records) {
    relations += document.relations.size();
    for (const Entity& entity : document.entities)
      ASSERT_LE(entity.extent().end, document.text.size());
  }
  EXPECT_EQ(relations, 4461u);  // every line of the file
  const auto others =
      read_path(Env::posix(), shared("/ade_corpus_v2/ADE-NEG.txt"), read_ade_negatives);
  ASSERT_TRUE(others.ok()) << others.error().message();
  expect_read(*others, 13417);
}

TEST(RealUseCases, TrialTopics) {
  NEED(shared("/trialgpt"));
  const std::string folder = shared("/trialgpt/dataset/sigir");
  const auto topics = read_path(Env::posix(), folder + "/queries.jsonl", read_trial_texts);
  ASSERT_TRUE(topics.ok()) << topics.error().message();
  EXPECT_GE(topics->records.size(), 58u);
  EXPECT_EQ(topics->notes.bad, 0u);
  const auto pairs = read_path(Env::posix(), folder + "/qrels/test.tsv", read_trial_judgements);
  ASSERT_TRUE(pairs.ok()) << pairs.error().message();
  EXPECT_EQ(pairs->notes.bad, 0u);
  EXPECT_GT(pairs->records.size(), 3800u);
}

TEST(RealUseCases, Molecules) {
  NEED(shared("/molecules"));
  struct Set {
    const char* file;
    const char* column;
    std::size_t records, passed_over;
  };
  for (const Set& set : {Set{"/molecules/BBBP.csv", "p_np", 1940, 0},
                         Set{"/molecules/clintox.csv.gz", "CT_TOX", 1491, 0},
                         Set{"/molecules/tox21.csv.gz", "NR-AhR", 0, 0}}) {
    SCOPED_TRACE(set.file);
    const auto corpus =
        read_path(Env::posix(), shared(set.file),
                  [&](ByteSource& source, std::string_view name, const ReadOptions& options) {
                    return read_moleculenet(source, name, set.column, options);
                  });
    ASSERT_TRUE(corpus.ok()) << corpus.error().message();
    EXPECT_EQ(corpus->notes.bad, 0u)
        << (corpus->notes.problems.empty() ? "" : corpus->notes.problems[0]);
    if (set.records > 0) {
      EXPECT_EQ(corpus->records.size(), set.records);
    } else {
      EXPECT_EQ(corpus->records.size() + corpus->notes.passed_over, 8014u);
    }
    std::set<std::string> skeletons;
    for (const MoleculeItem& item : corpus->records) skeletons.insert(item.skeleton);
    EXPECT_GT(skeletons.size(), corpus->records.size() / 5);
  }
}

}  // namespace
}  // namespace residency::eval::corpora
