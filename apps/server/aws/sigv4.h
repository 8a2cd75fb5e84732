// SigV4: checks AWS Signature Version 4 of a request
// (docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/http_message.h"

namespace residency::server {

/// What "authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=..." says.
struct SigV4Authorization {
  std::string access_key_id;
  std::string date;  // YYYYMMDD
  std::string region;
  std::string service;
  std::vector<std::string> signed_headers;  // lower case, as sent
  std::string signature;                    // 64 hex digits
};

/// kUnauthenticated, saying what is wrong, for any other form. Never holds the header's text.
Result<SigV4Authorization> parse_sigv4(std::string_view authorization);

/// The canonical request of the signed headers. `payload_hash` as hex, or a fixed word.
std::string canonical_request(const HttpRequest& request, const SigV4Authorization& authorization,
                              std::string_view payload_hash);

/// The signature, 64 hex digits, of a canonical request made at `amz_date` (YYYYMMDDTHHMMSSZ).
std::string sigv4_signature(std::string_view secret, const SigV4Authorization& authorization,
                            std::string_view amz_date, std::string_view canonical);

/// How far a caller's clock may be off.
inline constexpr std::int64_t kSigV4SkewMs = 15 * 60 * 1000;

/// Whether the request was signed with `secret` for `service`, not longer ago than kSigV4SkewMs,
/// over its host, date, target and body. kUnauthenticated otherwise, in words that tell the caller
/// what to mend and nothing of the secret.
Result<void> verify_sigv4(const HttpRequest& request, const SigV4Authorization& authorization,
                          std::string_view secret, std::string_view service,
                          std::int64_t now_unix_ms);

}  // namespace residency::server
