#pragma once

#include <absl/status/statusor.h>
#include <sojourn/cookie.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/http.hpp>
#include <string>
#include <vector>

#include "beast/sessions.h"
#include "login/users.h"

namespace beast_example {

using Request = boost::beast::http::request<boost::beast::http::string_body>;
using Response = boost::beast::http::response<boost::beast::http::string_body>;

// What the server says to each request. Used on the server's thread only; while one request waits
// for another member, or for a password to be checked, the others go on.
class Pages {
 public:
  Pages(Sessions& sessions, const sojourn::CookieCodec& cookies, const login::Users& users)
      : sessions_(sessions), cookies_(cookies), users_(users) {}

  // The request must live until that has ended.
  boost::asio::awaitable<Response> answer(const Request& request);

 private:
  struct Visitor {
    sojourn::CookieCandidate cookie;
    sojourn::Session session;
  };

  boost::asio::awaitable<Response> log_in(const Request& request);
  boost::asio::awaitable<Response> me(const Request& request);
  boost::asio::awaitable<Response> log_out(const Request& request);
  Response ready() const;

  // Whose request this is. kNotFound: nobody's. Anything else: that cannot be said now, and is no
  // reason to send somebody to the login page.
  boost::asio::awaitable<absl::StatusOr<Visitor>> find(const Request& request);
  // The session, without leaving this thread if this member has it.
  boost::asio::awaitable<absl::StatusOr<sojourn::Session>> get(const sojourn::SessionId& id);
  boost::asio::awaitable<bool> accepts(const std::string& user, const std::string& password);
  std::vector<sojourn::CookieCandidate> candidates(const Request& request) const;
  void set_cookie(Response& response, const sojourn::SessionId& id) const;

  Sessions& sessions_;
  const sojourn::CookieCodec& cookies_;
  const login::Users& users_;
  // Passwords are slow to check on purpose.
  boost::asio::thread_pool passwords_{1};
};

}  // namespace beast_example
