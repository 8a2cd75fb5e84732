// ComprehendMedical: Amazon Comprehend Medical's DetectPHI, answered by our own detector.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string_view>

#include "deid/detect/detector.h"
#include "server/aws/access_keys.h"
#include "server/http_message.h"
#include "server/reply.h"

namespace residency::server {

/// Whether a request is for that API, in awsJson1.1 (x-amz-target) or rpc-v2-cbor (its path).
bool is_comprehend_medical(const HttpRequest& request);

/// Texts are looked at on threads of its own; as many as `waiting_max` may wait, more are told
/// TooManyRequestsException. Texts never reach a log or a counter.
class ComprehendMedical {
 public:
  /// The longest text, in bytes of UTF-8, that the API takes.
  static constexpr std::size_t kTextBytesMax = 20'000;

  ComprehendMedical(std::shared_ptr<const deid::Detector> detector, AccessKeys keys,
                    std::size_t threads, std::size_t waiting_max = 256);
  ~ComprehendMedical();
  ComprehendMedical(const ComprehendMedical&) = delete;
  ComprehendMedical& operator=(const ComprehendMedical&) = delete;

  /// Answers now or later. Returns the name to count the request by.
  std::string_view handle(const HttpRequest& request, std::shared_ptr<Reply> reply);

 private:
  const std::shared_ptr<const deid::Detector> detector_;
  const AccessKeys keys_;
  const std::size_t waiting_max_;
  std::atomic<std::size_t> waiting_{0};
  boost::asio::thread_pool threads_;
};

}  // namespace residency::server
