// OrderTable: in which order values were first seen, by their keyed digests, 16 bytes each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace residency::deid {

class OrderTable {
 public:
  static constexpr std::size_t kDigestBytes = 12;

  /// The number of a value whose digest begins with `digest`'s first kDigestBytes: the one it was
  /// given, or the next from 0.
  std::uint32_t number_of(std::string_view digest);
  std::size_t size() const { return entries_.size(); }

  /// {hex digest: number}, by digest.
  Json to_json() const;
  static Result<OrderTable> from_json(const Json& json);

 private:
  using Digest = std::array<unsigned char, kDigestBytes>;
  std::vector<std::pair<Digest, std::uint32_t>> entries_;  // by digest
};

}  // namespace residency::deid
