// EndpointTable: the endpoints that answer now, by deployment name.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serve/endpoint.h"

namespace residency::serve {

/// Thread-safe. An endpoint that is replaced or removed goes on answering those who hold it.
class EndpointTable {
 public:
  /// Adds the endpoint under its deployment's name, or puts it in the place of the one there.
  void put(std::shared_ptr<Endpoint> endpoint);
  /// False where there is none.
  bool remove(const std::string& name);
  /// kNotFound.
  Result<std::shared_ptr<Endpoint>> find(const std::string& name) const;
  /// Sorted by name.
  std::vector<std::shared_ptr<Endpoint>> list() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Endpoint>> endpoints_;
};

}  // namespace residency::serve
