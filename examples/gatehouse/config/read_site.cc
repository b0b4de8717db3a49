#include <algorithm>
#include <utility>

#include "gatehouse/config/readers.h"
#include "gatehouse/config/words.h"
#include "gatehouse/http/endpoint.h"

namespace gatehouse {
namespace {

bool is_plain_path(std::string_view path) {
  return path.size() > 1 && path.starts_with('/') && !path.ends_with('/') &&
         std::ranges::all_of(path, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '/' || c == '-' || c == '_' || c == '.';
         });
}

// route /auth* { authenticate with PORTAL } or route /verify* { authorize with POLICY }
void read_route(const Directive& line, Words& words, Config& config, Problems& problems) {
  RouteConfig route;
  route.place = line.place;
  route.prefix = words.text("a path such as /auth*");
  if (route.prefix.ends_with('*'))
    route.prefix.pop_back();
  else
    words.problem("a route's path ends with '*'");
  if (!is_plain_path(route.prefix))
    words.problem("'" + route.prefix + "' is not a path such as /auth*");
  for (const Directive& each : words.block()) {
    Words inner(each, problems);
    if (inner.take({"authenticate", "with"})) {
      route.portal = inner.text("the name of a portal");
    } else if (inner.take({"authorize", "with"})) {
      route.policy = inner.text("the name of a policy");
    } else {
      inner.unknown("a route");
    }
    inner.finish();
  }
  if (route.portal.empty() == route.policy.empty()) {
    words.problem("a route has either 'authenticate with' or 'authorize with'");
  }
  config.routes.push_back(std::move(route));
}

}  // namespace

void read_site(const Directive& directive, Config& config, Problems& problems) {
  // The words are the addresses: ":8080", "127.0.0.1:8080", "http://:8080".
  std::vector<std::string> ports;
  for (const Token& word : directive.words) {
    std::string address = word.text;
    if (address.ends_with(',')) address.pop_back();
    if (address.starts_with("http://")) address.erase(0, 7);
    if (address.find(':') == std::string::npos || address.find('/') != std::string::npos) {
      problems.add(word.place, "'" + word.text +
                                   "' is not a site's address such as :8080 or 127.0.0.1:8080, and "
                                   "no directive at the top level");
      continue;
    }
    if (!parse_endpoint(address)) {
      problems.add(word.place, "'" + word.text + "' is not " + std::string(kEndpointForm));
      continue;
    }
    config.listen.push_back(address);
  }
  if (!directive.has_block) {
    problems.add(directive.place, "expected a block in braces");
    return;
  }

  for (const Directive& line : directive.block) {
    Words words(line, problems);
    if (words.take({"route"})) {
      read_route(line, words, config, problems);
    } else if (words.take({"bind"})) {
      // The site's address then says only the port.
      const std::string host = words.text("an address to listen on");
      for (std::string& address : config.listen) {
        address = host + address.substr(std::min(address.rfind(':'), address.size()));
        if (!parse_endpoint(address)) {
          words.problem("'" + address + "' is not " + std::string(kEndpointForm));
        }
      }
    } else if (words.take({"log"})) {
      config.access_log = words.on_off();
    } else {
      words.unknown("a site");
    }
    words.finish();
  }
}

}  // namespace gatehouse
