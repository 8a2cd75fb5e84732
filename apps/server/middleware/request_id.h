// Request ids: the client's own where it is safe to repeat and log, a random one otherwise.
#pragma once

#include <string>
#include <string_view>

namespace residency::server {

/// 24 random hex digits.
std::string make_request_id();

/// `wanted` where it is 1 to 64 of [A-Za-z0-9._-], else a new one.
std::string accept_request_id(std::string_view wanted);

}  // namespace residency::server
