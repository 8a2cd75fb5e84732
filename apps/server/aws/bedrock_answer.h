// How Bedrock Runtime's operations answer: whole, as frames of an event stream, or with an error.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "serve/bedrock.h"
#include "serve/endpoint.h"
#include "server/reply.h"

namespace residency::server {

/// The response of an error in that API's form.
HttpResponse bedrock_refusal(const Error& error, std::string_view type = "", bool timeout = false,
                             std::int64_t retry_after_s = 0);
HttpResponse bedrock_json(const Json& body);

enum class BedrockForm : std::uint8_t { kConverse, kLlama, kOpenAi };

/// Takes one answer in the form of an operation. It must not hold the endpoint.
class BedrockAnswer final : public serve::ChatObserver {
 public:
  BedrockAnswer(std::shared_ptr<Reply> reply, BedrockForm form, bool stream, std::string model,
                bool chat);

  bool on_text(std::string_view text) override;
  void on_done(Result<serve::ChatAnswer> outcome) override;

 private:
  void begin();
  std::string text_frame(std::string_view text) const;
  std::string end_frames(const serve::ChatAnswer& answer);
  HttpResponse whole(const serve::ChatAnswer& answer) const;
  std::int64_t passed_ms() const;

  const std::shared_ptr<Reply> reply_;
  const BedrockForm form_;
  const bool stream_;
  const std::string model_;
  const bool chat_;
  const std::chrono::steady_clock::time_point started_;
  std::optional<std::int64_t> first_text_ms_;
  bool begun_ = false;
};

}  // namespace residency::server
