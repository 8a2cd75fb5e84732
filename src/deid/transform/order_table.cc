#include "deid/transform/order_table.h"

#include <algorithm>

#include "crypto/sha256.h"

namespace residency::deid {

std::uint32_t OrderTable::number_of(std::string_view digest) {
  Digest key{};
  std::copy_n(digest.begin(), std::min(digest.size(), kDigestBytes), key.begin());
  const auto at = std::lower_bound(
      entries_.begin(), entries_.end(), key,
      [](const auto& entry, const Digest& wanted) { return entry.first < wanted; });
  if (at != entries_.end() && at->first == key) return at->second;
  const auto number = static_cast<std::uint32_t>(entries_.size());
  entries_.insert(at, {key, number});
  return number;
}

Json OrderTable::to_json() const {
  Json json = Json::object();
  for (const auto& [digest, number] : entries_)
    json[crypto::to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()})] = number;
  return json;
}

Result<OrderTable> OrderTable::from_json(const Json& json) {
  if (!json.is_object()) return corrupt("the crosswalk's state lacks a table");
  OrderTable table;
  for (const auto& [key, value] : json.items()) {
    const auto bytes = crypto::from_hex(key);
    if (!bytes.ok() || bytes->size() != kDigestBytes || !value.is_number_unsigned())
      return corrupt("the crosswalk's state holds something that is no number");
    Digest digest{};
    std::copy(bytes->begin(), bytes->end(), digest.begin());
    table.entries_.emplace_back(digest, value.get<std::uint32_t>());
  }
  std::sort(table.entries_.begin(), table.entries_.end());
  return table;
}

}  // namespace residency::deid
