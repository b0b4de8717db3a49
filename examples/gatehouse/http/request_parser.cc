#include "gatehouse/http/request_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

namespace gatehouse {
namespace {

namespace http = boost::beast::http;
using http_error = http::error;

std::string to_string(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Path and query of a target. Clients that believe to talk to a proxy send "http://host/path",
// which servers must understand (RFC 9112 3.2.2). Nothing for every other form.
std::optional<std::string> origin_form(std::string_view target) {
  if (target.starts_with('/')) return std::string(target);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = target.substr(scheme.size());
    const std::size_t start = rest.find_first_of("/?");
    if (start == std::string_view::npos) return "/";
    return rest[start] == '/' ? std::string(rest.substr(start))
                              : "/" + std::string(rest.substr(start));
  }
  return std::nullopt;
}

}  // namespace

struct RequestParser::Beast {
  explicit Beast(const RequestLimits& limits) {
    parser.eager(true);
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
    parser.body_limit(limits.body_bytes);
  }
  http::request_parser<http::string_body> parser;
};

RequestParser::RequestParser(RequestLimits limits)
    : limits_(limits), beast_(std::make_unique<Beast>(limits)) {}

RequestParser::~RequestParser() = default;

bool RequestParser::is_idle() const { return !started_ && buffer_.empty(); }

RequestParser::State RequestParser::append(std::string_view bytes) {
  buffer_.append(bytes);
  // Some clients end a body with a line break that they do not count (RFC 9112 2.2).
  if (!started_) buffer_.erase(0, std::min(buffer_.find_first_not_of("\r\n"), buffer_.size()));
  if (buffer_.empty()) return State::kMore;

  started_ = true;
  boost::system::error_code error;
  while (!buffer_.empty() && !error && !beast_->parser.is_done()) {
    const auto used = beast_->parser.put(boost::asio::buffer(buffer_), error);
    buffer_.erase(0, used);
    if (used == 0) break;
  }

  if (error == http_error::need_more) error = {};
  if (error == http_error::header_limit) return refuse(431, "The request's headers are too large.");
  if (error == http_error::body_limit) return refuse(413, "The request's body is too large.");
  if (error == http_error::bad_version) return refuse(505, "This server speaks HTTP/1.1.");
  if (error) return refuse(400, "The request is not valid HTTP.");
  if (beast_->parser.is_done()) return check();

  // The body goes to the message as it comes, so what is left here is part of a header or of a
  // chunk's first line.
  if (buffer_.size() > limits_.header_bytes) {
    return refuse(431, "The request's headers are too large.");
  }
  if (beast_->parser.is_header_done() && !continued_) {
    continued_ = true;
    const auto expect = beast_->parser.get()[http::field::expect];
    if (boost::beast::iequals(expect, "100-continue")) return State::kContinue;
  }
  return State::kMore;
}

RequestParser::State RequestParser::check() {
  const auto& message = beast_->parser.get();
  if (message.version() != 10 && message.version() != 11) {
    return refuse(505, "This server speaks HTTP/1.1.");
  }
  const auto hosts = message.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && message.version() == 11)) {
    return refuse(400, "The request must have one Host header.");
  }
  // Other codings than chunked leave open where the request ends (RFC 9112 6.3).
  if (message.count(http::field::transfer_encoding) > 0 && !message.chunked()) {
    return refuse(400, "The request's transfer encoding is not chunked.");
  }
  if (!origin_form(to_string(message.target())))
    return refuse(400, "The request's target is not a path.");
  return State::kDone;
}

Request RequestParser::take() {
  const bool keep_alive = beast_->parser.keep_alive();
  auto message = beast_->parser.release();
  Request request;
  request.method = to_string(message.method_string());
  request.target = *origin_form(to_string(message.target()));
  const std::size_t mark = request.target.find('?');
  request.path = request.target.substr(0, mark);
  if (mark != std::string::npos) request.query = request.target.substr(mark + 1);
  for (const auto& field : message) {
    request.headers.emplace_back(to_string(field.name_string()), to_string(field.value()));
  }
  request.body = std::move(message.body());
  request.keep_alive = keep_alive;

  beast_ = std::make_unique<Beast>(limits_);
  started_ = false;
  continued_ = false;
  return request;
}

RequestParser::State RequestParser::refuse(int status, std::string reason) {
  status_ = status;
  reason_ = std::move(reason);
  return State::kRefused;
}

}  // namespace gatehouse
