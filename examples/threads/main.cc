// A login server with a thread per request (cpp-httplib), on SyncStore. Start several, and let any
// of them answer any request:
//
//   htpasswd -nbB ana 'open sesame' > users    # of apache2-utils
//   members="--member a=127.0.0.1:7701 --member b=127.0.0.1:7702"
//   threads --name a $members --users users &
//   threads --name b $members --users users --http-port 8081 &
//   curl -c jar -d user=ana --data-urlencode 'password=open sesame' localhost:8080/login
//   curl -b jar localhost:8081/me
#include <httplib.h>
#include <sojourn/cookie.h>
#include <sojourn/sync_store.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "login/arguments.h"
#include "login/users.h"

namespace {

using httplib::Request;
using httplib::Response;

// Longer than a failover takes: requests for sessions of a member that died wait, and succeed.
constexpr sojourn::ReadOptions kRead = {.timeout = std::chrono::seconds(2)};
constexpr sojourn::WriteOptions kWrite = {.timeout = std::chrono::seconds(3)};

// The pages. Used by all threads of the server at a time: the store, the codec and the users are
// safe for that, and there is nothing else.
class Pages {
 public:
  Pages(sojourn::SyncStore& store, const sojourn::CookieCodec& cookies, const login::Users& users)
      : store_(store), cookies_(cookies), users_(users) {}

  // A session begins with an id of its own, whatever cookie the browser came with.
  void log_in(const Request& request, Response& response) {
    const std::string user = request.get_param_value("user");
    if (!users_.accepts(user, request.get_param_value("password"))) {
      return answer(response, 403, "wrong name or password\n");
    }
    auto session = store_.create(
        sojourn::NewSession(user).with("device", request.get_header_value("User-Agent")), kWrite);
    if (!session.ok()) return refuse(response, session.status());
    set_cookie(response, session->id());
    answer(response, 200, "welcome, " + user + "\n");
  }

  void me(const Request& request, Response& response) {
    auto visitor = find(request);
    if (!visitor.ok()) return refuse(response, visitor.status());
    // The owner changes when members come and go; the balancer is told by the cookie.
    if (cookies_.reissue(visitor->cookie, store_.store().owner_of(visitor->session.id()))) {
      set_cookie(response, visitor->session.id());
    }
    answer(response, 200, std::string(visitor->session.subject()) + "\n");
  }

  // Ends all that the browser shows, known or not: nothing of it is worth anything afterwards.
  void log_out(const Request& request, Response& response) {
    for (const auto& candidate : candidates(request)) {
      const absl::Status ended = store_.revoke(candidate.id, kWrite);
      if (!ended.ok()) return refuse(response, ended);
    }
    response.set_header("Set-Cookie", cookies_.clear_cookie());
    answer(response, 200, "goodbye\n");
  }

  void ready(Response& response) {
    const sojourn::Health health = store_.store().health();
    const bool takes_requests = health.ready && !health.leaving;
    answer(response, takes_requests ? 200 : 503, health.reason + "\n");
  }

 private:
  struct Visitor {
    sojourn::CookieCandidate cookie;
    sojourn::Session session;
  };

  std::vector<sojourn::CookieCandidate> candidates(const Request& request) const {
    std::vector<std::string_view> lines;
    const auto [begin, end] = request.headers.equal_range("Cookie");
    for (auto line = begin; line != end; ++line) lines.emplace_back(line->second);
    return cookies_.find(lines).candidates;
  }

  // Whose request this is. kNotFound: nobody's. Anything else: that cannot be said now, and is no
  // reason to send somebody to the login page.
  absl::StatusOr<Visitor> find(const Request& request) {
    for (const auto& candidate : candidates(request)) {
      auto session = store_.get(candidate.id, kRead);
      if (session.ok()) return Visitor{candidate, *std::move(session)};
      if (!absl::IsNotFound(session.status())) return session.status();
    }
    return absl::NotFoundError("not logged in");
  }

  void set_cookie(Response& response, const sojourn::SessionId& id) const {
    response.set_header("Set-Cookie", cookies_.set_cookie(id, store_.store().owner_of(id)));
  }

  static void refuse(Response& response, const absl::Status& why) {
    if (absl::IsNotFound(why)) return answer(response, 401, "not logged in\n");
    response.set_header("Retry-After", "1");
    answer(response, 503, "try again\n");
  }

  static void answer(Response& response, int status, const std::string& text) {
    response.status = status;
    response.set_header("Cache-Control", "no-store");
    response.set_content(text, "text/plain");
  }

  sojourn::SyncStore& store_;
  const sojourn::CookieCodec& cookies_;
  const login::Users& users_;
};

void route(httplib::Server& server, Pages& pages) {
  server.Post("/login",
              [&](const Request& request, Response& response) { pages.log_in(request, response); });
  server.Get("/me",
             [&](const Request& request, Response& response) { pages.me(request, response); });
  server.Post("/logout", [&](const Request& request, Response& response) {
    pages.log_out(request, response);
  });
  server.Get("/readyz", [&](const Request&, Response& response) { pages.ready(response); });
}

// Blocked in every thread that is started from here on, so that wait_for_signal() gets them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void wait_for_signal(const sigset_t& signals) {
  int number = 0;
  sigwait(&signals, &number);
}

int fail(std::string_view what) {
  std::cerr << what << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  int exit_status = 0;
  const auto arguments = login::read_arguments(argc, argv, exit_status);
  if (!arguments) return exit_status;
  const auto users = login::Users::read(arguments->users_file);
  if (!users.ok()) return fail(std::string(users.status().message()));
  const auto cookies = sojourn::CookieCodec::make(arguments->cookies);
  if (!cookies.ok()) return fail(std::string(cookies.status().message()));

  const sigset_t signals = block_signals();
  auto store = sojourn::SyncStore::open(arguments->store);
  if (!store.ok()) return fail(std::string(store.status().message()));

  Pages pages(*store, *cookies, *users);
  httplib::Server server;
  route(server, pages);
  if (!server.bind_to_port(arguments->http_host.c_str(), arguments->http_port)) {
    return fail("the HTTP port is taken");
  }
  std::jthread serving([&server] { server.listen_after_bind(); });

  wait_for_signal(signals);
  // /readyz says so, and everything is served on, until the sessions are with other members.
  const absl::Status drained = store->drain();
  if (!drained.ok()) std::cerr << "not handed over: " << drained.message() << "\n";
  server.stop();
}
