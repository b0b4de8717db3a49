#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gatehouse/config/readers.h"
#include "gatehouse/config/words.h"
#include "gatehouse/http/request.h"
#include "gatehouse/http/url.h"

namespace gatehouse {
namespace {

struct PortalReader {
  PortalConfig portal = {};
  // Keys that sign and keys that only verify; the first of all keys signs.
  std::vector<sojourn::CookieKey> signing_keys = {};
  std::vector<sojourn::CookieKey> verifying_keys = {};
  bool has_cookie_name = false;

  bool read_cookie(Words& words);
  void read_key(Words& words);
  void read_redirect(Words& words, std::vector<RedirectRule>& rules);
  void read_ui(Words& words, Problems& problems);
  void complete();
};

// cookie domain|path|lifetime|samesite|insecure ...
bool PortalReader::read_cookie(Words& words) {
  sojourn::CookieOptions& cookie = portal.cookie;
  if (words.take({"domain"})) {
    cookie.domain = words.text("a domain");
  } else if (words.take({"path"})) {
    cookie.path = words.text("a path");
  } else if (words.take({"lifetime"})) {
    cookie.max_age = std::chrono::seconds(words.number("seconds", 1, 400 * 24 * 60 * 60));
  } else if (words.take({"insecure"})) {
    cookie.secure = !words.on_off();
  } else if (words.take({"samesite"})) {
    const std::string mode = to_lower(words.text("lax, strict or none"));
    if (mode == "lax")
      cookie.same_site = sojourn::SameSite::kLax;
    else if (mode == "strict")
      cookie.same_site = sojourn::SameSite::kStrict;
    else if (mode == "none")
      cookie.same_site = sojourn::SameSite::kNone;
    else
      words.problem("'" + mode + "' is none of lax, strict and none");
  } else {
    return false;
  }
  return true;
}

// crypto key [ID] sign-verify|verify SECRET
void PortalReader::read_key(Words& words) {
  sojourn::CookieKey key;
  std::string use = words.text("sign-verify or verify");
  if (use.size() == 1) {
    key.id = use[0];
    use = words.text("sign-verify or verify");
  }
  key.secret = words.text("a secret");
  if (key.secret.size() < 32) words.problem("the secret of a crypto key has at least 32 bytes");
  if (use == "sign-verify") {
    signing_keys.push_back(std::move(key));
  } else if (use == "verify") {
    verifying_keys.push_back(std::move(key));
  } else {
    words.problem(
        "a crypto key is for sign-verify or verify, with an id of one character before it");
  }
}

// trust login redirect uri domain [exact|suffix] DOMAIN path [exact|prefix] PATH
void PortalReader::read_redirect(Words& words, std::vector<RedirectRule>& rules) {
  using Match = RedirectRule::Match;
  RedirectRule rule;
  if (!words.take({"domain"})) words.problem("expected domain exact|suffix DOMAIN");
  if (words.take({"suffix"}))
    rule.domain_match = Match::kSuffix;
  else
    words.take({"exact"});
  rule.domain = to_lower(words.text("a domain"));
  if (rule.domain.starts_with('.')) rule.domain.erase(0, 1);
  if (!Url::parse("http://" + rule.domain + "/") || rule.domain.find(':') != std::string::npos) {
    words.problem("'" + rule.domain + "' is no domain: a host name without a port is expected");
  }
  if (!words.take({"path"})) words.problem("expected path exact|prefix PATH");
  if (words.take({"prefix"}))
    rule.path_match = Match::kPrefix;
  else
    words.take({"exact"});
  rule.path = words.text("a path");
  if (!rule.path.starts_with('/')) words.problem("a path starts with '/'");
  rules.push_back(std::move(rule));
}

// ui { links { "Title" URL [icon NAME] } }
void PortalReader::read_ui(Words& words, Problems& problems) {
  for (const Directive& part : words.block()) {
    Words inner(part, problems);
    if (!inner.take({"links"})) {
      inner.unknown("ui");
      continue;
    }
    for (const Directive& line : inner.block()) {
      Words entry(line, problems);
      LinkConfig link;
      link.title = entry.text("a title");
      link.url = entry.text("an address");
      const bool is_path = link.url.starts_with('/') && !link.url.starts_with("//");
      if (!is_path && !Url::parse(link.url)) {
        entry.problem("'" + link.url + "' is neither a path nor an http or https address");
      }
      // Icons are classes of a font that these pages do not load.
      if (entry.take({"icon"})) (void)entry.text("an icon");
      entry.finish();
      portal.links.push_back(std::move(link));
    }
    inner.finish();
  }
}

void PortalReader::complete() {
  portal.cookie.keys = std::move(signing_keys);
  std::ranges::move(verifying_keys, std::back_inserter(portal.cookie.keys));
  if (has_cookie_name) return;
  // The strictest name that the other settings leave possible.
  if (!portal.cookie.secure)
    portal.cookie.name = "sid";
  else if (!portal.cookie.domain.empty() || portal.cookie.path != "/") {
    portal.cookie.name = "__Secure-sid";
  }
}

}  // namespace

void read_portal(const Directive& directive, Config& config, Problems& problems) {
  Words words(directive, problems);
  words.take({"authentication", "portal"});
  PortalReader reader;
  PortalConfig& portal = reader.portal;
  portal.place = directive.place;
  portal.name = words.text("a name for the portal");
  if (config.find_portal(portal.name) != nullptr) {
    words.problem("there is an authentication portal '" + portal.name + "' already");
  }
  for (const Directive& line : words.block()) {
    Words inner(line, problems);
    if (inner.take({"enable", "identity", "store"})) {
      portal.identity_stores.push_back(inner.text("the name of an identity store"));
    } else if (inner.take({"cookie"})) {
      if (!reader.read_cookie(inner)) inner.unknown("an authentication portal's cookie");
    } else if (inner.take({"set", "session_id", "cookie", "name"})) {
      portal.cookie.name = inner.text("a cookie name");
      reader.has_cookie_name = true;
    } else if (inner.take({"crypto", "key"})) {
      reader.read_key(inner);
    } else if (inner.take({"trust", "login", "redirect", "uri"})) {
      reader.read_redirect(inner, portal.login_redirects);
    } else if (inner.take({"trust", "logout", "redirect", "uri"})) {
      reader.read_redirect(inner, portal.logout_redirects);
    } else if (inner.take({"ui"})) {
      reader.read_ui(inner, problems);
    } else if (inner.take({"console"})) {
      portal.console = inner.on_off();
    } else if (!read_protection(inner, portal.protection)) {
      inner.unknown("an authentication portal");
    }
    inner.finish();
  }
  if (reader.signing_keys.empty() && !reader.verifying_keys.empty()) {
    words.problem("one crypto key must be for sign-verify");
  }
  if (portal.identity_stores.empty()) words.problem("'enable identity store' is missing");
  words.finish();
  reader.complete();
  config.portals.push_back(std::move(portal));
}

}  // namespace gatehouse
