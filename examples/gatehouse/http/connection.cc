#include "gatehouse/http/connection.h"

#include <asio/buffer.hpp>
#include <asio/dispatch.hpp>
#include <asio/write.hpp>
#include <string_view>
#include <utility>

namespace gatehouse {

class Connection::Stream final : public BodyStream {
 public:
  explicit Stream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~Stream() override {
    // Nobody is left who could write.
    const auto executor = connection_->socket_.get_executor();
    asio::dispatch(executor, [connection = std::move(connection_)] { connection->end_stream(); });
  }

  bool is_open() const override {
    return connection_->is_open_ && connection_->streaming_ && !connection_->stream_ends_;
  }
  bool is_idle() const override { return connection_->output_.empty(); }
  void write(std::string bytes) override {
    if (is_open() && is_idle()) connection_->write_piece(std::move(bytes));
  }
  void end() override { connection_->end_stream(); }

 private:
  std::shared_ptr<Connection> connection_;
};

Connection::Connection(asio::ip::tcp::socket socket, ConnectionOptions options, Handler handler,
                       Closed closed)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      options_(options),
      handler_(std::move(handler)),
      closed_(std::move(closed)),
      parser_(options.limits) {}

void Connection::start() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
    // Responses leave in one write each: waiting for more to send would only delay them.
    asio::error_code ignored;  // at worst the socket is closed already, which reading will tell
    self->socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    self->peer_ = self->socket_.remote_endpoint(ignored).address();
    self->wait_until(self->options_.timeout);
    self->read();
  });
}

void Connection::wind_down() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
    self->winding_down_ = true;
    self->end_stream();
  });
}

void Connection::stop() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] {
    self->winding_down_ = self->stopping_ = true;
    if (self->streaming_) return self->end_stream();
    if (self->handling_ || !self->parser_.is_idle()) return;
    if (self->has_asked_) return self->close();
    self->wait_until(self->options_.first_request);
  });
}

void Connection::abort() {
  asio::dispatch(socket_.get_executor(), [self = shared_from_this()] { self->close(); });
}

void Connection::wait_until(std::chrono::milliseconds timeout) {
  deadline_ = std::chrono::steady_clock::now() + timeout;
  if (!timer_fires_at_ || deadline_ < *timer_fires_at_) arm_timer();
}

void Connection::arm_timer() {
  timer_fires_at_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](asio::error_code error) {
    if (error) return;
    // One that was moved after it had fired is called for nothing.
    const auto now = std::chrono::steady_clock::now();
    if (!self->is_open_ || !self->timer_fires_at_ || *self->timer_fires_at_ > now) return;
    self->timer_fires_at_.reset();
    if (self->deadline_ > now) return self->arm_timer();
    self->on_timeout();
  });
}

void Connection::on_timeout() {
  // Answering waits anew.
  if (handling_) return;
  // Nothing is due: there is no news.
  if (streaming_ && !stream_ends_ && output_.empty()) return;
  const bool half_a_request = !parser_.is_idle() && output_.empty();
  if (half_a_request) return refuse(408, "The request took too long.");
  close();
}

void Connection::read() {
  if (!is_open_) return;
  socket_.async_read_some(
      asio::buffer(input_), [self = shared_from_this()](asio::error_code error, std::size_t size) {
        // A client that ends in the middle of a request will not read an answer either.
        if (error) return self->close();
        // No more in doubt whether it asks; the server's own patience bounds it from here.
        if (self->stopping_ && !self->has_asked_) self->wait_until(self->options_.timeout);
        self->advance(self->parser_.append(std::string_view(self->input_.data(), size)));
      });
}

void Connection::advance(State state) {
  if (!is_open_ || !output_.empty()) return;
  switch (state) {
    case State::kMore:
      return read();
    case State::kContinue:
      return send_continue();
    case State::kDone:
      return handle();
    case State::kRefused:
      return refuse(parser_.status(), parser_.reason());
  }
}

void Connection::send_continue() {
  output_ = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(socket_, asio::buffer(output_),
                    [self = shared_from_this()](asio::error_code error, std::size_t) {
                      self->output_.clear();
                      if (error) return self->close();
                      self->read();
                    });
}

void Connection::handle() {
  handling_ = has_asked_ = true;
  Request request = parser_.take();
  request.peer = peer_;
  const bool head_only = request.method == "HEAD";
  const bool keep_alive = request.keep_alive;

  auto answer = [self = shared_from_this(), head_only, keep_alive](Response response) {
    asio::dispatch(self->socket_.get_executor(),
                   [self, head_only, keep_alive, response = std::move(response)] {
                     self->respond(response, head_only, keep_alive && !self->winding_down_);
                   });
  };
  handler_(
      std::make_shared<Exchange>(std::move(request), socket_.get_executor(), std::move(answer)));
}

void Connection::refuse(int status, std::string reason) {
  handling_ = true;
  respond(Response::text(status, reason + "\n"), false, false);
}

void Connection::respond(const Response& response, bool head_only, bool keep_alive) {
  if (!is_open_) return;
  if (response.stream_body()) {
    if (!head_only) return begin_stream(response);
    // As its head says.
    keep_alive = false;
  }
  output_ = response.serialize(head_only, keep_alive, http_date());
  handling_ = false;
  wait_until(options_.timeout);
  asio::async_write(socket_, asio::buffer(output_),
                    [self = shared_from_this(), keep_alive](asio::error_code error, std::size_t) {
                      self->output_.clear();
                      if (error) return self->close();
                      self->on_written(keep_alive);
                    });
}

void Connection::on_written(bool keep_alive) {
  if (!is_open_) return;
  if (!keep_alive) return linger();
  if (stopping_ && parser_.is_idle()) return close();
  wait_until(options_.timeout);
  advance(parser_.append({}));
}

void Connection::begin_stream(const Response& response) {
  handling_ = false;
  streaming_ = true;
  stream_body_ = response.stream_body();
  write_piece(response.serialize(false, false, http_date()));
  // What the client sends from now on is of no interest, but its end is.
  drain();
  if (winding_down_) end_stream();
}

void Connection::write_piece(std::string bytes) {
  output_ = std::move(bytes);
  wait_until(options_.timeout);
  asio::async_write(socket_, asio::buffer(output_),
                    [self = shared_from_this()](asio::error_code error, std::size_t) {
                      self->output_.clear();
                      if (error) return self->close();
                      if (!self->is_open_) return;
                      if (self->stream_ends_) return self->finish_stream();
                      if (const StreamBody body = std::exchange(self->stream_body_, nullptr)) {
                        body(std::make_shared<Stream>(self));
                      }
                    });
}

void Connection::end_stream() {
  if (!is_open_ || !streaming_ || std::exchange(stream_ends_, true)) return;
  if (output_.empty()) finish_stream();
}

// As linger(), but that the connection is being drained already.
void Connection::finish_stream() {
  if (!is_open_) return;
  asio::error_code ignored;  // the client may have closed first
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  wait_until(options_.linger);
}

void Connection::linger() {
  asio::error_code ignored;  // the client may have closed first
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  wait_until(options_.linger);
  drain();
}

void Connection::drain() {
  if (!is_open_) return;
  socket_.async_read_some(asio::buffer(input_),
                          [self = shared_from_this()](asio::error_code error, std::size_t) {
                            if (error) return self->close();
                            self->drain();
                          });
}

void Connection::close() {
  if (!std::exchange(is_open_, false)) return;
  asio::error_code ignored;  // whatever it says, the socket is gone afterwards
  timer_.cancel();
  socket_.close(ignored);
  closed_(this);
}

}  // namespace gatehouse
