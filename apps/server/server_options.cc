#include "server/server.h"

namespace residency::server {

Result<ServerOptions> ServerOptions::from_config(const ConfigNode& node) {
  constexpr std::int64_t kHourMs = 3'600'000;
  ConfigReader reader(node, "server.");
  ServerOptions options;
  const auto integer = [&](std::string_view key, auto& into, std::int64_t minimum,
                           std::int64_t maximum) {
    using Value = std::decay_t<decltype(into)>;
    into =
        static_cast<Value>(reader.integer(key, static_cast<std::int64_t>(into), minimum, maximum));
  };
  options.address = reader.text("address", options.address);
  options.api_keys_file = reader.text("api_keys_file", options.api_keys_file);
  integer("port", options.port, 0, 65'535);
  integer("body_bytes_max", options.body_bytes_max, 1 << 10, 1 << 30);
  integer("header_bytes_max", options.header_bytes_max, 1 << 10, 1 << 20);
  integer("connections_max", options.connections_max, 1, 65'536);
  integer("requests_per_connection_max", options.requests_per_connection_max, 1, 1 << 30);
  integer("idle_timeout_ms", options.idle_timeout_ms, 1, kHourMs);
  integer("header_timeout_ms", options.header_timeout_ms, 1, kHourMs);
  integer("body_timeout_ms", options.body_timeout_ms, 1, kHourMs);
  integer("write_timeout_ms", options.write_timeout_ms, 1, kHourMs);
  integer("drain_timeout_ms", options.drain_timeout_ms, 1, kHourMs);
  static_cast<void>(reader.child("endpoint"));  // read by who opens the endpoints
  RESIDENCY_TRY_VOID(reader.finish());
  return options;
}

}  // namespace residency::server
