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
      {R"({"model":"icd","messages":[{"role":"robot","content":"x"}]})", "messages[0].role"},
      {R"({"model":"icd","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":"{"}}]},{"role":"user","content":"x"}]})",
       "messages[0].tool_calls[0].function.arguments"},
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
      {body_with(R"("tools":[{}])"), "tools[0].type"},
      {body_with(R"("tools":[{"type":"function","function":{"name":"a b"}}])"),
       "tools[0].function.name"},
      {body_with(R"("tools":{})"), "tools"},
      {body_with(R"("tool_choice":"required")"), "tool_choice"},
      {body_with(R"("tool_choice":{"type":"function","function":{"name":"f"}})"), "tool_choice"},
      {body_with(R"("logprobs":3)"), "logprobs"},
      {body_with(R"("logprobs":true,"top_logprobs":21)"), "top_logprobs"},
      {body_with(R"("top_logprobs":2)"), "top_logprobs"},
      {body_with(R"("presence_penalty":0.5)"), "presence_penalty"},
      {body_with(R"("response_format":{"type":"xml"})"), "response_format.type"},
      {body_with(R"("response_format":{"type":"json_schema"})"),
       "response_format.json_schema.schema"},
      {body_with(R"("response_format":{"type":"json_object"},"grammar":"root ::= \"a\"")"),
       "response_format"},
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

TEST(OpenAiRequestTest, ReadsToolsFormatsAndLogprobs) {
  const auto tools = parse(body_with(
      R"("tools":[{"type":"function","function":{"name":"dose","description":"d"}}],"tool_choice":{"type":"function","function":{"name":"dose"}},"logprobs":true,"top_logprobs":4)"));
  ASSERT_TRUE(tools.ok()) << tools.error().message();
  ASSERT_EQ(tools->tools.size(), 1u);
  EXPECT_EQ(tools->tool_use, ToolUse::kRequired);
  EXPECT_EQ(tools->tool_named, "dose");
  EXPECT_EQ(tools->top_logprobs, 4);
  const auto schema = parse(body_with(
      R"("response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object"}}})"));
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ((*schema->schema)["type"], "object");
}

TEST(OpenAiRequestTest, CompletionsAndEmbeddings) {
  std::string param;
  const auto completion = read_completion_request(
      *parse_json(R"({"model":"icd","prompt":"Once","logprobs":2,"stop":"\n"})"), {}, param);
  ASSERT_TRUE(completion.ok()) << completion.error().message();
  EXPECT_EQ(*completion->prompt, "Once");
  EXPECT_EQ(completion->sampling.tokens_max, 16);
  EXPECT_EQ(completion->top_logprobs, 2);
  EXPECT_FALSE(
      read_completion_request(*parse_json(R"({"model":"icd","prompt":["a","b"]})"), {}, param)
          .ok());
  EXPECT_EQ(param, "prompt");
  const auto embedding = read_embedding_request(
      *parse_json(R"({"model":"icd","input":["a","b"],"encoding_format":"base64"})"), param);
  ASSERT_TRUE(embedding.ok());
  EXPECT_EQ(embedding->texts.size(), 2u);
  const auto formatted = *parse_json(
      format_embeddings(*embedding, {{"vectors", {{1.0f, -2.0f}, {0.5f, 0.0f}}}, {"tokens", 5}}));
  EXPECT_EQ(formatted["data"][0]["embedding"], "AACAPwAAAMA=");
  EXPECT_EQ(formatted["usage"]["total_tokens"], 5);
  for (const char* wrong :
       {R"({"model":"icd"})", R"({"model":"icd","input":[]})", R"({"model":"icd","input":[1]})"}) {
    EXPECT_FALSE(read_embedding_request(*parse_json(wrong), param).ok());
    EXPECT_EQ(param, "input");
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

ChatAnswer answer_of(const std::string& text, ChatFinish finish) {
  ChatAnswer answer;
  answer.text = text;
  answer.finish = finish;
  answer.prompt_tokens = 7;
  answer.completion_tokens = 3;
  return answer;
}

TEST(OpenAiResponseTest, ToolCallsAreInTheAnswerAndInTheStream) {
  ChatAnswer answer = answer_of("", ChatFinish::kToolCalls);
  answer.tool_calls = {{"call_1", "dose", R"({"drug":"a"})"}};
  const auto whole = *parse_json(format_chat_response(kHead, answer));
  EXPECT_TRUE(whole["choices"][0]["message"]["content"].is_null());
  EXPECT_EQ(whole["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "dose");
  EXPECT_EQ(whole["choices"][0]["finish_reason"], "tool_calls");
  const std::string stream = format_stream_end(kHead, answer, false);
  const auto first = *parse_json(stream.substr(6, stream.find("\n\n") - 6));
  EXPECT_EQ(first["choices"][0]["delta"]["tool_calls"][0]["index"], 0);
  EXPECT_EQ(first["choices"][0]["delta"]["tool_calls"][0]["id"], "call_1");
}

TEST(OpenAiResponseTest, LogprobsHaveTheFormOfTheirRoute) {
  ChatAnswer answer = answer_of("ab", ChatFinish::kStop);
  answer.logprobs = {{"a", -0.25, {{"a", -0.25}, {"x", -2}}}, {"b", -1, {}}};
  const auto chat = *parse_json(format_chat_response(kHead, answer));
  EXPECT_EQ(chat["choices"][0]["logprobs"]["content"][0]["top_logprobs"][1]["token"], "x");
  ResponseHead head = kHead;
  head.chat = false;
  const auto plain = *parse_json(format_chat_response(head, answer));
  EXPECT_EQ(plain["object"], "text_completion");
  EXPECT_EQ(plain["choices"][0]["text"], "ab");
  EXPECT_EQ(plain["choices"][0]["logprobs"]["token_logprobs"][0], -0.25);
  EXPECT_EQ(plain["choices"][0]["logprobs"]["text_offset"][1], 1);
}

TEST(OpenAiResponseTest, AWholeAnswerHasTheOriginalShape) {
  ChatAnswer answer = answer_of("J18.9", ChatFinish::kStop);
  answer.spans_filtered = 1;
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
  const ChatAnswer answer = answer_of("x", ChatFinish::kLength);
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
