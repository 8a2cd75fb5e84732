#include "deid/policy/element_rule.h"

#include "crypto/sha256.h"
#include "deid/transform/value_code.h"

namespace residency::deid {

Json ElementRule::to_json() const {
  Json json{{"path", path}, {"method", element_method_name(method)}};
  if (method == ElementMethod::kPolicy) json["class"] = phi_class_name(phi_class);
  if (method == ElementMethod::kSubstitute) json["replace_with"] = replace_with;
  if (method == ElementMethod::kPerturb) {
    json["span"] = span;
    json["proportional"] = proportional;
    json["round_to"] = round_to;
  }
  if (method == ElementMethod::kGeneralize) {
    Json list = Json::array();
    for (const GeneralizeCase& one : cases) list.push_back({one.condition, one.expression});
    json["cases"] = list;
    json["keep_other_values"] = keep_other_values;
  }
  return json;
}

std::string element_hash(std::string_view key, std::string_view value) {
  return value.empty() ? std::string() : crypto::to_hex(crypto::hmac_sha256(key, value));
}

namespace {

std::string sealing_key(std::string_view key) {
  return crypto::hmac_sha256(key, "residency element encryption");
}

}  // namespace

Result<std::string> element_encrypt(std::string_view key, std::string_view value) {
  if (value.empty()) return std::string();
  return seal_value(sealing_key(key), kValueLabel, value);
}

Result<std::string> element_decrypt(std::string_view key, std::string_view code) {
  if (code.empty()) return std::string();
  return open_value(sealing_key(key), kValueLabel, code);
}

int element_shift_days(std::string_view key, std::string_view scope_prefix) {
  // A polynomial of the bytes (the hash known as BKDR, factor 131), folded to -50 to 50.
  constexpr int kFactor = 131;
  constexpr int kDaysMax = 50;
  constexpr int kRange = 2 * kDaysMax + 1;
  int days = 0;
  for (const std::string_view part : {scope_prefix, key}) {
    for (const char c : part) days = (days * kFactor + static_cast<unsigned char>(c)) % kRange;
  }
  return days - kDaysMax;
}

}  // namespace residency::deid
