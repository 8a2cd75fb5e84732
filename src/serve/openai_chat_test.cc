#include "serve/openai_chat.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace residency::serve {
namespace {

using ::testing::HasSubstr;

Result<ChatRequest> parse(const std::string& body, std::string* param = nullptr) {
  std::string where;
  auto parsed = parse_chat_request(body, {}, where);
  if (param != nullptr) *param = where;
  return parsed;
}

/// A request with one message and `more` before its closing brace.
std::string body_with(const std::string& more) {
  return R"({"model":"icd","messages":[{"role":"user","content":"hi"}])" +
         (more.empty() ? "" : "," + more) + "}";
}

TEST(OpenAiRequestTest, ReadsAllFields) {
  const auto parsed = parse(R"({
    "model":"icd","max_tokens":5,"max_completion_tokens":9,"temperature":0.5,"top_p":0.9,
    "seed":-7,"stop":["a","b"],"stream":true,"stream_options":{"include_usage":true},
    "user":"u","metadata":{},"store":false,"unheard_of":[1],"n":1,"logprobs":false,"tools":[],
    "response_format":{"type":"text"},"frequency_penalty":0,"parallel_tool_calls":true,
    "messages":[{"role":"developer","content":"be brief"},
                {"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
                {"role":"assistant","content":"c","name":"x"},{"role":"user","content":"d"}]})");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed->model, "icd");
  EXPECT_EQ(parsed->sampling.tokens_max, 9);
  EXPECT_FLOAT_EQ(parsed->sampling.temperature, 0.5f);
  EXPECT_FLOAT_EQ(parsed->sampling.top_p, 0.9f);
  EXPECT_EQ(parsed->sampling.seed, static_cast<std::uint64_t>(-7));
  EXPECT_THAT(parsed->sampling.stop, ::testing::ElementsAre("a", "b"));
  EXPECT_TRUE(parsed->stream);
  EXPECT_TRUE(parsed->stream_usage);
  ASSERT_EQ(parsed->messages.size(), 4u);
  EXPECT_EQ(parsed->messages[0].role, "system");
  EXPECT_EQ(parsed->messages[1].content, "ab");
}

TEST(OpenAiRequestTest, ANullFieldIsAMissingField) {
  const auto parsed = parse(body_with(
      R"("max_tokens":null,"temperature":null,"seed":null,"stop":null,"stream":null,"tools":null)"));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed->sampling.tokens_max, ChatLimits{}.tokens_default);
}

struct Refusal {
  std::string body;
  std::string param;
};

TEST(OpenAiRequestTest, EachRefusalNamesItsField) {
  const std::vector<Refusal> refusals{
      {"", ""},
      {"{", ""},
      {"[]", ""},
      {"\"x\"", ""},
      {"{\"model\":\"\xff\"}", ""},
      {R"({"messages":[]})", "model"},
      {R"({"model":7})", "model"},
      {R"({"model":"","messages":[{"role":"user","content":"x"}]})", "model"},
      {R"({"model":"icd"})", "messages"},
      {R"({"model":"icd","messages":[]})", "messages"},
      {R"({"model":"icd","messages":["x"]})", "messages[0]"},
      {R"({"model":"icd","messages":[{"content":"x"}]})", "messages[0].role"},
      {R"({"model":"icd","messages":[{"role":"tool","content":"x"}]})", "messages[0].role"},
      {R"({"model":"icd","messages":[{"role":"user"}]})", "messages[0].content"},
      {R"({"model":"icd","messages":[{"role":"user","content":"\u0000"}]})", "messages[0].content"},
      {R"({"model":"icd","messages":[{"role":"user","content":[{"type":"image_url"}]}]})",
       "messages[0].content[0].type"},
      {R"({"model":"icd","messages":[{"role":"user","content":[{"type":"text","text":1}]}]})",
       "messages[0].content[0].text"},
      {R"({"model":"icd","messages":[{"role":"assistant","content":"x"}]})", "messages"},
      {body_with(R"("max_tokens":0)"), "max_tokens"},
      {body_with(R"("max_tokens":4097)"), "max_tokens"},
      {body_with(R"("max_tokens":1.5)"), "max_tokens"},
      {body_with(R"("max_tokens":18446744073709551615)"), "max_tokens"},
      {body_with(R"("max_tokens":-9223372036854775808)"), "max_tokens"},
      {body_with(R"("temperature":-0.1)"), "temperature"},
      {body_with(R"("temperature":2.1)"), "temperature"},
      {body_with(R"("temperature":"hot")"), "temperature"},
      {body_with(R"("top_p":0)"), "top_p"},
      {body_with(R"("top_p":1.01)"), "top_p"},
      {body_with(R"("top_k":-1)"), "top_k"},
      {body_with(R"("seed":1.5)"), "seed"},
      {body_with(R"("stop":[1])"), "stop"},
      {body_with(R"("stop":"")"), "stop"},
      {body_with(R"("stop":["a","b","c","d","e"])"), "stop"},
      {body_with(R"("stream":"yes")"), "stream"},
      {body_with(R"("stream_options":{"include_usage":1})"), "stream_options.include_usage"},
      {body_with(R"("n":2)"), "n"},
      {body_with(R"("tools":[{}])"), "tools"},
      {body_with(R"("logprobs":true)"), "logprobs"},
      {body_with(R"("presence_penalty":0.5)"), "presence_penalty"},
      {body_with(R"("response_format":{"type":"json_object"})"), "response_format"},
  };
  for (const Refusal& refusal : refusals) {
    std::string param = "none";
    const auto parsed = parse(refusal.body, &param);
    ASSERT_FALSE(parsed.ok()) << refusal.body;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidArgument) << refusal.body;
    EXPECT_EQ(param, refusal.param) << refusal.body;
    EXPECT_EQ(parsed.error().message().rfind(param, 0), 0u) << parsed.error().message();
  }
}

TEST(OpenAiRequestTest, BoundsAreInclusive) {
  EXPECT_TRUE(parse(body_with(R"("max_tokens":1,"temperature":0,"top_p":1)")).ok());
  EXPECT_TRUE(parse(body_with(R"("max_tokens":4096,"temperature":2,"top_p":0.001)")).ok());
  EXPECT_TRUE(parse(body_with(R"("stop":["a","b","c","d"])")).ok());
}

TEST(OpenAiRequestTest, ContentIsBoundedOverAllMessages) {
  ChatLimits limits;
  limits.content_bytes_max = 10;
  std::string param;
  const auto body = [](const std::string& second) {
    return R"({"model":"m","messages":[{"role":"user","content":"12345"},
               {"role":"user","content":")" +
           second + R"("}]})";
  };
  EXPECT_TRUE(parse_chat_request(body("12345"), limits, param).ok());
  EXPECT_FALSE(parse_chat_request(body("123456"), limits, param).ok());
  EXPECT_EQ(param, "messages[1].content");
}

TEST(OpenAiRequestTest, ErrorsNeverRepeatContent) {
  for (const auto* body : {R"({"model":"icd","messages":[{"role":"Jane Roe","content":"x"}]})",
                           R"({"model":"icd","messages":"Jane Roe"})", "{\"Jane Roe"}) {
    EXPECT_THAT(parse(body).error().message(), ::testing::Not(HasSubstr("Jane")));
  }
}

const ResponseHead kHead{"chatcmpl-1", 1700000000, "icd"};

TEST(OpenAiResponseTest, AWholeAnswerHasTheOriginalShape) {
  ChatAnswer answer{"J18.9", ChatFinish::kStop, 7, 3, 1};
  const auto parsed = parse_json(format_chat_response(kHead, answer));
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ((*parsed)["object"], "chat.completion");
  EXPECT_EQ((*parsed)["choices"][0]["message"]["content"], "J18.9");
  EXPECT_EQ((*parsed)["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ((*parsed)["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ((*parsed)["usage"]["total_tokens"], 10);
  EXPECT_EQ((*parsed)["residency"]["spans_filtered"], 1);
}

TEST(OpenAiResponseTest, AStreamIsEventsThatEndWithDone) {
  ChatAnswer answer{"x", ChatFinish::kLength, 7, 3, 0};
  const std::string stream = format_stream_start(kHead) + format_stream_text(kHead, "a\n\"b") +
                             format_stream_end(kHead, answer, true);
  std::vector<std::string> events;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t end = stream.find("\n\n", at);
    ASSERT_NE(end, std::string::npos);
    const std::string line = stream.substr(at, end - at);
    ASSERT_EQ(line.rfind("data: ", 0), 0u);
    ASSERT_EQ(line.find('\n'), std::string::npos);
    events.push_back(line.substr(6));
    at = end + 2;
  }
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ((*parse_json(events[0]))["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ((*parse_json(events[1]))["choices"][0]["delta"]["content"], "a\n\"b");
  EXPECT_EQ((*parse_json(events[2]))["choices"][0]["finish_reason"], "length");
  EXPECT_TRUE((*parse_json(events[3]))["choices"].empty());
  EXPECT_EQ((*parse_json(events[3]))["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(events[4], "[DONE]");
}

TEST(OpenAiResponseTest, ErrorsNameTypeParamAndCode) {
  const auto refused = *parse_json(format_error(invalid_argument("n: must be 1"), "n"));
  EXPECT_EQ(refused["error"]["type"], "invalid_request_error");
  EXPECT_EQ(refused["error"]["param"], "n");
  EXPECT_EQ(refused["error"]["code"], "invalid_argument");
  const auto full = *parse_json(format_error(resource_exhausted("full")));
  EXPECT_EQ(full["error"]["type"], "rate_limit_error");
  EXPECT_TRUE(full["error"]["param"].is_null());
  EXPECT_EQ((*parse_json(format_error(internal_error("x"))))["error"]["type"], "server_error");
}

}  // namespace
}  // namespace residency::serve
