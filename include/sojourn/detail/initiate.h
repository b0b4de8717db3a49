#pragma once

#include <absl/functional/any_invocable.h>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <type_traits>
#include <utility>

namespace sojourn::detail {

// The whole bridge from Asio's completion tokens to compiled code.

// Called exactly once, from any thread.
template <typename Result>
using Completion = absl::AnyInvocable<void(Result) &&>;

template <typename Executor>
auto keep_running(const Executor& executor) {
  return asio::prefer(executor, asio::execution::outstanding_work.tracked);
}

// Calling the result runs the handler where Asio would: after a trip through the store's executor,
// so that it never runs inside the call that started the operation, on the handler's own executor.
// Both are kept running until then. (Posting straight to the handler's executor would race the
// initiation when that executor is another thread pool, as it is for use_future.)
template <typename Result, typename Handler>
Completion<Result> complete_with(Handler handler, const asio::any_io_executor& store_executor) {
  auto associated = asio::get_associated_executor(handler, store_executor);
  return
      [handler_executor = keep_running(associated), store_executor = keep_running(store_executor),
       handler = std::move(handler)](Result result) mutable {
        auto run = [handler = std::move(handler), result = std::move(result)]() mutable {
          std::move(handler)(std::move(result));
        };
        asio::post(store_executor,
                   [executor = std::move(handler_executor), run = std::move(run)]() mutable {
                     asio::dispatch(executor, std::move(run));
                   });
      };
}

// What Asio calls when the operation starts: it has an executor, because adapters such as
// cancel_after ask for it, and it holds the store's state rather than the Store, which may be moved
// meanwhile.
template <typename Result, typename Start>
class Initiation {
 public:
  using executor_type = asio::any_io_executor;

  Initiation(asio::any_io_executor executor, Start start)
      : executor_(std::move(executor)), start_(std::move(start)) {}

  executor_type get_executor() const noexcept { return executor_; }

  template <typename Handler>
  void operator()(Handler&& handler) && {
    std::move(start_)(
        complete_with<Result>(std::decay_t<Handler>(std::forward<Handler>(handler)), executor_));
  }

 private:
  asio::any_io_executor executor_;
  Start start_;
};

// Starts an operation with any completion token. `start` takes the Completion.
template <typename Result, typename Token, typename Start>
auto initiate(const asio::any_io_executor& executor, Start start, Token&& token) {
  return asio::async_initiate<Token, void(Result)>(
      Initiation<Result, Start>(executor, std::move(start)), token);
}

}  // namespace sojourn::detail
