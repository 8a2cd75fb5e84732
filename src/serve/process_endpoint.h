// ProcessEndpoint: an endpoint in a process of its own, which is started again when it dies.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "serve/endpoint.h"

namespace residency::serve {

struct ProcessEndpointOptions {
  std::vector<std::string> command;  // a program that runs run_endpoint_worker()
  Json description;                  // what it opens
  std::int64_t idle_ms = 0;          // without a request for so long the process ends; 0: never
  std::int64_t start_limit_ms = 120'000;
  int failures_max = 5;                          // in a row, before it is given up
  std::function<void(const Error&)> on_failure;  // why it did not start; may be empty
};

/// Versions of one deployment that stand on one base. A request that the process had not begun to
/// answer when it died is given to the next one; others end with kInternal. `lazy`: the process
/// starts with the first request.
std::shared_ptr<Endpoint> start_process_endpoint(std::vector<deploy::Deployment> versions,
                                                 const EndpointOptions& options,
                                                 ProcessEndpointOptions process, bool lazy);

}  // namespace residency::serve
