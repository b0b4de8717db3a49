#include "transport/lookout.h"

#include <array>
#include <asio/error.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "transport/address.h"

namespace sojourn::transport {
namespace {

using asio::ip::tcp;
using std::chrono::milliseconds;

// Pauses before an endpoint that accepted is tried again.
constexpr std::array<milliseconds, 7> kPauses = {
    milliseconds(5),  milliseconds(10),  milliseconds(20), milliseconds(40),
    milliseconds(75), milliseconds(150), milliseconds(200)};

// How long an answer may take. Refusals come at once, or not at all.
constexpr milliseconds kPatience{1000};

// One look at one peer. What it waits for keeps it alive.
class Look : public std::enable_shared_from_this<Look> {
 public:
  Look(asio::io_context& context, std::vector<tcp::endpoint> endpoints, std::function<void()> gone)
      : socket_(context),
        timer_(context),
        endpoints_(std::move(endpoints)),
        gone_(std::move(gone)) {}

  void connect() {
    timer_.expires_after(kPatience);
    timer_.async_wait([self = shared_from_this()](const asio::error_code& cancelled) {
      if (!cancelled) self->close();
    });
    socket_.async_connect(endpoints_.back(),
                          [self = shared_from_this()](const asio::error_code& error) {
                            self->timer_.cancel();
                            self->close();
                            self->answered(error);
                          });
  }

 private:
  void answered(const asio::error_code& error) {
    // A process that is just ending may accept a connection and cut it at once.
    if (!error || error == asio::error::connection_reset) return try_again();
    if (error != asio::error::connection_refused) return;
    endpoints_.pop_back();
    if (endpoints_.empty()) return gone_();
    connect();
  }

  void try_again() {
    if (tries_ == kPauses.size()) return;
    timer_.expires_after(kPauses[tries_++]);
    timer_.async_wait([self = shared_from_this()](const asio::error_code& cancelled) {
      if (!cancelled) self->connect();
    });
  }

  void close() {
    asio::error_code closed_anyway;
    socket_.close(closed_anyway);
  }

  tcp::socket socket_;
  asio::steady_timer timer_;
  // Those that have not refused yet. Never empty while it waits.
  std::vector<tcp::endpoint> endpoints_;
  std::size_t tries_ = 0;
  const std::function<void()> gone_;
};

}  // namespace

void Lookout::remember(const std::string& peer, const std::string& address) {
  Place& place = places_[peer];
  if (place.address != address) place = {.address = address};
  const std::optional<HostAndPort> parsed = HostAndPort::parse(address);
  if (!parsed) return;
  if (const std::optional<tcp::endpoint> numeric = parsed->numeric()) {
    return resolved(place, {*numeric});
  }
  resolver_.async_resolve(
      parsed->host, std::to_string(parsed->port), tcp::resolver::numeric_service,
      [this, peer, address](const asio::error_code& error, const tcp::resolver::results_type& all) {
        const auto found = places_.find(peer);
        if (error || found == places_.end() || found->second.address != address) return;
        std::vector<tcp::endpoint> endpoints;
        for (const auto& one : all) endpoints.push_back(one.endpoint());
        resolved(found->second, std::move(endpoints));
      });
}

void Lookout::resolved(Place& place, std::vector<tcp::endpoint> endpoints) {
  place.endpoints = std::move(endpoints);
  if (std::function<void()> gone = std::exchange(place.gone, nullptr)) {
    std::make_shared<Look>(context_, place.endpoints, std::move(gone))->connect();
  }
}

void Lookout::look(const std::string& peer, std::function<void()> gone) {
  const auto found = places_.find(peer);
  if (found == places_.end()) return;
  found->second.gone = std::move(gone);
  if (!found->second.endpoints.empty()) resolved(found->second, found->second.endpoints);
}

}  // namespace sojourn::transport
