// The route table, and the way of a request through the middleware to its route.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "server/http_message.h"
#include "server/reply.h"
#include "server/server_state.h"

namespace residency::server {

/// Handles one request of a caller ("" on open routes); answers through `reply`, now or later.
using RouteHandler = void (*)(const HttpRequest& request, const std::string& caller,
                              ServerState& state, std::shared_ptr<Reply> reply);

struct Route {
  std::string_view method;
  std::string_view path;
  bool open;  // answers without a key
  RouteHandler handler;
};

/// Sends the request where it belongs, or refuses it (404, 405, 401, 403). Returns the name to
/// count it by: the route's path, or "other".
std::string_view dispatch(const HttpRequest& request, ServerState& state,
                          std::shared_ptr<Reply> reply);

}  // namespace residency::server
