#include "serve/endpoint_table.h"

#include <utility>

namespace residency::serve {

void EndpointTable::put(std::shared_ptr<Endpoint> endpoint) {
  const std::string name = endpoint->deployment().name;
  {
    const std::lock_guard lock(mutex_);
    endpoints_[name].swap(endpoint);
  }
  // The one replaced ends here, outside the lock: it may wait for the answer it is giving.
}

bool EndpointTable::remove(const std::string& name) {
  std::shared_ptr<Endpoint> removed;
  const std::lock_guard lock(mutex_);
  const auto found = endpoints_.find(name);
  if (found == endpoints_.end()) return false;
  removed = std::move(found->second);
  endpoints_.erase(found);
  return true;
}

Result<std::shared_ptr<Endpoint>> EndpointTable::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = endpoints_.find(name);
  // The name came with the request: it is not repeated.
  if (found == endpoints_.end()) return not_found("model: no deployment of that name is served");
  return found->second;
}

std::vector<std::shared_ptr<Endpoint>> EndpointTable::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Endpoint>> all;
  for (const auto& [name, endpoint] : endpoints_) all.push_back(endpoint);
  return all;
}

}  // namespace residency::serve
