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

template <class Map>
Result<void> read_texts(const Json& json, Map& texts) {
  if (json.is_null()) return {};
  if (!json.is_object()) return corrupt("the crosswalk's state lacks a table");
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) return corrupt("the crosswalk's state holds something that is no text");
    texts[key] = value.template get<std::string>();
  }
  return {};
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
  const std::uint32_t number = order_.number_of(keyed(key_, kind, lookup));
  return keyed(key_, "value", std::to_string(number));
}

std::uint32_t PatientCode::number_of(std::string_view kind, std::string_view lookup) {
  const std::string digest = crypto::to_hex(keyed(key_, kind, lookup)).substr(0, 24);
  const auto [found, made] = numbers_.try_emplace(fmt::format("{} {}", kind, digest), 0);
  if (made) found->second = ++counts_[std::string(kind)];
  return found->second;
}

bool PatientCode::avoids(std::string_view name_part) const {
  return avoided_.contains(name_part) || (real() != nullptr && real()->has_word(name_part));
}

void PatientCode::remember(std::string_view output, std::string_view original) {
  if (context_ == nullptr || !context_->keep_originals || output == original || output.empty())
    return;
  originals_.try_emplace(std::string(output), original);
}

std::string_view PatientCode::hash_key() const {
  return context_ ? std::string_view(context_->hash_key) : std::string_view(key_);
}

std::string_view PatientCode::encrypt_key() const {
  return context_ ? std::string_view(context_->encrypt_key) : std::string_view(key_);
}

Crosswalk::Crosswalk(std::string secret) : secret_(std::move(secret)) {
  CrosswalkContext context;
  context.hash_key = keyed(secret_, "value hash key", "");
  context.encrypt_key = keyed(secret_, "value encryption key", "");
  set_context(std::move(context));
}

void Crosswalk::set_context(CrosswalkContext context) {
  context_ = std::make_shared<const CrosswalkContext>(std::move(context));
  for (auto& [number, code] : patients_) code.context_ = context_;
}

void Crosswalk::avoid(std::shared_ptr<const RealValues> values) {
  CrosswalkContext context = *context_;
  context.real = std::move(values);
  set_context(std::move(context));
}

void Crosswalk::keep_originals(bool keep) {
  CrosswalkContext context = *context_;
  context.keep_originals = keep;
  set_context(std::move(context));
}

int Crosswalk::latest_year() const { return context_->real ? context_->real->latest_year() : 0; }

Result<Crosswalk> Crosswalk::open(std::string secret, std::string_view state) {
  if (secret.size() != kSecretBytes)
    return invalid_argument(fmt::format("the crosswalk's secret must have {} bytes, it has: {}",
                                        kSecretBytes, secret.size()));
  Crosswalk crosswalk(std::move(secret));
  if (state.empty()) return crosswalk;
  RESIDENCY_TRY(const Json json, parse_json(state));
  RESIDENCY_TRY_VOID(crosswalk.read_state(json));
  return crosswalk;
}

Result<void> Crosswalk::read_state(const Json& json) {
  if (json_text(json, "check") != crypto::to_hex(keyed(secret_, "check", "")))
    return corrupt("the crosswalk's state was made with another secret");
  RESIDENCY_TRY_VOID(read_numbers(json_member(json, "patients"), patient_order_));
  RESIDENCY_TRY_VOID(read_numbers(json_member(json, "encounters"), encounters_));
  RESIDENCY_TRY_VOID(read_numbers(json_member(json, "resources"), resources_));
  RESIDENCY_TRY_VOID(read_texts(json_member(json, "ids"), ids_));
  const Json& codes = json_member(json, "codes");
  for (const auto& [key, number] : patient_order_) {
    PatientCode made = code(number);
    const Json& kept = json_member(codes, std::to_string(number));
    if (kept.is_object()) {
      RESIDENCY_TRY(made.order_, OrderTable::from_json(json_member(kept, "order")));
      RESIDENCY_TRY_VOID(read_numbers(json_member(kept, "numbers"), made.numbers_));
      RESIDENCY_TRY_VOID(read_numbers(json_member(kept, "counts"), made.counts_));
      RESIDENCY_TRY_VOID(read_texts(json_member(kept, "originals"), made.originals_));
    }
    patients_.emplace(number, std::move(made));
  }
  return {};
}

std::string Crosswalk::lookup(std::string_view kind, std::string_view key) const {
  return crypto::to_hex(keyed(secret_, fmt::format("lookup {}", kind), key)).substr(0, 32);
}

std::string Crosswalk::coded(std::string_view kind, std::string_view prefix,
                             std::uint64_t number) const {
  return fmt::format("{}-{}", prefix,
                     crypto::to_hex(keyed(secret_, kind, std::to_string(number))).substr(0, 16));
}

void Crosswalk::remember_id(const std::string& pseudonym, std::string_view key) {
  if (context_->keep_originals) ids_.try_emplace(pseudonym, key);
}

std::string Crosswalk::ordered(std::map<std::string, std::uint64_t>& order, std::string_view kind,
                               std::string_view prefix, std::string_view key) {
  const auto [found, made] = order.try_emplace(lookup(kind, key), order.size());
  std::string pseudonym = coded(kind, prefix, found->second);
  remember_id(pseudonym, key);
  return pseudonym;
}

PatientCode Crosswalk::code(std::uint64_t number) const {
  return PatientCode(keyed(secret_, "patient key", std::to_string(number)),
                     coded("patient", "p", number), context_);
}

PatientCode& Crosswalk::patient(std::string_view key) {
  const auto [found, made] =
      patient_order_.try_emplace(lookup("patient", key), patient_order_.size());
  PatientCode& patient = patients_.try_emplace(found->second, code(found->second)).first->second;
  remember_id(patient.pseudonym(), key);
  return patient;
}

PatientCode Crosswalk::anonymous(std::uint64_t place) const {
  CrosswalkContext context = *context_;
  context.keep_originals = false;
  return PatientCode(keyed(secret_, "record key", std::to_string(place)), "",
                     std::make_shared<const CrosswalkContext>(std::move(context)));
}

std::string Crosswalk::encounter(std::string_view key) {
  return ordered(encounters_, "encounter", "e", key);
}
std::string Crosswalk::resource(std::string_view key) {
  return ordered(resources_, "resource", "i", key);
}

std::size_t Crosswalk::originals() const {
  std::size_t count = ids_.size();
  for (const auto& [number, code] : patients_) count += code.originals_.size();
  return count;
}

const PatientCode* Crosswalk::find_pseudonym(std::string_view pseudonym) const {
  for (const auto& [number, code] : patients_) {
    if (code.pseudonym() == pseudonym) return &code;
  }
  return nullptr;
}

std::optional<std::string> Crosswalk::original_id(std::string_view pseudonym) const {
  const auto found = ids_.find(pseudonym);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::string Crosswalk::state() const {
  Json codes = Json::object();
  for (const auto& [number, code] : patients_) {
    Json kept{{"order", code.order_.to_json()},
              {"numbers", numbers_json(code.numbers_)},
              {"counts", numbers_json(code.counts_)}};
    if (!code.originals_.empty()) kept["originals"] = code.originals_;
    codes[std::to_string(number)] = std::move(kept);
  }
  Json json{{"version", 2},
            {"check", crypto::to_hex(keyed(secret_, "check", ""))},
            {"patients", patient_order_},
            {"encounters", encounters_},
            {"resources", resources_},
            {"codes", codes}};
  if (!ids_.empty()) json["ids"] = ids_;
  return dump_json(json);
}

}  // namespace residency::deid
