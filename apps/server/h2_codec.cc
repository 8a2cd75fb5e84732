#include "server/h2_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nghttp2/nghttp2.h>
#include <utility>
#include <vector>

namespace residency::server {
namespace {

/// What flows before the client says that it has read.
constexpr std::size_t kOutputBytesMax = 64u << 10;
constexpr std::int32_t kWindowBytes = 1 << 20;

struct Stream {
  HttpRequest request;
  std::size_t header_bytes = 0;
  H2Codec::Breach breach = H2Codec::Breach::kNone;
  bool told = false;
  std::string body;       // of the answer, not yet taken
  std::size_t taken = 0;  // of body's front
  bool ended = false;
  bool waits = false;  // nghttp2 was told that there is no body yet
};

class NgCodec final : public H2Codec {
 public:
  NgCodec(const Limits& limits, Handler& handler) : limits_(limits), handler_(handler) {}
  ~NgCodec() override { nghttp2_session_del(session_); }

  Result<void> start() {
    nghttp2_session_callbacks* callbacks = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) return resource_exhausted("no memory");
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_close);
    const int made = nghttp2_session_server_new(&session_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    if (made != 0) return resource_exhausted("no memory for an HTTP/2 session");
    const std::array<nghttp2_settings_entry, 3> settings{{
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams_max},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
         static_cast<std::uint32_t>(limits_.header_bytes_max)},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(kWindowBytes)},
    }};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
    return {};
  }

  bool feed(std::string_view bytes) override {
    if (broken_) return false;
    const auto used = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    broken_ = used < 0;
    return !broken_;
  }

  std::string output() override {
    std::string made;
    while (made.size() < kOutputBytesMax) {
      const std::uint8_t* data = nullptr;
      const auto bytes = nghttp2_session_mem_send(session_, &data);
      if (bytes <= 0) {
        broken_ = broken_ || bytes < 0;
        break;
      }
      made.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(bytes));
    }
    return made;
  }

  bool finished() const override {
    return broken_ ||
           (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
  }

  void begin(std::int32_t id, const HttpResponse& response, const Headers& more) override {
    if (!streams_.contains(id)) return;
    const std::string status = std::to_string(response.status);
    std::vector<std::pair<std::string_view, std::string_view>> all{
        {":status", status}, {"content-type", response.content_type}};
    for (const auto& [name, value] : response.headers) all.emplace_back(name, value);
    for (const auto& [name, value] : more) all.emplace_back(name, value);
    std::vector<nghttp2_nv> fields;
    for (const auto& [name, value] : all) {
      fields.push_back(
          {bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_data_provider provider{};
    provider.read_callback = &read_body;
    if (nghttp2_submit_response(session_, id, fields.data(), fields.size(), &provider) != 0) {
      reset(id);
    }
  }

  void write(std::int32_t id, std::string_view bytes) override {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    Stream& stream = found->second;
    if (stream.taken > 0) stream.body.erase(0, std::exchange(stream.taken, 0));
    stream.body += bytes;
    resume(id, stream);
  }

  void end(std::int32_t id) override {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    found->second.ended = true;
    resume(id, found->second);
  }

  void reset(std::int32_t id) override {
    if (!streams_.contains(id)) return;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
  }

  void shut_down() override {
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                          nullptr, 0);
  }

  std::size_t streams() const override { return streams_.size(); }

 private:
  static std::uint8_t* bytes_of(std::string_view text) {
    // nghttp2 copies names and values, though its type is not const.
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  }

  void resume(std::int32_t id, Stream& stream) {
    if (std::exchange(stream.waits, false)) nghttp2_session_resume_data(session_, id);
  }

  static NgCodec& self(void* user) { return *static_cast<NgCodec*>(user); }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    self(user).streams_.emplace(frame->hd.stream_id, Stream{});
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_bytes, const std::uint8_t* value, std::size_t value_bytes,
                       std::uint8_t, void* user) {
    auto& codec = self(user);
    const auto found = codec.streams_.find(frame->hd.stream_id);
    if (found == codec.streams_.end() || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    Stream& stream = found->second;
    stream.header_bytes += name_bytes + value_bytes + 32;
    if (stream.header_bytes > codec.limits_.header_bytes_max) {
      stream.breach = Breach::kHeaderBytes;
      return 0;
    }
    codec.take_header(stream.request, {reinterpret_cast<const char*>(name), name_bytes},
                      {reinterpret_cast<const char*>(value), value_bytes});
    return 0;
  }

  void take_header(HttpRequest& request, std::string_view name, std::string_view value) {
    if (name == ":method") {
      request.method = value;
    } else if (name == ":path") {
      const auto question = value.find('?');
      request.path = value.substr(0, question);
      if (question != std::string_view::npos) request.query = value.substr(question + 1);
    } else if (name == ":authority") {
      request.headers.emplace_back(name, value);
      request.headers.emplace_back("host", value);
    } else if (!name.starts_with(':')) {
      // With an authority, a host beside it would be a second truth.
      if (name == "host" && !request.header("host").empty()) return;
      request.headers.emplace_back(name, value);
    }
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t bytes, void* user) {
    auto& codec = self(user);
    const auto found = codec.streams_.find(id);
    if (found == codec.streams_.end()) return 0;
    Stream& stream = found->second;
    if (stream.breach != Breach::kNone) return 0;
    if (stream.request.body.size() + bytes > codec.limits_.body_bytes_max) {
      stream.breach = Breach::kBodyBytes;
      codec.tell(id, stream);
      return 0;
    }
    stream.request.body.append(reinterpret_cast<const char*>(data), bytes);
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool carries = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!carries || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    auto& codec = self(user);
    const auto found = codec.streams_.find(frame->hd.stream_id);
    if (found != codec.streams_.end()) codec.tell(frame->hd.stream_id, found->second);
    return 0;
  }

  void tell(std::int32_t id, Stream& stream) {
    if (std::exchange(stream.told, true)) return;
    if (++requests_ >= limits_.requests_max) shut_down();
    handler_.on_request(id, std::move(stream.request), stream.breach);
  }

  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    auto& codec = self(user);
    if (codec.streams_.erase(id) > 0) codec.handler_.on_closed(id);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t* into, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    auto& codec = self(user);
    const auto found = codec.streams_.find(id);
    if (found == codec.streams_.end()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    Stream& stream = found->second;
    const std::size_t bytes = std::min(room, stream.body.size() - stream.taken);
    if (bytes == 0 && !stream.ended) {
      stream.waits = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    std::memcpy(into, stream.body.data() + stream.taken, bytes);
    stream.taken += bytes;
    if (stream.ended && stream.taken == stream.body.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(bytes);
  }

  const Limits limits_;
  Handler& handler_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Stream> streams_;
  int requests_ = 0;
  bool broken_ = false;
};

}  // namespace

Result<std::unique_ptr<H2Codec>> H2Codec::make(const Limits& limits, Handler& handler) {
  auto codec = std::make_unique<NgCodec>(limits, handler);
  RESIDENCY_TRY_VOID(codec->start());
  return std::unique_ptr<H2Codec>(std::move(codec));
}

}  // namespace residency::server
