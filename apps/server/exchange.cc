#include "server/exchange.h"

#include <boost/asio/dispatch.hpp>
#include <utility>

namespace residency::server {
namespace {

class ExchangeReply final : public Reply {
 public:
  explicit ExchangeReply(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ExchangeReply(const ExchangeReply&) = delete;
  ExchangeReply& operator=(const ExchangeReply&) = delete;
  ~ExchangeReply() override { push_end({}); }

  void send(HttpResponse response) override {
    if (std::exchange(ended_, true)) return;
    exchange_->push({ReplyEvent::Kind::kSend, std::move(response), {}});
  }
  void begin(HttpResponse head) override {
    if (!ended_) exchange_->push({ReplyEvent::Kind::kBegin, std::move(head), {}});
  }
  void write(std::string bytes) override {
    if (!ended_) exchange_->push({ReplyEvent::Kind::kWrite, {}, std::move(bytes)});
  }
  void end(std::string last) override { push_end(std::move(last)); }
  std::stop_token gone() const override { return exchange_->gone(); }

 private:
  void push_end(std::string last) {
    if (std::exchange(ended_, true)) return;
    exchange_->push({ReplyEvent::Kind::kEnd, {}, std::move(last)});
  }

  const std::shared_ptr<Exchange> exchange_;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<Reply> Exchange::make_reply() {
  return std::make_shared<ExchangeReply>(shared_from_this());
}

void Exchange::push(ReplyEvent event) {
  // On the transport's own thread this runs at once, so a route that answers at once is ready
  // before its connection looks.
  net::dispatch(*context_, [self = shared_from_this(), event = std::move(event)]() mutable {
    self->events_.push_back(std::move(event));
    self->arrived_.cancel();
  });
}

net::awaitable<ReplyEvent> Exchange::next() {
  while (events_.empty()) {
    arrived_.expires_at(net::steady_timer::time_point::max());
    co_await arrived_.async_wait(kTuple);
  }
  ReplyEvent event = std::move(events_.front());
  events_.pop_front();
  co_return event;
}

std::string Exchange::take_writes() {
  std::string bytes;
  while (!events_.empty() && events_.front().kind == ReplyEvent::Kind::kWrite) {
    bytes += events_.front().bytes;
    events_.pop_front();
  }
  return bytes;
}

}  // namespace residency::server
