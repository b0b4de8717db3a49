#include "gatehouse/portal/answers.h"

#include <nlohmann/json.hpp>

#include "gatehouse/http/form.h"
#include "gatehouse/log.h"
#include "gatehouse/portal/form_guard.h"
#include "gatehouse/portal/readable_time.h"
#include "gatehouse/portal/redirect_rules.h"
#include "gatehouse/web/page_response.h"

namespace gatehouse {

bool wants_json(const Request& request) {
  const Form query = Form::parse(request.query);
  if (query.get("format") == "json") return true;
  if (const auto accept = request.header("Accept")) {
    const std::string types = to_lower(*accept);
    // Browsers ask for text/html first and for anything after that.
    if (types.find("text/html") != std::string::npos) return false;
    if (types.find("application/json") != std::string::npos) return true;
  }
  return has_json_body(request);
}

Response message_answer(const Services& services, const Request& request, int status,
                        const MessagePage& page) {
  if (!wants_json(request)) {
    return page_response(services.base, status, message_page(services.base, page));
  }
  const nlohmann::json json = {{"error", true}, {"message", page.title + ". " + page.text}};
  return Response::json(status, json.dump() + "\n");
}

Response unavailable_answer(const Services& services, const Request& request,
                            const absl::Status& why) {
  log_line(sojourn::LogLevel::kWarning,
           "the store could not answer: " + std::string(why.message()));
  Response response = message_answer(
      services, request, 503,
      {.title = "Please try again",
       .text = "Your session cannot be reached at this moment. You have not been signed out.",
       .link_title = "Try again",
       .link_url = request.is_read() ? request.target : services.path("login")});
  response.set("Retry-After", "1");
  return response;
}

Response refused_form_answer(const Services& services, const Request& request) {
  ++services.counters.forms_refused;
  return message_answer(services, request, 403,
                        {.title = "This form cannot be accepted",
                         .text = "It was not sent from this site, or it was open for too long.",
                         .link_title = "Start again",
                         .link_url = services.path("login")});
}

Response admins_only_answer(const Services& services, const Request& request) {
  return message_answer(services, request, 403,
                        {.title = "Not allowed",
                         .text = "This page is for administrators.",
                         .link_title = "To the portal",
                         .link_url = services.path("portal"),
                         .offers_sign_out = true});
}

std::string locked_text(std::chrono::milliseconds wait) {
  return "Too many wrong passwords for this name or from where you are. Try again in " +
         readable_wait(wait) + ".";
}

Response retry_after(Response response, std::chrono::milliseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  response.set("Retry-After", std::to_string(seconds.count()));
  return response;
}

std::optional<std::string> login_target(const Services& services, std::string_view text) {
  if (auto page = own_page(text, services.base.portal)) return page;
  return trusted_redirect(text, services.portal.login_redirects);
}

Response to_login(const Services& services, std::string_view reason) {
  std::string location = services.path("login");
  if (!reason.empty()) location += "?reason=" + percent_encode(reason);
  return Response::redirect(303, std::move(location));
}

void sign_out_browser(const Services& services, Response& response) {
  services.sessions.clear_cookie(response);
  if (services.portal.protection.clear_site_data) {
    response.set("Clear-Site-Data", "\"cache\", \"cookies\", \"storage\"");
  }
}

}  // namespace gatehouse
