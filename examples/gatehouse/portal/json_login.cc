#include "gatehouse/portal/json_login.h"

#include <asio/bind_executor.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "gatehouse/portal/answers.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/identity.h"
#include "gatehouse/portal/new_login.h"
#include "gatehouse/portal/password_attempt.h"

namespace gatehouse {
namespace {

using Json = nlohmann::json;

Response error_answer(int status, std::string_view message) {
  return Response::json(status, Json{{"error", true}, {"message", message}}.dump() + "\n");
}

std::string text_of(const Json& body, const char* field) {
  const auto found = body.find(field);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void begin(Services& services, const ExchangePtr& exchange, const Json& body) {
  const std::string name = text_of(body, "username");
  const std::string realm = text_of(body, "realm");
  if (!claimed_name_problem(name).empty() || realm.size() > kUserNameBytesMax) {
    return exchange->answer(error_answer(400, "Bad Request"));
  }
  services.store.async_create(
      new_login(name, realm, {}), services.config.write,
      asio::bind_executor(
          exchange->executor(), [&services, exchange](absl::StatusOr<sojourn::Session> login) {
            if (!login.ok()) {
              return exchange->answer(
                  unavailable_answer(services, exchange->request(), login.status()));
            }
            log_login_started(services, exchange->request(), *login);
            const Json json = {{"sandbox_id", services.sessions.value(login->id())},
                               {"sandbox_secret", attribute_of(*login, kCsrfToken)},
                               {"next_challenge", "password"}};
            exchange->answer(Response::json(200, json.dump() + "\n"));
          }));
}

Response after_attempt(Services& services, const Request& request, AttemptResult result) {
  switch (result.outcome) {
    case AttemptResult::Outcome::kSignedIn: {
      const auto expires = result.session->expires_at().time_since_epoch();
      const Json json = {
          {"authenticated", true},
          {"session", services.sessions.value(result.session->id())},
          {"cookie_name", services.portal.cookie.name},
          {"expires_at", std::chrono::duration_cast<std::chrono::seconds>(expires).count()}};
      return Response::json(200, json.dump() + "\n");
    }
    case AttemptResult::Outcome::kWrong:
      return error_answer(401, "Authentication failed");
    case AttemptResult::Outcome::kEnded:
      return error_answer(401, "Too many failed attempts");
    case AttemptResult::Outcome::kLocked:
      return retry_after(error_answer(429, locked_text(result.wait)), result.wait);
    case AttemptResult::Outcome::kFull:
      return error_answer(403, std::string(kFullText) + " Sign out on one of them first.");
    case AttemptResult::Outcome::kGone:
      return error_answer(401, "There is no such login");
    case AttemptResult::Outcome::kUnavailable:
      break;
  }
  return unavailable_answer(services, request, result.why);
}

void answer_challenge(Services& services, const ExchangePtr& exchange, const Json& body) {
  const auto id = services.sessions.read_value(text_of(body, "sandbox_id"));
  if (!id) return exchange->answer(error_answer(401, "There is no such login"));
  if (text_of(body, "challenge_kind") != "password") {
    return exchange->answer(error_answer(400, "The challenge is \"password\""));
  }
  services.store.async_get(
      *id, services.config.read,
      asio::bind_executor(exchange->executor(), [&services, exchange,
                                                 body](absl::StatusOr<sojourn::Session> login) {
        if (!login.ok() && !is_gone(login.status())) {
          return exchange->answer(
              unavailable_answer(services, exchange->request(), login.status()));
        }
        if (!login.ok() || login->phase() != sojourn::Phase::kLogin ||
            !csrf_token_matches(*login, text_of(body, "sandbox_secret"))) {
          return exchange->answer(error_answer(401, "There is no such login"));
        }
        attempt_password(
            services, exchange, *login,
            {.password = text_of(body, "challenge_response"),
             .remember = body.value("remember", Json()) == Json(true)},
            [&services, exchange](AttemptResult result) {
              exchange->answer(after_attempt(services, exchange->request(), std::move(result)));
            });
      }));
}

}  // namespace

void handle_json_login(Services& services, const ExchangePtr& exchange) {
  const Json body = Json::parse(exchange->request().body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return exchange->answer(error_answer(400, "Bad Request"));
  if (body.contains("sandbox_id")) return answer_challenge(services, exchange, body);
  begin(services, exchange, body);
}

}  // namespace gatehouse
