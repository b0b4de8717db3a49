#include "gatehouse/web/page_response.h"

#include <cstdint>
#include <cstdio>
#include <utility>

#include "gatehouse/http/url.h"
#include "gatehouse/web/assets.h"

namespace gatehouse {

namespace {

// `scripts`: what is said about them; empty for none at all.
Response guarded_response(const PageBase& base, int status, Markup page,
                          std::string_view form_leads_to, const std::string& scripts) {
  // Pages that are shown under another host load their style from the portal's.
  std::string source = "'self'";
  if (const auto url = Url::parse(base.portal)) source += " " + url->origin();

  std::string form_action = "'self'";
  if (const auto url = Url::parse(form_leads_to)) form_action += " " + url->origin();

  Response response = Response::html(status, std::move(page.html));
  response.set("Content-Security-Policy",
               "default-src 'none'; " + scripts + "style-src " + source + "; img-src " + source +
                   "; form-action " + form_action + "; base-uri 'none'; frame-ancestors 'none'");
  response.set("Referrer-Policy", "same-origin");
  response.set("X-Frame-Options", "DENY");
  response.set("Pragma", "no-cache");
  return response;
}

}  // namespace

Response page_response(const PageBase& base, int status, Markup page,
                       std::string_view form_leads_to) {
  return guarded_response(base, status, std::move(page), form_leads_to, {});
}

Response live_page_response(const PageBase& base, Markup page) {
  return guarded_response(base, 200, std::move(page), {},
                          "script-src 'self'; connect-src 'self'; ");
}

Response asset_response(std::string_view content_type, std::string_view content) {
  Response response = Response::text(200, std::string(content));
  response.set("Content-Type", content_type);
  response.set("Cache-Control", "public, max-age=31536000, immutable");
  return response;
}

const std::string& assets_version() {
  static const std::string version = [] {
    std::uint64_t hash = 14695981039346656037U;  // FNV-1a, enough to tell two files apart
    for (const std::string_view asset : {style_css(), logo_svg(), console_js()}) {
      for (const unsigned char byte : asset) hash = (hash ^ byte) * 1099511628211U;
    }
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    return std::string(text, 10);
  }();
  return version;
}

}  // namespace gatehouse
