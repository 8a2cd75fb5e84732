#include "server/aws/cbor_text.h"

#include <cstdint>
#include <optional>

namespace residency::server {
namespace {

constexpr int kDepthMax = 16;
constexpr std::size_t kMembersMax = 256;

enum Major : unsigned { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

struct Head {
  unsigned major = 0;
  std::uint64_t value = 0;
  bool indefinite = false;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }

  std::optional<Head> head() {
    if (rest_.empty()) return std::nullopt;
    const auto first = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    Head head;
    head.major = first >> 5;
    const unsigned info = first & 31u;
    if (info < 24) {
      head.value = info;
    } else if (info <= 27) {
      const std::size_t count = std::size_t{1} << (info - 24);
      if (rest_.size() < count) return std::nullopt;
      for (std::size_t i = 0; i < count; ++i)
        head.value = (head.value << 8) | static_cast<unsigned char>(rest_[i]);
      rest_.remove_prefix(count);
    } else if (info == 31) {
      head.indefinite = true;
    } else {
      return std::nullopt;
    }
    return head;
  }

  /// The end mark of what has no length.
  bool take_break() {
    if (rest_.empty() || static_cast<unsigned char>(rest_.front()) != 0xFF) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::string> string_of(const Head& head) {
    if (!head.indefinite) return taken(head.value);
    std::string whole;
    while (!take_break()) {
      const auto part = this->head();
      if (!part || part->major != head.major || part->indefinite) return std::nullopt;
      const auto bytes = taken(part->value);
      if (!bytes) return std::nullopt;
      whole += *bytes;
    }
    return whole;
  }

  bool skip(const Head& head, int depth) {
    if (depth > kDepthMax) return false;
    switch (head.major) {
      case kUnsigned:
      case kNegative:
        return !head.indefinite;
      case kSimple:
        return !head.indefinite;  // a break stands only where one is looked for
      case kBytes:
      case kText:
        return string_of(head).has_value();
      case kTag: {
        const auto inner = this->head();
        return inner && skip(*inner, depth + 1);
      }
      default: {
        const std::uint64_t each = head.major == kMap ? 2 : 1;
        if (!head.indefinite && head.value > rest_.size()) return false;
        for (std::uint64_t i = 0; head.indefinite ? !take_break() : i < head.value * each; ++i) {
          const auto inner = this->head();
          if (!inner || !skip(*inner, depth + 1)) return false;
        }
        return true;
      }
    }
  }

 private:
  std::optional<std::string> taken(std::uint64_t count) {
    if (count > rest_.size()) return std::nullopt;
    std::string bytes(rest_.substr(0, static_cast<std::size_t>(count)));
    rest_.remove_prefix(static_cast<std::size_t>(count));
    return bytes;
  }
  std::string_view rest_;
};

Error bad() { return invalid_input("the body is no CBOR map of members"); }

}  // namespace

Result<std::map<std::string, std::string>> read_cbor_texts(std::string_view bytes) {
  std::map<std::string, std::string> texts;
  Reader reader(bytes);
  const auto map = reader.head();
  if (!map || map->major != kMap) return bad();
  for (std::uint64_t i = 0; map->indefinite ? !reader.take_break() : i < map->value; ++i) {
    if (i >= kMembersMax) return bad();
    const auto key_head = reader.head();
    if (!key_head || key_head->major != kText) return bad();
    const auto key = reader.string_of(*key_head);
    const auto head = reader.head();
    if (!key || !head) return bad();
    if (head->major == kText) {
      auto value = reader.string_of(*head);
      if (!value || !texts.emplace(*key, *std::move(value)).second) return bad();
    } else if (!reader.skip(*head, 1)) {
      return bad();
    }
  }
  if (!reader.empty()) return bad();
  return texts;
}

}  // namespace residency::server
