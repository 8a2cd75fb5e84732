#include "server/aws/comprehend_medical.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/env.h"
#include "base/json.h"
#include "deid/detect_phi.h"
#include "server/aws/cbor_text.h"
#include "server/aws/sigv4.h"
#include "server/middleware/request_id.h"

namespace residency::server {
namespace {

constexpr std::string_view kService = "comprehendmedical";
constexpr std::string_view kTarget = "ComprehendMedical_20181030";
constexpr std::string_view kCborPath = "/service/ComprehendMedical_20181030/operation/";
constexpr std::string_view kOperation = "DetectPHI";
constexpr std::size_t kBodyBytesMax = 1u << 18;
constexpr std::string_view kCounted = "comprehendmedical.DetectPHI";
constexpr std::string_view kCountedOther = "comprehendmedical.other";

enum class Protocol : std::uint8_t { kJson, kCbor };

/// An answer in the caller's protocol.
class Answer {
 public:
  Answer(Protocol protocol, std::shared_ptr<Reply> reply)
      : protocol_(protocol), reply_(std::move(reply)) {}

  void give(const Json& body) const { send(200, body); }

  void refuse(int status, std::string_view type, const std::string& message) const {
    const std::string name = protocol_ == Protocol::kCbor
                                 ? "com.amazonaws.comprehendmedical#" + std::string(type)
                                 : std::string(type);
    send(status, {{"__type", name}, {"message", message}, {"Message", message}});
  }

 private:
  void send(int status, const Json& body) const {
    HttpResponse response;
    response.status = status;
    response.headers.emplace_back("x-amzn-requestid", make_request_id());
    if (protocol_ == Protocol::kCbor) {
      response.content_type = "application/cbor";
      response.headers.emplace_back("smithy-protocol", "rpc-v2-cbor");
      const std::vector<std::uint8_t> bytes = Json::to_cbor(body);
      response.body.assign(bytes.begin(), bytes.end());
    } else {
      response.content_type = "application/x-amz-json-1.1";
      response.body = dump_json(body);
    }
    reply_->send(std::move(response));
  }

  Protocol protocol_;
  std::shared_ptr<Reply> reply_;
};

std::string_view operation_of(const HttpRequest& request) {
  const std::string_view target = request.header("x-amz-target");
  if (!target.empty()) return target.substr(target.rfind('.') + 1);
  return std::string_view(request.path).substr(kCborPath.size());
}

/// The member Text of a request's body.
Result<std::string> text_of(const HttpRequest& request, Protocol protocol) {
  if (request.body.size() > kBodyBytesMax)
    return std::string(ComprehendMedical::kTextBytesMax + 1, ' ');
  if (protocol == Protocol::kCbor) {
    RESIDENCY_TRY(auto members, read_cbor_texts(request.body));
    return std::move(members["Text"]);
  }
  RESIDENCY_TRY(const Json body, parse_json(request.body));
  const Json& text = json_member(body, "Text");
  if (!text.is_string()) return std::string();
  return text.get<std::string>();
}

Json entities_json(const std::vector<deid::PhiEntity>& entities) {
  Json list = Json::array();
  for (std::size_t i = 0; i < entities.size(); ++i) {
    const deid::PhiEntity& entity = entities[i];
    list.push_back({{"Id", i},
                    {"BeginOffset", entity.begin},
                    {"EndOffset", entity.end},
                    {"Score", entity.score},
                    {"Text", entity.text},
                    {"Category", "PROTECTED_HEALTH_INFORMATION"},
                    {"Type", entity.type},
                    {"Traits", Json::array()}});
  }
  return {{"Entities", std::move(list)}, {"ModelVersion", std::string(deid::kDetectorVersion)}};
}

}  // namespace

bool is_comprehend_medical(const HttpRequest& request) {
  if (request.method != "POST") return false;
  if (request.path.starts_with(kCborPath)) return true;
  // boto3 and the JavaScript client put different words before the service's.
  const std::string_view target = request.header("x-amz-target");
  const std::size_t dot = target.rfind('.');
  return request.path == "/" && dot != std::string_view::npos &&
         target.substr(0, dot).ends_with(kTarget);
}

ComprehendMedical::ComprehendMedical(std::shared_ptr<const deid::Detector> detector,
                                     AccessKeys keys, std::size_t threads, std::size_t waiting_max)
    : detector_(std::move(detector)),
      keys_(std::move(keys)),
      waiting_max_(waiting_max),
      threads_(threads) {}

ComprehendMedical::~ComprehendMedical() { threads_.join(); }

std::string_view ComprehendMedical::handle(const HttpRequest& request,
                                           std::shared_ptr<Reply> reply) {
  const Protocol protocol =
      request.header("x-amz-target").empty() ? Protocol::kCbor : Protocol::kJson;
  Answer answer(protocol, reply);
  const std::string_view counted = operation_of(request) == kOperation ? kCounted : kCountedOther;
  if (request.header("authorization").empty()) {
    answer.refuse(403, "MissingAuthenticationTokenException", "the request is not signed");
    return counted;
  }
  const auto authorization = parse_sigv4(request.header("authorization"));
  if (!authorization.ok()) {
    answer.refuse(403, "IncompleteSignatureException", authorization.error().message());
    return counted;
  }
  const AccessKey* key = keys_.find(authorization->access_key_id);
  if (key == nullptr) {
    answer.refuse(403, "UnrecognizedClientException",
                  "The security token included in the request is invalid.");
    return counted;
  }
  const auto verified =
      verify_sigv4(request, *authorization, key->secret, kService, Env::posix().now_unix_ms());
  if (!verified.ok()) {
    answer.refuse(403, "InvalidSignatureException", verified.error().message());
    return counted;
  }
  if (counted != kCounted) {
    answer.refuse(400, "UnknownOperationException",
                  "of Comprehend Medical's operations only DetectPHI is served here");
    return counted;
  }
  auto text = text_of(request, protocol);
  if (!text.ok()) {
    answer.refuse(400, "SerializationException", text.error().message());
  } else if (text->empty()) {
    answer.refuse(400, "InvalidRequestException", "Text: 1 to 20000 bytes of UTF-8 are needed");
  } else if (text->size() > kTextBytesMax) {
    answer.refuse(400, "TextSizeLimitExceededException",
                  "Text: longer than 20000 bytes of UTF-8; split it");
  } else if (waiting_.fetch_add(1) >= waiting_max_) {
    --waiting_;
    answer.refuse(429, "TooManyRequestsException", "too many texts wait; try again");
  } else {
    boost::asio::post(threads_, [this, answer, gone = reply->gone(), text = *std::move(text)] {
      --waiting_;
      if (gone.stop_requested()) return;
      const auto found = deid::detect_phi(*detector_, text);
      if (found.ok()) return answer.give(entities_json(*found));
      if (found.error().code() == ErrorCode::kInvalidInput)
        return answer.refuse(400, "InvalidEncodingException", "Text: not UTF-8");
      answer.refuse(500, "InternalServerException", "the text could not be looked at");
    });
  }
  return counted;
}

}  // namespace residency::server
