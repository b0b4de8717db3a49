#pragma once

#include <absl/functional/any_invocable.h>

#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "gatehouse/http/request.h"
#include "gatehouse/http/response.h"

namespace gatehouse {

// One request and the way to answer it. Whoever holds it last must have answered: otherwise it
// answers 500 itself, so that no mistake leaves a browser waiting.
//
// Used on its connection's executor only.
class Exchange {
 public:
  using Answer = absl::AnyInvocable<void(Response) &&>;

  Exchange(Request request, asio::any_io_executor executor, Answer answer)
      : request_(std::move(request)), executor_(std::move(executor)), answer_(std::move(answer)) {}
  ~Exchange() {
    if (answer_) answer(Response::text(500, "The request was not answered.\n"));
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  const Request& request() const { return request_; }

  // Where everything that is done for this request runs, one thing at a time.
  const asio::any_io_executor& executor() const { return executor_; }

  // Sends the response. Calls after the first do nothing.
  void answer(Response response) {
    if (Answer answer = std::exchange(answer_, nullptr)) std::move(answer)(std::move(response));
  }

 private:
  Request request_;
  asio::any_io_executor executor_;
  Answer answer_;
};

// Shared by the steps that one request takes, each of which starts the one after it.
using ExchangePtr = std::shared_ptr<Exchange>;

// Called for each request, on its connection's executor. Must not block.
using Handler = std::function<void(ExchangePtr)>;

}  // namespace gatehouse
