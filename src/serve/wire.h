// Wire: JSON messages between the server and an endpoint's process, over a socket that only the two
// have.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace residency::serve {

inline constexpr std::size_t kWireBytesMax = 256u << 20;

/// One end. send() from any thread, receive() from one.
class Wire {
 public:
  explicit Wire(int descriptor) : descriptor_(descriptor) {}
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// False once the other end is gone.
  bool send(const Json& message);
  /// The next message; none at the end of all. kCorrupt where it is none.
  Result<std::optional<Json>> receive();
  /// Says that nothing more will be sent; what the other end sends is still received.
  void finish();
  /// Ends both ways; a receive() that waits returns.
  void close();

 private:
  bool read(char* into, std::size_t bytes);

  const int descriptor_;
  std::mutex mutex_;
  std::string buffer_;
  std::size_t taken_ = 0;
};

}  // namespace residency::serve
