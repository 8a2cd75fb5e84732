#include "server/aws/sigv4.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "crypto/sha256.h"

namespace residency::server {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kHeaderBytesMax = 4096;
constexpr std::size_t kSignedHeadersMax = 64;
constexpr std::size_t kDateBytes = 16;  // YYYYMMDDTHHMMSSZ

Error refused(std::string_view why) { return Error(ErrorCode::kUnauthenticated, std::string(why)); }

bool all_of(std::string_view text, bool (*fits)(char)) {
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_id(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}
bool is_scope(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; }
bool is_header(char c) { return is_scope(c) || c == '_' || c == '.' || c == ':'; }

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(by);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Trimmed, with inner runs of spaces as one.
std::string folded(std::string_view value) {
  std::string out;
  for (const char c : trimmed(value)) {
    if (c != ' ' || out.empty() || out.back() != ' ') out += c;
  }
  return out;
}

/// Every byte but the unreserved ones of RFC 3986 and '/', percent-encoded.
std::string encoded_path(std::string_view path) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const bool plain = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || c == '/';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out.empty() ? "/" : out;
}

std::string canonical_query(std::string_view query) {
  if (query.empty()) return "";
  std::vector<std::string> pairs;
  for (const std::string_view pair : split(query, '&')) {
    if (pair.empty()) continue;
    pairs.push_back(std::string(pair) + (pair.find('=') == std::string_view::npos ? "=" : ""));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const std::string& pair : pairs) out += (out.empty() ? "" : "&") + pair;
  return out;
}

/// Milliseconds since 1970 of YYYYMMDDTHHMMSSZ; -1 where it is none.
std::int64_t unix_ms_of(std::string_view date) {
  if (date.size() != kDateBytes || date[8] != 'T' || date[15] != 'Z') return -1;
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
      if (!is_digit(date[i])) return -1;
      value = value * 10 + (date[i] - '0');
    }
    return value;
  };
  std::tm time{};
  const std::array<int, 6> parts{number(0, 4), number(4, 2),  number(6, 2),
                                 number(9, 2), number(11, 2), number(13, 2)};
  if (std::any_of(parts.begin(), parts.end(), [](int part) { return part < 0; })) return -1;
  if (parts[1] < 1 || parts[1] > 12 || parts[2] < 1 || parts[2] > 31 || parts[3] > 23 ||
      parts[4] > 59 || parts[5] > 60)
    return -1;
  time.tm_year = parts[0] - 1900;
  time.tm_mon = parts[1] - 1;
  time.tm_mday = parts[2];
  time.tm_hour = parts[3];
  time.tm_min = parts[4];
  time.tm_sec = parts[5];
  return static_cast<std::int64_t>(::timegm(&time)) * 1000;
}

bool signs(const SigV4Authorization& authorization, std::string_view header) {
  return std::find(authorization.signed_headers.begin(), authorization.signed_headers.end(),
                   header) != authorization.signed_headers.end();
}

std::string scope_of(const SigV4Authorization& authorization) {
  return authorization.date + "/" + authorization.region + "/" + authorization.service +
         "/aws4_request";
}

/// Every value that the header was sent with, joined by commas.
std::string header_values(const HttpRequest& request, std::string_view name) {
  std::string joined;
  bool any = false;
  for (const auto& [key, value] : request.headers) {
    if (key != name) continue;
    joined += (any ? "," : "") + folded(value);
    any = true;
  }
  return joined;
}

}  // namespace

Result<SigV4Authorization> parse_sigv4(std::string_view authorization) {
  if (authorization.size() > kHeaderBytesMax)
    return refused("the authorization header is too long");
  if (authorization.substr(0, kAlgorithm.size()) != kAlgorithm)
    return refused("sign the request with AWS Signature Version 4 (AWS4-HMAC-SHA256)");
  SigV4Authorization parsed;
  bool credential = false;
  for (std::string_view part : split(authorization.substr(kAlgorithm.size()), ',')) {
    part = trimmed(part);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return refused("authorization: an entry without '='");
    const std::string_view key = part.substr(0, equals);
    const std::string_view value = part.substr(equals + 1);
    if (key == "Credential") {
      const auto scope = split(value, '/');
      if (scope.size() != 5 || !all_of(scope[0], is_id) || scope[1].size() != 8 ||
          !all_of(scope[1], is_digit) || !all_of(scope[2], is_scope) ||
          !all_of(scope[3], is_scope) || scope[4] != "aws4_request")
        return refused("authorization: Credential must be ID/DATE/REGION/SERVICE/aws4_request");
      parsed.access_key_id = scope[0];
      parsed.date = scope[1];
      parsed.region = scope[2];
      parsed.service = scope[3];
      credential = true;
    } else if (key == "SignedHeaders") {
      for (const std::string_view name : split(value, ';')) {
        if (!all_of(name, is_header)) return refused("authorization: SignedHeaders is no list");
        parsed.signed_headers.emplace_back(name);
      }
    } else if (key == "Signature") {
      if (value.size() != 64 || !all_of(value, is_hex))
        return refused("authorization: Signature must be 64 hex digits");
      parsed.signature = value;
    } else {
      return refused("authorization: an entry that is not known");
    }
  }
  if (!credential || parsed.signed_headers.empty() || parsed.signature.empty())
    return refused("authorization: Credential, SignedHeaders and Signature are needed");
  if (parsed.signed_headers.size() > kSignedHeadersMax)
    return refused("authorization: too many signed headers");
  return parsed;
}

std::string canonical_request(const HttpRequest& request, const SigV4Authorization& authorization,
                              std::string_view payload_hash) {
  std::string text = request.method + "\n" + encoded_path(request.path) + "\n" +
                     canonical_query(request.query) + "\n";
  std::string names;
  for (const std::string& name : authorization.signed_headers) {
    text += name + ":" + header_values(request, name) + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  return text + "\n" + names + "\n" + std::string(payload_hash);
}

std::string sigv4_signature(std::string_view secret, const SigV4Authorization& authorization,
                            std::string_view amz_date, std::string_view canonical) {
  const std::string to_sign = std::string(kAlgorithm) + "\n" + std::string(amz_date) + "\n" +
                              scope_of(authorization) + "\n" + crypto::sha256_hex(canonical);
  std::string key = crypto::hmac_sha256("AWS4" + std::string(secret), authorization.date);
  key = crypto::hmac_sha256(key, authorization.region);
  key = crypto::hmac_sha256(key, authorization.service);
  key = crypto::hmac_sha256(key, "aws4_request");
  return crypto::to_hex(crypto::hmac_sha256(key, to_sign));
}

Result<void> verify_sigv4(const HttpRequest& request, const SigV4Authorization& authorization,
                          std::string_view secret, std::string_view service,
                          std::int64_t now_unix_ms) {
  if (authorization.service != service)
    return refused("the credential's scope names another service: " + authorization.service);
  const std::string amz_date(request.header("x-amz-date"));
  const std::int64_t signed_ms = unix_ms_of(amz_date);
  if (signed_ms < 0) return refused("send x-amz-date as YYYYMMDDTHHMMSSZ");
  if (amz_date.substr(0, 8) != authorization.date)
    return refused("the credential's date is not that of x-amz-date");
  if (std::abs(now_unix_ms - signed_ms) > kSigV4SkewMs)
    return refused("Signature expired: the request's time is more than 15 minutes off");
  // Over HTTP/2 clients sign the pseudo-header in the host's place.
  const bool names_host = signs(authorization, "host") || signs(authorization, ":authority");
  if (!names_host || !signs(authorization, "x-amz-date"))
    return refused("host and x-amz-date must be signed");
  if (!request.header("x-amz-target").empty() && !signs(authorization, "x-amz-target"))
    return refused("x-amz-target must be signed");
  const std::string hash = crypto::sha256_hex(request.body);
  const std::string_view told = request.header("x-amz-content-sha256");
  if (!told.empty() && told != hash)
    return refused("x-amz-content-sha256 is not the SHA-256 of the body");
  const std::string expected = sigv4_signature(secret, authorization, amz_date,
                                               canonical_request(request, authorization, hash));
  if (!crypto::equal_in_constant_time(expected, authorization.signature))
    return refused(
        "The request signature we calculated does not match the signature you provided. Check your "
        "secret access key and signing method.");
  return {};
}

}  // namespace residency::server
