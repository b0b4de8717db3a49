#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

namespace beast_example {

// Awaits a call that takes a handler, of any library, in a coroutine of Boost.Asio:
//
//   auto session = co_await ask<absl::StatusOr<Session>>(
//       [&](auto done) { sessions.get(id, std::move(done)); });
//
// The coroutine goes on where it was, on its own executor, so what it uses is nobody else's.
template <typename Result, typename Start>
boost::asio::awaitable<Result> ask(Start start) {
  auto initiate = [](auto handler, Start call) {
    auto executor = boost::asio::get_associated_executor(handler);
    call([handler = std::move(handler), executor](Result result) mutable {
      boost::asio::post(executor,
                        [handler = std::move(handler), result = std::move(result)]() mutable {
                          std::move(handler)(std::move(result));
                        });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>,
                                                 void(Result)>(
      std::move(initiate), boost::asio::use_awaitable, std::move(start));
}

}  // namespace beast_example
