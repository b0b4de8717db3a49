#include "gatehouse/http/response.h"

#include <algorithm>
#include <cstddef>
#include <ctime>

#include "gatehouse/http/request.h"

namespace gatehouse {
namespace {

// As many as /verify answers with, whose responses are most.
constexpr std::size_t kUsualHeaders = 16;

std::string without_controls(std::string_view value) {
  const auto is_control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
  std::string result(value);
  // Nearly no value has one, which is found out many characters at a time.
  bool any = false;
  for (const char c : result) any |= is_control(c);
  if (any) std::ranges::replace_if(result, is_control, ' ');
  return result;
}

std::string date_of(std::time_t time) {
  std::tm utc = {};
  gmtime_r(&time, &utc);
  char text[64];
  // The names of days and months are English in the "C" locale, which this program never leaves.
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text, size};
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::string http_date() {
  thread_local std::time_t second = -1;
  thread_local std::string text;
  if (const std::time_t now = std::time(nullptr); now != second) {
    text = date_of(now);
    second = now;
  }
  return text;
}

Response Response::html(int status, std::string body) {
  Response response(status);
  response.set("Content-Type", "text/html; charset=utf-8");
  response.body_ = std::move(body);
  return response;
}

Response Response::text(int status, std::string body) {
  Response response(status);
  response.set("Content-Type", "text/plain; charset=utf-8");
  response.body_ = std::move(body);
  return response;
}

Response Response::json(int status, std::string body) {
  Response response(status);
  response.set("Content-Type", "application/json");
  response.body_ = std::move(body);
  return response;
}

Response Response::stream(std::string_view content_type, StreamBody body) {
  Response response(200);
  response.set("Content-Type", content_type);
  response.stream_body_ = std::move(body);
  return response;
}

Response Response::redirect(int status, std::string location) {
  Response response(status);
  response.set("Location", location);
  return response;
}

Response& Response::set(std::string_view name, std::string_view value) {
  for (auto& [key, old] : headers_) {
    if (key.size() == name.size() && equal_ignoring_case(key, name)) {
      old = without_controls(value);
      return *this;
    }
  }
  return add(name, value);
}

Response& Response::add(std::string_view name, std::string_view value) {
  if (headers_.empty()) headers_.reserve(kUsualHeaders);
  headers_.emplace_back(std::string(name), without_controls(value));
  return *this;
}

std::string_view Response::header(std::string_view name) const {
  for (const auto& [key, value] : headers_) {
    if (equal_ignoring_case(key, name)) return value;
  }
  return {};
}

std::string Response::serialize(bool head_only, bool keep_alive, std::string_view date) const {
  std::string bytes;
  bytes.reserve(512 + body_.size());
  const auto line = [&bytes](std::string_view name, std::string_view value) {
    bytes.append(name).append(": ").append(value).append("\r\n");
  };

  bytes.append("HTTP/1.1 ").append(std::to_string(status_)).append(" ");
  bytes.append(reason_phrase(status_)).append("\r\n");
  line("Date", date);
  for (const auto& [name, value] : headers_) line(name, value);
  if (header("Cache-Control").empty()) line("Cache-Control", "no-store");
  line("X-Content-Type-Options", "nosniff");
  // A stream ends with its connection.
  if (status_ != 204 && !stream_body_) line("Content-Length", std::to_string(body_.size()));
  line("Connection", keep_alive && !stream_body_ ? "keep-alive" : "close");
  bytes.append("\r\n");
  if (!head_only && status_ != 204) bytes.append(body_);
  return bytes;
}

}  // namespace gatehouse
