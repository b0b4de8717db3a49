#include "gatehouse/operators.h"

#include <absl/strings/str_format.h>

#include <asio/bind_executor.hpp>
#include <string>

#include "gatehouse/log.h"

namespace gatehouse {
namespace {

using sojourn::LogLevel;
using sojourn::Store;

// Browsers say with every POST from where it comes; curl does not.
bool is_of_browser(const Request& request) {
  return request.header("Origin") || request.header("Sec-Fetch-Site");
}

void recover(Store& store, const ExchangePtr& exchange) {
  log_line(LogLevel::kWarning, "an operator orders to recover");
  store.async_recover(
      asio::bind_executor(exchange->executor(), [exchange](const absl::Status& begun) {
        if (begun.ok()) {
          return exchange->answer(Response::text(
              202, "Recovery has begun with the members that are here; see /status.\n"));
        }
        log_line(LogLevel::kWarning, "not recovered: " + std::string(begun.message()));
        const int status = absl::IsFailedPrecondition(begun) ? 409 : 503;
        exchange->answer(Response::text(status, std::string(begun.message()) + "\n"));
      }));
}

void acknowledge_losses(Store& store, const ExchangePtr& exchange) {
  const auto lost = store.metrics().segments_lost;
  log_line(LogLevel::kWarning,
           absl::StrFormat("an operator acknowledges the loss of %d segments", lost));
  store.acknowledge_losses();
  exchange->answer(Response::text(
      202, absl::StrFormat("The loss of %d segments is taken note of; see /status.\n", lost)));
}

}  // namespace

void add_operator_routes(Router& router, Store& store) {
  const auto add = [&](std::string path, void (*order)(Store&, const ExchangePtr&)) {
    router.add("POST", std::move(path), [&store, order](const ExchangePtr& exchange) {
      if (!is_of_browser(exchange->request())) return order(store, exchange);
      exchange->answer(Response::text(403, "Not from a browser.\n"));
    });
  };
  add("/recover", recover);
  add("/acknowledge_losses", acknowledge_losses);
}

}  // namespace gatehouse
