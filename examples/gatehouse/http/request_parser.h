#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "gatehouse/http/request.h"

namespace gatehouse {

// What one request may cost.
struct RequestLimits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t body_bytes = 64 * 1024;
};

// Makes requests of the bytes of one connection, one after the other.
//
// The rules of HTTP/1.1 are Boost.Beast's. Only its parser is used, which takes buffers and knows
// nothing of sockets: Beast's own reading and writing need Boost.Asio, and this server shares
// standalone Asio with the library, so that one event loop runs both.
//
// Used by one connection only.
class RequestParser {
 public:
  explicit RequestParser(RequestLimits limits = {});
  ~RequestParser();

  enum class State {
    kMore,      // the request is not complete: append more
    kContinue,  // the client waits for "100 Continue" before it sends the body; told once
    kDone,      // take() has the request
    kRefused,   // not a request this server takes: see status(); nothing more can be read
  };

  // Adds bytes from the connection, and says where the request stands. Bytes beyond the end of a
  // request are kept for the one after it.
  State append(std::string_view bytes);

  // The complete request, after kDone. Afterwards the next one is read; append("") says whether it
  // has arrived already.
  Request take();

  // After kRefused: the status to answer, and why, in words that may be shown.
  int status() const { return status_; }
  const std::string& reason() const { return reason_; }

  // True when not one byte of the next request has arrived.
  bool is_idle() const;

 private:
  struct Beast;

  State refuse(int status, std::string reason);
  State check();

  RequestLimits limits_;
  std::unique_ptr<Beast> beast_;
  std::string buffer_;
  bool started_ = false;
  bool continued_ = false;
  int status_ = 400;
  std::string reason_;
};

}  // namespace gatehouse
