#include "gatehouse/config/config.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "gatehouse/config/readers.h"
#include "gatehouse/config/words.h"
#include "gatehouse/http/endpoint.h"

namespace gatehouse {
namespace {

using namespace std::chrono_literals;

template <typename Range>
auto find_named(const Range& range, std::string_view name) -> decltype(range.data()) {
  const auto found =
      std::ranges::find(range, name, [](const auto& each) { return std::string_view(each.name); });
  return found == range.end() ? nullptr : &*found;
}

// admin off|HOST:PORT. Whoever reaches the address may give orders, so nobody else's machine may.
void read_admin(Words& words, Config& config) {
  config.admin.clear();
  if (words.take({"off"})) return;
  const std::string address = words.text("off, or an address on loopback such as 127.0.0.1:2019");
  const auto endpoint = parse_endpoint(address);
  if (endpoint && endpoint->address().is_loopback()) {
    config.admin = address;
  } else if (!address.empty()) {
    words.problem("'" + address + "' is not an address on loopback, such as 127.0.0.1:2019");
  }
}

void read_global_line(const Directive& line, Config& config, Problems& problems) {
  Words words(line, problems);
  if (words.take({"security"})) return read_security(line, config, problems);
  if (words.take({"sojourn"})) return read_sojourn(line, config, problems);
  if (words.take({"trusted_proxies"})) {
    words.take({"static"});  // Caddy names the kind of source; lists are the only kind here
    for (const std::string& range : words.texts("a range of addresses such as 10.0.0.0/8")) {
      if (!config.trusted_proxies.add(range)) {
        words.problem("'" + range + "' is neither a range such as 10.0.0.0/8 nor private_ranges");
      }
    }
  } else if (words.take({"threads"})) {
    config.threads = static_cast<unsigned>(words.number("a number of threads", 1, 256));
  } else if (words.take({"admin"})) {
    read_admin(words, config);
  } else if (words.take({"grace_period"})) {
    config.grace_period = words.milliseconds("a duration", 0ms);
  } else if (words.take({"shutdown_delay"})) {
    config.shutdown_delay = words.milliseconds("a duration", 0ms);
  } else {
    words.unknown("the global block");
  }
  words.finish();
}

// Checks what one part of the configuration says about another.
class Completion {
 public:
  Completion(Config& config, const Place& file, Problems& problems)
      : config_(config), file_(file), problems_(problems) {}

  void run() {
    check_cluster();
    for (PortalConfig& portal : config_.portals) complete(portal);
    for (const RouteConfig& route : config_.routes) check(route);
    if (config_.routes.empty()) problems_.add(file_, "no site has a route");
    if (config_.listen.empty()) problems_.add(file_, "there is no site: nothing to listen on");
  }

 private:
  // What is missing is told in the words of the file, all else by the store itself.
  void check_cluster() {
    const sojourn::StoreOptions& store = config_.store;
    const Place& block = config_.store_places.try_emplace("", file_).first->second;
    const std::size_t before = problems_.lines().size();
    const bool is_listed = find_named(store.members, store.name) != nullptr;
    if (store.members.empty() && !store.dns)
      problems_.add(block, "sojourn: there is no member, and no 'dns' to find them by");
    else if (store.name.empty())
      problems_.add(block, "sojourn: 'node' does not say which member this is");
    else if (!is_listed && store.dns && store.address.empty()) {
      problems_.add(block, "sojourn: 'address' does not say where others reach this member");
    }
    if (store.dns && store.dns->name.empty()) {
      problems_.add(block, "sojourn: there is no 'dns' that says what to ask DNS servers for");
    }
    if (store.dns && store.bootstrap_expect == 0) {
      problems_.add(block,
                    "sojourn: 'dns' needs 'bootstrap_expect': more than half of the members that "
                    "may ever start together");
    }
    if (!store.tls && !store.insecure) {
      problems_.add(block, "sojourn: 'tls' is missing, or 'insecure' to do without");
    }
    if (problems_.lines().size() == before) check_store_options(config_, problems_);
  }

  void complete(PortalConfig& portal) {
    portal.cookie.attach_route = config_.attach_route;
    portal.cookie.route_alias = config_.route_alias;
    for (const std::string& store : portal.identity_stores) {
      if (config_.find_identity_store(store) == nullptr) {
        problems_.add(portal.place, "there is no local identity store '" + store + "'");
      }
    }
    // What a line of its own was told about is not told again.
    if (!problems_.lines().empty()) return;
    const auto codec = sojourn::CookieCodec::make(portal.cookie);
    if (!codec.ok())
      problems_.add(portal.place, "cookie: " + std::string(codec.status().message()));
  }

  void check(const RouteConfig& route) {
    if (!route.portal.empty() && config_.find_portal(route.portal) == nullptr) {
      problems_.add(route.place, "there is no authentication portal '" + route.portal + "'");
    }
    if (!route.policy.empty() && config_.find_policy(route.policy) == nullptr) {
      problems_.add(route.place, "there is no authorization policy '" + route.policy + "'");
    }
    const auto has_same_prefix = [&route](const RouteConfig& other) {
      return &other != &route && other.prefix == route.prefix;
    };
    if (std::ranges::any_of(config_.routes, has_same_prefix)) {
      problems_.add(route.place, "there are two routes for '" + route.prefix + "*'");
    }
    const auto is_portal = [](const RouteConfig& each) { return !each.portal.empty(); };
    if (!route.portal.empty() && std::ranges::count_if(config_.routes, is_portal) > 1) {
      problems_.add(route.place, "only one route may have 'authenticate with'");
    }
    // Whose cookie would a policy read?
    if (!route.policy.empty() && std::ranges::none_of(config_.routes, is_portal)) {
      problems_.add(route.place, "'authorize with' needs a route with 'authenticate with'");
    }
  }

  Config& config_;
  const Place file_;
  Problems& problems_;
};

}  // namespace

const IdentityStoreConfig* Config::find_identity_store(std::string_view name) const {
  return find_named(identity_stores, name);
}
const PortalConfig* Config::find_portal(std::string_view name) const {
  return find_named(portals, name);
}
const PolicyConfig* Config::find_policy(std::string_view name) const {
  return find_named(policies, name);
}

Config read_config(std::string_view text, const std::string& file, const ConfigOverrides& overrides,
                   Problems& problems) {
  Config config;
  bool is_first = true;
  int sites = 0;
  for (const Directive& directive : read_directives(text, file, problems)) {
    if (directive.words.empty() && is_first) {
      for (const Directive& line : directive.block) read_global_line(line, config, problems);
    } else if (directive.words.empty()) {
      problems.add(directive.place, "the global block must come first, and only once");
    } else if (++sites > 1) {
      problems.add(directive.place, "only one site is supported");
    } else {
      read_site(directive, config, problems);
    }
    is_first = false;
  }
  if (overrides.node) {
    config.store.name = *overrides.node;
    config.store_places["name"] = {.file = "--node"};
  }
  if (!overrides.listen.empty()) config.listen = overrides.listen;
  for (const std::string& address : overrides.listen) {
    if (parse_endpoint(address)) continue;
    problems.add({.file = "--listen"}, "'" + address + "' is not " + std::string(kEndpointForm));
  }
  Completion(config, {file, 1}, problems).run();
  return config;
}

Config load_config(const std::string& path, const ConfigOverrides& overrides, Problems& problems) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) {
    problems.add({path, 1}, "the file cannot be read");
    return {};
  }
  return read_config(text, path, overrides, problems);
}

}  // namespace gatehouse
