#include "serve/bedrock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/base64.h"
#include "serve/event_stream.h"

namespace residency::serve {
namespace {

using ::testing::HasSubstr;

Result<ChatRequest> converse(const char* body) { return read_converse(*parse_json(body), {}); }

TEST(EventStream, FramesAreReadAsTheyWereWrittenHoweverCut) {
  EXPECT_EQ(crc32_of("123456789"), 0xcbf43926u);
  const std::string frames = encode_event("messageStart", {{"role", "assistant"}}) +
                             encode_event("throttlingException", {{"message", "é"}}, true);
  std::string seen;
  std::vector<EventFrame> read;
  for (const char c : frames) {
    seen += c;
    auto frame = take_event_frame(seen);
    ASSERT_TRUE(frame.ok());
    if (*frame) read.push_back(**frame);
  }
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].headers[1],
            (std::pair<std::string, std::string>(":event-type", "messageStart")));
  EXPECT_EQ(read[0].payload, R"({"role":"assistant"})");
  EXPECT_EQ(read[1].headers[0].second, "exception");
}

TEST(EventStream, AChangedByteIsCorrupt) {
  const std::string frame = encode_event("chunk", {{"bytes", "aGk="}});
  for (std::size_t i = 0; i < frame.size(); ++i) {
    std::string changed = frame;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto read = take_event_frame(changed);
    EXPECT_TRUE(!read.ok() || !*read) << i;
  }
}

TEST(Base64, KnownTextsAndRefusals) {
  for (const auto& [plain, text] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}}) {
    EXPECT_EQ(base64_text(plain), text);
    EXPECT_EQ(*base64_bytes(text), plain);
  }
  for (const char* wrong : {"Z", "Zg=", "Zg=a", "====", "Z===", "Zm9v!A=="}) {
    EXPECT_FALSE(base64_bytes(wrong).ok()) << wrong;
  }
}

TEST(Converse, ReadsSystemMessagesToolsAndGuardrail) {
  const auto request = converse(R"({
    "system": [{"text": "be brief"}, {"cachePoint": {"type": "default"}}],
    "messages": [
      {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
      {"role": "assistant", "content": [{"text": "c"},
        {"toolUse": {"toolUseId": "t1", "name": "dose", "input": {"drug": "x"}}}]},
      {"role": "user", "content": [{"toolResult": {"toolUseId": "t1",
        "content": [{"text": "81 mg"}, {"json": {"unit": "mg"}}], "status": "success"}}]}],
    "inferenceConfig": {"maxTokens": 7, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"]},
    "additionalModelRequestFields": {"top_k": 40, "seed": 3},
    "toolConfig": {"tools": [{"toolSpec": {"name": "dose", "inputSchema": {"json": {"type": "object"}}}}],
                   "toolChoice": {"auto": {}}},
    "guardrailConfig": {"guardrailIdentifier": "phi", "guardrailVersion": "1", "trace": "enabled"}})");
  ASSERT_TRUE(request.ok()) << request.error().message();
  ASSERT_EQ(request->messages.size(), 4u);
  EXPECT_EQ(request->messages[0].role, "system");
  EXPECT_EQ(request->messages[1].content, "ab");
  EXPECT_EQ(request->messages[2].tool_calls[0].arguments, R"({"drug":"x"})");
  EXPECT_EQ(request->messages[3].role, "tool");
  EXPECT_EQ(request->messages[3].content, R"(81 mg{"unit":"mg"})");
  EXPECT_EQ(request->sampling.tokens_max, 7);
  EXPECT_EQ(request->sampling.top_k, 40);
  EXPECT_EQ(request->sampling.seed, 3u);
  EXPECT_EQ(request->tools[0].name, "dose");
  EXPECT_TRUE(request->guard.trace);
}

TEST(Converse, EachRefusalNamesItsField) {
  const auto with = [](const std::string& more) {
    return R"({"messages":[{"role":"user","content":[{"text":"hi"}]}],)" + more + "}";
  };
  const std::vector<std::pair<std::string, std::string>> refusals{
      {"[]", "object"},
      {"{}", "messages"},
      {R"({"messages":[]})", "messages"},
      {R"({"messages":[{"role":"robot","content":[{"text":"x"}]}]})", "messages.0.role"},
      {R"({"messages":[{"role":"user","content":[]}]})", "messages.0.content"},
      {R"({"messages":[{"role":"user","content":[{"text":1}]}]})", "messages.0.content.0.text"},
      {R"({"messages":[{"role":"user","content":[{"text":"a","image":{}}]}]})", "exactly one"},
      {R"({"messages":[{"role":"user","content":[{"image":{}}]}]})", "not supported: image"},
      {R"({"messages":[{"role":"user","content":[{"toolUse":{"name":"x","input":{}}}]}]})",
       "only the assistant"},
      {with(R"("inferenceConfig":{"maxTokens":0})"), "max_tokens"},
      {with(R"("inferenceConfig":{"maxTokens":1e99})"), "inferenceConfig.maxTokens"},
      {with(R"("inferenceConfig":{"temperature":"x"})"), "inferenceConfig.temperature"},
      {with(R"("additionalModelRequestFields":{"penalty":1})"), "penalty"},
      {with(R"("toolConfig":{"tools":[]})"), "toolConfig.tools"},
      {with(R"("guardrailConfig":{"guardrailIdentifier":"x"})"), "guardrailConfig"},
      {with(R"("outputConfig":{"textFormat":{"type":"xml"}})"), "outputConfig"},
      {with(R"("promptVariables":{})"), "promptVariables"},
  };
  for (const auto& [body, expected] : refusals) {
    const auto request = read_converse(*parse_json(body), {});
    ASSERT_FALSE(request.ok()) << body;
    EXPECT_EQ(request.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(request.error().message(), HasSubstr(expected)) << body;
  }
}

TEST(Invoke, TheBodysMembersTellItsForm) {
  const auto llama = read_invocation(R"({"prompt":"Once","max_gen_len":9,"top_p":0.5})", "icd", {});
  ASSERT_TRUE(llama.ok()) << llama.error().message();
  EXPECT_EQ(llama->form, InvokeForm::kLlama);
  EXPECT_EQ(*llama->request.prompt, "Once");
  EXPECT_EQ(llama->request.sampling.tokens_max, 9);
  EXPECT_EQ(read_invocation(R"({"prompt":"x"})", "icd", {})->request.sampling.tokens_max, 512);
  const auto chat = read_invocation(R"({"messages":[{"role":"user","content":"x"}]})", "icd", {});
  ASSERT_TRUE(chat.ok());
  EXPECT_EQ(chat->form, InvokeForm::kOpenAi);
  EXPECT_EQ(read_invocation(R"({"inputText":"x"})", "icd", {})->form, InvokeForm::kTitan);
  EXPECT_FALSE(read_invocation(R"({"prompt":"x","magic":1})", "icd", {}).ok());
  EXPECT_FALSE(read_invocation("{", "icd", {}).ok());
}

TEST(Invoke, NamesAndVersions) {
  EXPECT_EQ(served_name("icd")->name, "icd");
  EXPECT_EQ(served_name("icd@12")->version, 12);
  const auto arn =
      served_name("arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/icd");
  EXPECT_EQ(arn->name, "icd");
  EXPECT_FALSE(served_name("icd@x").ok());
  EXPECT_FALSE(served_name("icd@").ok());
}

TEST(Converse, AnswersHaveTheOriginalShape) {
  ChatAnswer answer;
  answer.text = "Let me look.";
  answer.finish = ChatFinish::kToolCalls;
  answer.tool_calls = {{"call_1", "dose", R"({"drug":"x"})"}};
  answer.prompt_tokens = 5;
  answer.completion_tokens = 4;
  const Json body = converse_response(answer, 12);
  EXPECT_EQ(body["stopReason"], "tool_use");
  EXPECT_EQ(body["output"]["message"]["content"][0]["text"], "Let me look.");
  EXPECT_EQ(body["output"]["message"]["content"][1]["toolUse"]["input"]["drug"], "x");
  EXPECT_EQ(body["usage"]["totalTokens"], 9);
  EXPECT_EQ(body["metrics"]["latencyMs"], 12);
  std::string frames = converse_stream_end(answer, true, 12);
  std::vector<std::string> names;
  for (auto frame = take_event_frame(frames); frame.ok() && *frame;
       frame = take_event_frame(frames)) {
    names.push_back((*frame)->headers[1].second);
  }
  EXPECT_THAT(names,
              ::testing::ElementsAre("contentBlockStop", "contentBlockStart", "contentBlockDelta",
                                     "contentBlockStop", "messageStop", "metadata"));
}

TEST(ApplyGuardrail, ReadsAndFormats) {
  const auto read = read_apply_guardrail(*parse_json(
      R"({"source":"OUTPUT","content":[{"text":{"text":"héllo","qualifiers":["query"]}}]})"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->texts[0]["use"], "query");
  const Json masked = apply_guardrail_response(
      {{"action", "masked"}, {"texts", {"[NAME]"}}, {"assessment", Json::object()}}, *read);
  EXPECT_EQ(masked["action"], "GUARDRAIL_INTERVENED");
  EXPECT_EQ(masked["outputs"][0]["text"], "[NAME]");
  EXPECT_EQ(masked["guardrailCoverage"]["textCharacters"]["total"], 5);
  EXPECT_FALSE(read_apply_guardrail(*parse_json(R"({"source":"X","content":[]})")).ok());
  EXPECT_FALSE(
      read_apply_guardrail(*parse_json(R"({"source":"INPUT","content":[{"image":{}}]})")).ok());
}

}  // namespace
}  // namespace residency::serve
