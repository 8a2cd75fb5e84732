#include "audit/event_line.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/json.h"
#include "crypto/sha256.h"

namespace residency::audit {
namespace {

constexpr std::size_t kWordBytesMax = 64;
constexpr std::size_t kIdBytesMax = 160;
constexpr std::size_t kObjectsMax = 64;
constexpr std::size_t kCountsMax = 64;

bool is_word(std::string_view text) {
  return text.size() <= kWordBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
         });
}

bool is_id(std::string_view text) {
  return text.size() <= kIdBytesMax && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '.' || c == ':' || c == '-';
         });
}

}  // namespace

Result<void> validate(const Event& event) {
  if (event.type.empty() || !is_word(event.type))
    return invalid_argument("audit event: bad field: type");
  if (!is_word(event.phase)) return invalid_argument("audit event: bad field: phase");
  if (!is_word(event.outcome)) return invalid_argument("audit event: bad field: outcome");
  if (!is_word(event.reason_code)) return invalid_argument("audit event: bad field: reason_code");
  if (event.actor.empty() || !is_id(event.actor))
    return invalid_argument("audit event: bad field: actor");
  if (event.objects.size() > kObjectsMax ||
      !std::all_of(event.objects.begin(), event.objects.end(), is_id)) {
    return invalid_argument("audit event: bad field: objects");
  }
  const bool counts_hold = event.counts.size() <= kCountsMax &&
                           std::all_of(event.counts.begin(), event.counts.end(),
                                       [](const auto& count) { return is_id(count.first); });
  if (!counts_hold) return invalid_argument("audit event: bad field: counts");
  return {};
}

std::string encode_line(const Event& event, const LineLinks& links, const std::string& time,
                        std::string_view key) {
  Json line{{"v", 1},
            {"seq", links.seq},
            {"ts", time},
            {"type", event.type},
            {"phase", event.phase},
            {"outcome", event.outcome},
            {"actor", event.actor},
            {"objects", event.objects},
            {"counts", event.counts},
            {"reason_code", event.reason_code},
            {"prev", links.prev}};
  line["code"] = crypto::to_hex(crypto::hmac_sha256(key, dump_json(line)));
  return dump_json(line);
}

Result<LineLinks> check_line(std::string_view line, std::string_view key) {
  RESIDENCY_TRY(Json parsed, parse_json(line));
  if (!parsed.is_object() || dump_json(parsed) != line)
    return corrupt("audit line is not canonical");
  const std::string code = json_text(parsed, "code");
  LineLinks links{static_cast<std::uint64_t>(json_integer(parsed, "seq")),
                  json_text(parsed, "prev")};
  parsed.erase("code");
  const std::string expected = crypto::to_hex(crypto::hmac_sha256(key, dump_json(parsed)));
  if (!crypto::equal_in_constant_time(code, expected))
    return corrupt("audit line does not have its code");
  return links;
}

}  // namespace residency::audit
