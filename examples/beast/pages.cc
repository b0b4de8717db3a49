#include "beast/pages.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "beast/ask.h"
#include "beast/form.h"

namespace beast_example {

using boost::asio::awaitable;
namespace http = boost::beast::http;

namespace {

Response text(http::status status, std::string body) {
  Response response(status, 11);
  response.set(http::field::content_type, "text/plain");
  response.set(http::field::cache_control, "no-store");
  response.body() = std::move(body);
  return response;
}

Response refuse(const absl::Status& why) {
  if (absl::IsNotFound(why)) return text(http::status::unauthorized, "not logged in\n");
  Response response = text(http::status::service_unavailable, "try again\n");
  response.set(http::field::retry_after, "1");
  return response;
}

std::string to_string(boost::beast::string_view view) { return {view.data(), view.size()}; }

awaitable<bool> check(const login::Users& users, const std::string& user,
                      const std::string& password) {
  co_return users.accepts(user, password);
}

}  // namespace

awaitable<Response> Pages::answer(const Request& request) {
  const bool is_post = request.method() == http::verb::post;
  if (is_post && request.target() == "/login") co_return co_await log_in(request);
  if (is_post && request.target() == "/logout") co_return co_await log_out(request);
  if (!is_post && request.target() == "/me") co_return co_await me(request);
  if (!is_post && request.target() == "/readyz") co_return ready();
  co_return text(http::status::not_found, "no such page\n");
}

// A session begins with an id of its own, whatever cookie the browser came with.
awaitable<Response> Pages::log_in(const Request& request) {
  const auto user = form_field(request.body(), "user");
  const auto password = form_field(request.body(), "password");
  if (!user || !password || !co_await accepts(*user, *password)) {
    co_return text(http::status::forbidden, "wrong name or password\n");
  }
  sojourn::NewSession login(*user);
  login.with("device", to_string(request[http::field::user_agent]));
  auto session = co_await ask<absl::StatusOr<sojourn::Session>>(
      [this, &login](auto done) { sessions_.create(std::move(login), std::move(done)); });
  if (!session.ok()) co_return refuse(session.status());
  Response response = text(http::status::ok, "welcome, " + *user + "\n");
  set_cookie(response, session->id());
  co_return response;
}

awaitable<Response> Pages::me(const Request& request) {
  auto visitor = co_await find(request);
  if (!visitor.ok()) co_return refuse(visitor.status());
  Response response = text(http::status::ok, std::string(visitor->session.subject()) + "\n");
  // The owner changes when members come and go; the balancer is told by the cookie.
  if (cookies_.reissue(visitor->cookie, sessions_.owner_of(visitor->session.id()))) {
    set_cookie(response, visitor->session.id());
  }
  co_return response;
}

// Ends all that the browser shows, known or not: nothing of it is worth anything afterwards.
awaitable<Response> Pages::log_out(const Request& request) {
  const std::vector<sojourn::CookieCandidate> shown = candidates(request);
  for (const auto& candidate : shown) {
    const absl::Status ended = co_await ask<absl::Status>(
        [this, &candidate](auto done) { sessions_.revoke(candidate.id, std::move(done)); });
    if (!ended.ok()) co_return refuse(ended);
  }
  Response response = text(http::status::ok, "goodbye\n");
  response.set(http::field::set_cookie, cookies_.clear_cookie());
  co_return response;
}

Response Pages::ready() const {
  return sessions_.takes_requests() ? text(http::status::ok, "ready\n")
                                    : text(http::status::service_unavailable, "not ready\n");
}

awaitable<absl::StatusOr<Pages::Visitor>> Pages::find(const Request& request) {
  const std::vector<sojourn::CookieCandidate> shown = candidates(request);
  for (const auto& candidate : shown) {
    auto session = co_await get(candidate.id);
    if (session.ok()) co_return Visitor{candidate, *std::move(session)};
    if (!absl::IsNotFound(session.status())) co_return session.status();
  }
  co_return absl::NotFoundError("not logged in");
}

awaitable<absl::StatusOr<sojourn::Session>> Pages::get(const sojourn::SessionId& id) {
  if (auto local = sessions_.get_local(id)) co_return *std::move(local);
  co_return co_await ask<absl::StatusOr<sojourn::Session>>(
      [this, &id](auto done) { sessions_.get(id, std::move(done)); });
}

awaitable<bool> Pages::accepts(const std::string& user, const std::string& password) {
  co_return co_await boost::asio::co_spawn(passwords_.get_executor(), check(users_, user, password),
                                           boost::asio::use_awaitable);
}

std::vector<sojourn::CookieCandidate> Pages::candidates(const Request& request) const {
  std::vector<std::string_view> lines;
  const auto [begin, end] = request.equal_range(http::field::cookie);
  for (auto line = begin; line != end; ++line) {
    lines.emplace_back(line->value().data(), line->value().size());
  }
  return cookies_.find(lines).candidates;
}

void Pages::set_cookie(Response& response, const sojourn::SessionId& id) const {
  response.set(http::field::set_cookie, cookies_.set_cookie(id, sessions_.owner_of(id)));
}

}  // namespace beast_example
