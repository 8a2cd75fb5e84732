// SplitEndpoint: versions of a deployment behind one name, each with its share of the requests.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "serve/endpoint.h"

namespace residency::serve {

/// Which versions answer. Shares need not add up to anything.
struct Traffic {
  struct Share {
    std::int64_t version = 0;
    std::int64_t weight = 0;
  };
  std::vector<Share> shares;  // one at least of a weight above 0
  std::int64_t shadow = 0;    // a version that is asked too, and whose answers nobody gets; 0: none
};

class SplitEndpoint : public Endpoint {
 public:
  /// An endpoint and the versions that it knows.
  struct Part {
    std::shared_ptr<Endpoint> endpoint;
    std::vector<std::int64_t> versions;
  };
  /// `active` is what deployment() says.
  static std::shared_ptr<SplitEndpoint> make(deploy::Deployment active, std::vector<Part> parts,
                                             const Traffic& traffic, std::uint64_t seed);
  /// Takes effect for the next request. Versions of no part are left out.
  virtual void set_traffic(const Traffic& traffic) = 0;
  virtual const std::vector<Part>& parts() const = 0;
};

}  // namespace residency::serve
