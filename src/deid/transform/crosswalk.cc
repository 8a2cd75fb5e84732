#include "deid/transform/crosswalk.h"

#include <fmt/format.h>

namespace residency::deid {
namespace {

constexpr std::size_t kSecretBytes = 32;

std::string keyed(std::string_view key, std::string_view kind, std::string_view value) {
  return crypto::hmac_sha256(key, fmt::format("{}\n{}", kind, value));
}

Json numbers_json(const std::map<std::string, std::uint32_t>& numbers) {
  Json json = Json::object();
  for (const auto& [key, number] : numbers) json[key] = number;
  return json;
}

template <class Number>
Result<void> read_numbers(const Json& json, std::map<std::string, Number>& numbers) {
  if (!json.is_object()) return corrupt("the crosswalk's state lacks a table");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_number_unsigned())
      return corrupt("the crosswalk's state holds something that is no number");
    numbers[key] = value.template get<Number>();
  }
  return {};
}

}  // namespace

int PatientCode::offset_days() const {
  const std::string bytes = keyed(key_, "offset", "");
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  const int days = 1 + static_cast<int>(number % 365);
  return (static_cast<unsigned char>(bytes[8]) & 1) != 0 ? days : -days;
}

std::string PatientCode::stream_of(std::string_view kind, std::string_view lookup) {
  const std::string digest = crypto::to_hex(keyed(key_, kind, lookup)).substr(0, 24);
  const auto [found, made] = order_.try_emplace(digest, static_cast<std::uint32_t>(order_.size()));
  return keyed(key_, "value", std::to_string(found->second));
}

std::uint32_t PatientCode::number_of(std::string_view kind, std::string_view lookup) {
  const std::string digest = crypto::to_hex(keyed(key_, kind, lookup)).substr(0, 24);
  const auto [found, made] = numbers_.try_emplace(fmt::format("{} {}", kind, digest), 0);
  if (made) found->second = ++counts_[std::string(kind)];
  return found->second;
}

Result<Crosswalk> Crosswalk::open(std::string secret, std::string_view state) {
  if (secret.size() != kSecretBytes)
    return invalid_argument(fmt::format("the crosswalk's secret must have {} bytes, it has: {}",
                                        kSecretBytes, secret.size()));
  Crosswalk crosswalk(std::move(secret));
  if (state.empty()) return crosswalk;
  RESIDENCY_TRY(const Json json, parse_json(state));
  if (json_text(json, "check") != crypto::to_hex(keyed(crosswalk.secret_, "check", "")))
    return corrupt("the crosswalk's state was made with another secret");
  RESIDENCY_TRY_VOID(read_numbers(json_member(json, "patients"), crosswalk.patient_order_));
  RESIDENCY_TRY_VOID(read_numbers(json_member(json, "encounters"), crosswalk.encounters_));
  RESIDENCY_TRY_VOID(read_numbers(json_member(json, "resources"), crosswalk.resources_));
  const Json& codes = json_member(json, "codes");
  for (const auto& [key, number] : crosswalk.patient_order_) {
    PatientCode code = crosswalk.code(number);
    const Json& kept = json_member(codes, std::to_string(number));
    if (kept.is_object()) {
      RESIDENCY_TRY_VOID(read_numbers(json_member(kept, "order"), code.order_));
      RESIDENCY_TRY_VOID(read_numbers(json_member(kept, "numbers"), code.numbers_));
      RESIDENCY_TRY_VOID(read_numbers(json_member(kept, "counts"), code.counts_));
    }
    crosswalk.patients_.emplace(number, std::move(code));
  }
  return crosswalk;
}

std::string Crosswalk::lookup(std::string_view kind, std::string_view key) const {
  return crypto::to_hex(keyed(secret_, fmt::format("lookup {}", kind), key)).substr(0, 32);
}

std::string Crosswalk::coded(std::string_view kind, std::string_view prefix,
                             std::uint64_t number) const {
  return fmt::format("{}-{}", prefix,
                     crypto::to_hex(keyed(secret_, kind, std::to_string(number))).substr(0, 16));
}

std::string Crosswalk::ordered(std::map<std::string, std::uint64_t>& order, std::string_view kind,
                               std::string_view prefix, std::string_view key) {
  const auto [found, made] = order.try_emplace(lookup(kind, key), order.size());
  return coded(kind, prefix, found->second);
}

PatientCode Crosswalk::code(std::uint64_t number) const {
  return PatientCode(keyed(secret_, "patient key", std::to_string(number)),
                     coded("patient", "p", number));
}

PatientCode& Crosswalk::patient(std::string_view key) {
  const auto [found, made] =
      patient_order_.try_emplace(lookup("patient", key), patient_order_.size());
  return patients_.try_emplace(found->second, code(found->second)).first->second;
}

PatientCode Crosswalk::anonymous(std::string_view record_id) const {
  return PatientCode(keyed(secret_, "record key", record_id), "");
}

std::string Crosswalk::encounter(std::string_view key) {
  return ordered(encounters_, "encounter", "e", key);
}
std::string Crosswalk::resource(std::string_view key) {
  return ordered(resources_, "resource", "i", key);
}

std::string Crosswalk::state() const {
  Json codes = Json::object();
  for (const auto& [number, code] : patients_) {
    codes[std::to_string(number)] = {{"order", numbers_json(code.order_)},
                                     {"numbers", numbers_json(code.numbers_)},
                                     {"counts", numbers_json(code.counts_)}};
  }
  return dump_json({{"version", 1},
                    {"check", crypto::to_hex(keyed(secret_, "check", ""))},
                    {"patients", patient_order_},
                    {"encounters", encounters_},
                    {"resources", resources_},
                    {"codes", codes}});
}

}  // namespace residency::deid
