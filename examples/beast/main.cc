// A login server on Boost.Beast with coroutines: one thread, any number of requests at a time.
// Boost has an Asio of its own: sessions.h keeps the two apart, and ask.h lets its coroutines await
// the store. Start several, and let any of them answer any request:
//
//   htpasswd -nbB ana 'open sesame' > users    # of apache2-utils
//   members="--member a=127.0.0.1:7701 --member b=127.0.0.1:7702"
//   beast --name a $members --users users &
//   beast --name b $members --users users --http-port 8081 &
//   curl -c jar -d user=ana --data-urlencode 'password=open sesame' localhost:8080/login
//   curl -b jar localhost:8081/me
#include <sojourn/cookie.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include "beast/ask.h"
#include "beast/pages.h"
#include "beast/sessions.h"
#include "login/arguments.h"
#include "login/users.h"

namespace {

using boost::asio::awaitable;
using boost::asio::redirect_error;
using boost::asio::use_awaitable;
using boost::asio::ip::tcp;
using boost::system::error_code;
namespace http = boost::beast::http;

constexpr std::uint64_t kBodyMax = 8192;
constexpr std::chrono::seconds kIdleMax(30);

// One connection, as long as the browser keeps it.
awaitable<void> serve(tcp::socket socket, beast_example::Pages& pages) {
  boost::beast::tcp_stream stream(std::move(socket));
  boost::beast::flat_buffer buffer;
  error_code error;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(kBodyMax);
    stream.expires_after(kIdleMax);
    co_await http::async_read(stream, buffer, parser, redirect_error(use_awaitable, error));
    if (error) co_return;

    const bool keep = parser.get().keep_alive();
    beast_example::Response response = co_await pages.answer(parser.get());
    response.keep_alive(keep);
    response.prepare_payload();
    stream.expires_after(kIdleMax);
    co_await http::async_write(stream, response, redirect_error(use_awaitable, error));
    if (error || !keep) co_return;
  }
}

awaitable<void> accept(tcp::acceptor& acceptor, beast_example::Pages& pages) {
  for (;;) {
    error_code error;
    tcp::socket socket = co_await acceptor.async_accept(redirect_error(use_awaitable, error));
    if (error) continue;  // the browser has gone again
    boost::asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), pages),
                          boost::asio::detached);
  }
}

// /readyz says so, and everything is served on, until the sessions are with other members.
awaitable<void> leave_when_asked(boost::asio::io_context& io, beast_example::Sessions& sessions) {
  boost::asio::signal_set signals(io, SIGTERM, SIGINT);
  co_await signals.async_wait(use_awaitable);
  const absl::Status drained = co_await beast_example::ask<absl::Status>(
      [&sessions](auto done) { sessions.drain(std::move(done)); });
  if (!drained.ok()) std::cerr << "not handed over: " << drained.message() << "\n";
  io.stop();
}

int fail(std::string_view what) {
  std::cerr << what << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  int exit_status = 0;
  const auto arguments = login::read_arguments(argc, argv, exit_status);
  if (!arguments) return exit_status;
  const auto users = login::Users::read(arguments->users_file);
  if (!users.ok()) return fail(std::string(users.status().message()));
  const auto cookies = sojourn::CookieCodec::make(arguments->cookies);
  if (!cookies.ok()) return fail(std::string(cookies.status().message()));

  boost::asio::io_context io(1);
  auto sessions = beast_example::Sessions::open(arguments->store);
  if (!sessions.ok()) return fail(std::string(sessions.status().message()));
  beast_example::Pages pages(**sessions, *cookies, *users);

  error_code error;
  const auto host = boost::asio::ip::make_address(arguments->http_host, error);
  if (error) return fail("--http-host is not a numeric address");
  tcp::acceptor acceptor(io);
  const tcp::endpoint endpoint(host, arguments->http_port);
  acceptor.open(endpoint.protocol());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return fail("the HTTP port: " + error.message());

  boost::asio::co_spawn(io, accept(acceptor, pages), boost::asio::detached);
  boost::asio::co_spawn(io, leave_when_asked(io, **sessions), boost::asio::detached);
  io.run();
}
