// The part of Asio that the transport's files share.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace residency::server {

namespace net = boost::asio;
using tcp = net::ip::tcp;

/// Completion token: co_await gives a tuple that begins with the error code; nothing throws.
inline constexpr auto kTuple = net::as_tuple(net::use_awaitable);

}  // namespace residency::server
