#include "gatehouse/http/server.h"

#include <absl/status/status.h>
#include <absl/strings/str_format.h>

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <map>
#include <optional>
#include <utility>

#include "gatehouse/http/endpoint.h"

namespace gatehouse {

using asio::ip::tcp;

// Everything after listen() runs on one strand; connections have strands of their own, if the
// executor is none already.
class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(asio::any_io_executor executor, ServerOptions options, Handler handler)
      : strand_(asio::make_strand(executor)),
        executor_(std::move(executor)),
        timer_(strand_),
        options_(options),
        handler_(std::move(handler)) {}

  absl::Status listen(const std::string& address) {
    const auto endpoint = parse_endpoint(address);
    if (!endpoint) {
      return absl::InvalidArgumentError(address + ": not " + std::string(kEndpointForm));
    }
    Listener listener{tcp::acceptor(strand_)};
    asio::error_code error;
    listener.acceptor.open(endpoint->protocol(), error);
    // So that a restarted server need not wait for the old one's last packets to die out.
    if (!error) listener.acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) listener.acceptor.bind(*endpoint, error);
    if (!error) listener.acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (!error) endpoints_.push_back(listener.acceptor.local_endpoint(error));
    if (error) {
      return absl::UnavailableError(
          absl::StrFormat("%s: cannot listen: %s", address, error.message()));
    }
    listeners_.push_back(std::move(listener));
    return absl::OkStatus();
  }

  const std::vector<tcp::endpoint>& endpoints() const { return endpoints_; }

  void start() {
    asio::dispatch(strand_, [self = shared_from_this()] { self->accept_everywhere(); });
  }

  void wind_down() {
    asio::dispatch(strand_, [self = shared_from_this()] {
      self->winding_down_ = true;
      for (const auto& [key, connection] : self->connections_) connection->wind_down();
    });
  }

  void stop(std::chrono::milliseconds grace, absl::AnyInvocable<void() &&> done) {
    asio::dispatch(strand_, [self = shared_from_this(), grace, done = std::move(done)]() mutable {
      self->stopped_ = std::move(done);
      for (Listener& listener : self->listeners_) {
        self->take_waiting(listener);
        asio::error_code ignored;  // closed is closed
        listener.acceptor.close(ignored);
      }
      for (const auto& [key, connection] : self->connections_) connection->stop();
      self->timer_.expires_after(grace);
      self->timer_.async_wait([self](asio::error_code error) {
        if (error) return;
        for (const auto& [key, connection] : self->connections_) connection->abort();
      });
      self->finish_if_done();
    });
  }

 private:
  struct Listener {
    tcp::acceptor acceptor;
    bool is_accepting = false;
  };

  asio::any_io_executor executor_of_connection() const {
    if (options_.is_serial) return executor_;
    return asio::make_strand(executor_);
  }

  void accept_everywhere() {
    for (Listener& listener : listeners_) accept(listener);
  }

  void accept(Listener& listener) {
    if (stopped_ || listener.is_accepting || !listener.acceptor.is_open() ||
        connections_.size() >= options_.connections_max) {
      return;
    }
    listener.is_accepting = true;
    listener.acceptor.async_accept(
        executor_of_connection(),
        asio::bind_executor(strand_, [self = shared_from_this(), &listener](asio::error_code error,
                                                                            tcp::socket socket) {
          self->on_accepted(listener, error, std::move(socket));
        }));
  }

  void on_accepted(Listener& listener, asio::error_code error, tcp::socket socket) {
    listener.is_accepting = false;
    if (stopped_) {
      // Accepted just before the listener was closed.
      if (!error) add(std::move(socket))->stop();
      return finish_if_done();
    }
    if (error) return retry_soon();
    add(std::move(socket));
    accept(listener);
  }

  // The clients that the system has connected already would be reset with the listener.
  void take_waiting(Listener& listener) {
    asio::error_code error;
    listener.acceptor.non_blocking(true, error);
    while (!error && connections_.size() < options_.connections_max) {
      tcp::socket socket(executor_of_connection());
      listener.acceptor.accept(socket, error);
      if (!error) add(std::move(socket));
    }
  }

  std::shared_ptr<Connection> add(tcp::socket socket) {
    auto connection = std::make_shared<Connection>(
        std::move(socket), options_.connection, handler_,
        [self = shared_from_this()](Connection* gone) {
          // Not dispatch(): this may be called while stop() goes through the connections.
          asio::post(self->strand_, [self, gone] { self->forget(gone); });
        });
    connections_.emplace(connection.get(), connection);
    connection->start();
    if (winding_down_) connection->wind_down();
    return connection;
  }

  // Out of file descriptors, most likely: trying again at once would only burn the processor.
  void retry_soon() {
    timer_.expires_after(std::chrono::milliseconds(100));
    timer_.async_wait([self = shared_from_this()](asio::error_code error) {
      if (!error) self->accept_everywhere();
    });
  }

  void forget(Connection* connection) {
    connections_.erase(connection);
    finish_if_done();
    accept_everywhere();
  }

  void finish_if_done() {
    const auto is_accepting = [](const Listener& listener) { return listener.is_accepting; };
    if (!stopped_ || !connections_.empty() || std::ranges::any_of(listeners_, is_accepting)) return;
    timer_.cancel();
    if (*stopped_) std::move (*std::exchange(stopped_, absl::AnyInvocable<void() &&>()))();
  }

  asio::strand<asio::any_io_executor> strand_;
  asio::any_io_executor executor_;
  asio::steady_timer timer_;
  const ServerOptions options_;
  const Handler handler_;
  std::vector<tcp::endpoint> endpoints_;
  // Neither grows nor moves after listen(), so that operations may refer to its elements.
  std::vector<Listener> listeners_;
  std::map<Connection*, std::shared_ptr<Connection>> connections_;
  bool winding_down_ = false;
  // Set once the server stops; empty once that was told.
  std::optional<absl::AnyInvocable<void() &&>> stopped_;
};

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

absl::StatusOr<Server> Server::listen(asio::any_io_executor executor,
                                      const std::vector<std::string>& addresses,
                                      ServerOptions options, Handler handler) {
  auto impl = std::make_shared<Impl>(std::move(executor), options, std::move(handler));
  for (const std::string& address : addresses) {
    if (absl::Status status = impl->listen(address); !status.ok()) return status;
  }
  return Server(std::move(impl));
}

std::vector<tcp::endpoint> Server::endpoints() const { return impl_->endpoints(); }
void Server::start() { impl_->start(); }
void Server::wind_down() { impl_->wind_down(); }
void Server::stop(std::chrono::milliseconds grace, absl::AnyInvocable<void() &&> done) {
  impl_->stop(grace, std::move(done));
}

}  // namespace gatehouse
