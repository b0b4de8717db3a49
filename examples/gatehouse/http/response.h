#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/http/body_stream.h"

namespace gatehouse {

// What one request is answered with. Built by the pages, written by the connection, which adds
// Content-Length, Date and Connection.
class Response {
 public:
  explicit Response(int status = 200) : status_(status) {}

  // A body with its type. Every response is "Cache-Control: no-store" unless the header is set
  // otherwise: nearly all of them are about one person.
  static Response html(int status, std::string body);
  static Response text(int status, std::string body);
  static Response json(int status, std::string body);
  // 200 with a body without end, which `body` writes; the connection serves nothing after it.
  static Response stream(std::string_view content_type, StreamBody body);
  // An answer without a body that sends the browser to `location`.
  static Response redirect(int status, std::string location);

  // Replaces the header of that name. Control characters in the value become blanks, so that no
  // text from outside can add a header line.
  Response& set(std::string_view name, std::string_view value);
  // As set(), beside headers of that name that are there already: for Set-Cookie.
  Response& add(std::string_view name, std::string_view value);

  int status() const { return status_; }
  const std::string& body() const { return body_; }
  // Empty but for stream().
  const StreamBody& stream_body() const { return stream_body_; }
  // The value of the first header of that name, in any case; empty if there is none.
  std::string_view header(std::string_view name) const;

  // The whole response as bytes. `head_only` leaves the body out but says its length, for HEAD.
  // Of a stream(), only the head.
  std::string serialize(bool head_only, bool keep_alive, std::string_view date) const;

 private:
  int status_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::string body_;
  StreamBody stream_body_;
};

// "Not Found" for 404, and so on.
std::string_view reason_phrase(int status);

// The time of now as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date();

}  // namespace gatehouse
