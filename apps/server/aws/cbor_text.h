// CborText: the little of CBOR (RFC 8949) that requests of rpc-v2-cbor are made of.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace residency::server {

/// The text members of the map that `bytes` is; members of other types are read past. Strings and
/// maps of definite and indefinite length. kInvalidInput for anything that is cut short, nested
/// more than 16 deep, no map, a key twice, or followed by more.
Result<std::map<std::string, std::string>> read_cbor_texts(std::string_view bytes);

}  // namespace residency::server
