#include "pipeline/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/worker_protocol.h"

namespace residency::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kRecipe = R"(
name: small
synth: {patients: 5, seed: 1}
ingest: {sources: [{path: "synth:fhir/ndjson"}, {path: data/notes}]}
deid: {policy: {preset: safe-harbor}}
dataset: {task: icd10_coding}
base: {name: smollm2-135m-instruct}
train: {epochs: 1}
eval: {task: code_f1}
gate: {thresholds: [{metric: micro_f1, min_absolute: 0.1}]}
deploy: {name: small}
)";

TEST(Recipe, BecomesStepsThatFeedEachOther) {
  auto recipe = parse_recipe(kRecipe, "small.yaml", "/recipes", {});
  ASSERT_TRUE(recipe.ok()) << recipe.error().message();
  std::vector<std::string> names;
  for (const Step& step : recipe->steps) names.push_back(step.name);
  EXPECT_THAT(names, ElementsAre("synth", "ingest", "deid", "dataset", "base", "train", "eval-base",
                                 "eval-tuned", "gate", "deploy"));
  EXPECT_THAT(recipe->steps[7].inputs, ElementsAre("dataset", "base", "train"));
  EXPECT_THAT(recipe->steps[9].inputs, ElementsAre("base", "train", "gate"));
}

TEST(Recipe, PathsAreRelativeToItsFolder) {
  auto recipe = parse_recipe(kRecipe, "small.yaml", "/recipes", {});
  ASSERT_TRUE(recipe.ok()) << recipe.error().message();
  EXPECT_THAT(recipe->steps[1].options.canonical_json(), HasSubstr("/recipes/data/notes"));
  EXPECT_THAT(recipe->steps[1].options.canonical_json(), HasSubstr("synth:fhir/ndjson"));
}

TEST(Recipe, ADatasetMayReadWhatSynthMade) {
  const auto recipe = parse_recipe(
      "synth: {cases: [ed_triage]}\n"
      "dataset: {task: jsonl, path: synth:cases/ed_triage.jsonl, waiver: {person: x, reason: made "
      "up "
      "for a test}}\n",
      "r.yaml", "/recipes", {});
  ASSERT_TRUE(recipe.ok()) << recipe.error().message();
  EXPECT_THAT(recipe->steps[1].inputs, ElementsAre("synth"));
  EXPECT_THAT(recipe->steps[1].options.canonical_json(), HasSubstr("synth:cases/ed_triage.jsonl"));
  // A hospital that is ingested does not also feed the data set.
  const auto hospital = parse_recipe(kRecipe, "small.yaml", "/recipes", {});
  ASSERT_TRUE(hospital.ok()) << hospital.error().message();
  EXPECT_THAT(hospital->steps[3].inputs, ElementsAre("deid"));
}

TEST(Recipe, FilesOfACorpusAreRelativeToItsFolder) {
  const auto recipe = parse_recipe(
      "dataset: {task: corpus, layout: bioc, files: {train: [../a, /b]}, waiver: {person: x, "
      "reason: "
      "made up for a test}}\n",
      "r.yaml", "/recipes", {});
  ASSERT_TRUE(recipe.ok()) << recipe.error().message();
  EXPECT_THAT(recipe->steps[0].options.canonical_json(), HasSubstr("[\"/a\",\"/b\"]"));
}

TEST(Recipe, AllProblemsAreReportedAtOnce) {
  auto recipe = parse_recipe("train: {epocs: 1}\ndeploi: {name: x}\n", "bad.yaml", "/", {});
  ASSERT_FALSE(recipe.ok());
  EXPECT_EQ(recipe.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(recipe.error().message(), HasSubstr("bad.yaml:1"));
  EXPECT_THAT(recipe.error().message(), HasSubstr("epocs"));
  EXPECT_THAT(recipe.error().message(), HasSubstr("bad.yaml:2: unknown key 'deploi'"));
}

TEST(Recipe, QloraAsksForAQuantisedBase) {
  const auto parse = [](const std::string& type) {
    return parse_recipe("base: {name: smollm2-135m-instruct" + type + "}\ntrain: {method: qlora}\n",
                        "r", "/", {});
  };
  for (const char* type : {"", ", type: bf16", ", type: f32"}) {
    const auto refused = parse(type);
    ASSERT_FALSE(refused.ok()) << type;
    EXPECT_THAT(refused.error().message(), HasSubstr("base.type"));
  }
  EXPECT_TRUE(parse(", type: as_is").ok());
  EXPECT_TRUE(parse(", type: q4_k").ok());
  EXPECT_FALSE(parse(", type: q3_k").ok());
}

TEST(Recipe, WithoutTrainingOnlyTheBaseIsScored) {
  auto recipe =
      parse_recipe("base: {name: smollm2-135m-instruct}\neval: {task: code_f1}\n", "r", "/", {});
  ASSERT_TRUE(recipe.ok()) << recipe.error().message();
  ASSERT_EQ(recipe->steps.size(), 2u);
  EXPECT_EQ(recipe->steps[1].name, "eval-base");
}

TEST(WorkerProtocol, RoundTrips) {
  WorkerMessage progress;
  progress.done = 3;
  progress.total = 10;
  progress.unit = "records";
  progress.note = "loss 1.2";
  const std::string line = encode(progress);
  EXPECT_EQ(line.back(), '\n');
  auto back = decode_worker_message(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->done, 3u);
  EXPECT_EQ(back->note, "loss 1.2");
  WorkerMessage failed;
  failed.kind = WorkerMessage::Kind::kFailed;
  failed.error_code = "corrupt";
  failed.error_message = std::string(100000, 'x') + "\n";
  EXPECT_LT(encode(failed).size(), 8192u);
}

TEST(WorkerProtocol, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(decode_worker_message("{}").ok());
  EXPECT_FALSE(decode_worker_message("not json").ok());
  EXPECT_FALSE(decode_worker_message(std::string(9000, ' ')).ok());
}

TEST(StageTable, FollowsTheFlow) {
  std::vector<std::string_view> names;
  for (const Stage& stage : stages()) names.push_back(stage.name);
  EXPECT_THAT(names, ElementsAre("synth", "ingest", "deid", "dataset", "base", "train", "eval",
                                 "gate", "deploy"));
  EXPECT_FALSE(find_stage("prepare").ok());
}

}  // namespace
}  // namespace residency::pipeline
