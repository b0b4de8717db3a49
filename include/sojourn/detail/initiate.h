#pragma once

#include <absl/functional/any_invocable.h>
#include <sojourn/export.h>

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <optional>
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

// Whether this thread is inside a call that starts an operation: its handler must not run yet.
class SOJOURN_EXPORT Starting {
 public:
  Starting();
  ~Starting();
  Starting(const Starting&) = delete;
  Starting& operator=(const Starting&) = delete;

 private:
  const bool outer_;
};

// Where handlers run that name no executor of their own.
struct Destination {
  asio::any_io_executor executor;
  // If the executor is the store's own, what tells its threads from others: those that read from
  // other members may run handlers in place.
  const void* own = nullptr;
};

// Whether this thread is one that runs handlers of that executor, and not starting an operation.
SOJOURN_EXPORT bool runs_in_place(const void* own);

// A handler that may run on any thread and inside the call that starts the operation, because it
// only tells somebody who waits.
template <typename Handler>
concept RunsAnywhere = requires {
  typename Handler::RunsAnywhere;
};

// Calling the result runs the handler where Asio would: after a trip through the store's executor,
// so that it never runs inside the call that started the operation, on the handler's own executor.
// Both are kept running until then. (Posting straight to the handler's executor would race the
// initiation when that executor is another thread pool, as it is for use_future.) On the store's
// own executor the trip is none when the result is there after the call has returned.
template <typename Result, typename Handler>
Completion<Result> complete_with(Handler handler, const Destination& store) {
  if constexpr (RunsAnywhere<Handler>) return Completion<Result>(std::move(handler));
  auto associated = asio::get_associated_executor(handler, store.executor);
  if constexpr (std::is_same_v<decltype(associated), asio::any_io_executor>) {
    // The store's own executor runs until all its operations have ended.
    if (store.own && associated == store.executor) {
      return [executor = std::move(associated), own = store.own,
              handler = std::move(handler)](Result result) mutable {
        if (runs_in_place(own)) return std::move(handler)(std::move(result));
        asio::post(executor, [handler = std::move(handler), result = std::move(result)]() mutable {
          std::move(handler)(std::move(result));
        });
      };
    }
  }
  return
      [handler_executor = keep_running(associated), store_executor = keep_running(store.executor),
       own = store.own, handler = std::move(handler)](Result result) mutable {
        auto run = [handler = std::move(handler), result = std::move(result)]() mutable {
          std::move(handler)(std::move(result));
        };
        if (own && runs_in_place(own)) return asio::dispatch(handler_executor, std::move(run));
        asio::post(store_executor,
                   [executor = std::move(handler_executor), run = std::move(run)]() mutable {
                     asio::dispatch(executor, std::move(run));
                   });
      };
}

// The call of a handler that is told this. Takes its memory, where it has to wait, from where the
// handler wants it taken.
template <typename Handler, typename Result>
struct Delivery {
  using allocator_type = asio::associated_allocator_t<Handler>;
  allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler); }

  void operator()() { std::move(handler)(std::move(result)); }

  Handler handler;
  Result result;
};

// Runs the handler where that of complete_with() runs, when the result is there before the call
// that starts the operation has returned. Allocates for nothing but the trip.
template <typename Result, typename Handler>
void complete_at_once(Handler handler, const Destination& store, Result result) {
  if constexpr (RunsAnywhere<Handler>) {
    std::move(handler)(std::move(result));
  } else {
    auto associated = asio::get_associated_executor(handler, store.executor);
    Delivery<Handler, Result> delivery{std::move(handler), std::move(result)};
    if constexpr (std::is_same_v<decltype(associated), asio::any_io_executor>) {
      if (associated == store.executor) return asio::post(store.executor, std::move(delivery));
    }
    asio::post(store.executor,
               [executor = keep_running(associated), delivery = std::move(delivery)]() mutable {
                 asio::dispatch(executor, std::move(delivery));
               });
  }
}

// What Asio calls when the operation starts: it has an executor, because adapters such as
// cancel_after ask for it, and it holds the store's state rather than the Store, which may be moved
// meanwhile.
template <typename Result, typename Start>
class Initiation {
 public:
  using executor_type = asio::any_io_executor;

  Initiation(Destination store, Start start) : store_(std::move(store)), start_(std::move(start)) {}

  executor_type get_executor() const noexcept { return store_.executor; }

  template <typename Handler>
  void operator()(Handler&& handler) && {
    std::decay_t<Handler> own(std::forward<Handler>(handler));
    if constexpr (requires { start_.at_once(); }) {
      if (std::optional<Result> result = start_.at_once()) {
        return complete_at_once<Result>(std::move(own), store_, *std::move(result));
      }
    }
    auto completion = complete_with<Result>(std::move(own), store_);
    const Starting starting;
    std::move(start_)(std::move(completion));
  }

 private:
  Destination store_;
  Start start_;
};

// Starts an operation with any completion token. `start` takes the Completion; one that may know
// the result before says so by at_once(), which is asked first.
template <typename Result, typename Token, typename Start>
auto initiate(const Destination& store, Start start, Token&& token) {
  return asio::async_initiate<Token, void(Result)>(
      Initiation<Result, Start>(store, std::move(start)), token);
}

}  // namespace sojourn::detail
