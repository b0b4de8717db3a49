#pragma once

#include <sojourn/cookie.h>
#include <sojourn/options.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/config/problems.h"
#include "gatehouse/config/protection.h"
#include "gatehouse/http/forwarded.h"
#include "gatehouse/portal/redirect_rules.h"
#include "gatehouse/users/user.h"

namespace gatehouse {

// "local identity store NAME": where users come from.
struct IdentityStoreConfig {
  std::string name = {};
  std::string realm = "local";
  // A users.json as authcrunch writes it; empty for none.
  std::string path = {};
  // Users of the configuration itself; they win over those of the file.
  std::vector<User> users = {};
  Place place = {};
};

// A link on the portal page.
struct LinkConfig {
  std::string title = {};
  std::string url = {};
};

// "authentication portal NAME": the pages that sign people in and out.
struct PortalConfig {
  std::string name = {};
  std::vector<std::string> identity_stores = {};
  sojourn::CookieOptions cookie = {};
  std::vector<RedirectRule> login_redirects = {};
  std::vector<RedirectRule> logout_redirects = {};
  std::vector<LinkConfig> links = {};
  ProtectionConfig protection = {};
  // "console on": administrators see the cluster at /console.
  bool console = false;
  Place place = {};
};

// "authorization policy NAME": who may pass, asked by a proxy.
struct PolicyConfig {
  std::string name = {};
  // The portal as browsers reach it, without a slash at its end: "https://auth.example.com/auth".
  std::string auth_url = {};
  std::vector<std::string> allowed_roles = {};
  // Whoever has signed in may pass.
  bool allow_everybody = false;
  // X-Token-Subject and so on, beside Remote-User and so on.
  bool inject_claims = false;
  // X-Auth-Request-User and so on, the names that oauth2-proxy made common.
  bool inject_auth_request = false;
  // Answer 401 to browsers as well, where they would be sent to the portal.
  bool disable_auth_redirect = false;
  Place place = {};
};

// "route PREFIX* { authenticate with PORTAL }" or "{ authorize with POLICY }".
struct RouteConfig {
  std::string prefix = {};
  std::string portal = {};
  std::string policy = {};
  Place place = {};
};

// All that a configuration file says.
struct Config {
  std::vector<IdentityStoreConfig> identity_stores = {};
  std::vector<PortalConfig> portals = {};
  std::vector<PolicyConfig> policies = {};
  std::vector<RouteConfig> routes = {};
  // Where browsers or proxies connect: "host:port".
  std::vector<std::string> listen = {};
  TrustedProxies trusted_proxies = {};
  sojourn::StoreOptions store = {};
  // Where the file says an option of the store, by what Store::check() begins its messages with:
  // "copies", "members: auth-0". "" is the block as a whole.
  std::map<std::string, Place> store_places = {};
  // Taken over into every portal's cookie options.
  bool attach_route = true;
  std::map<std::string, std::string> route_alias = {};
  // Whether people may ask to stay signed in, for as long as the store's remembered_lifetime says.
  bool remembers = true;
  unsigned threads = 1;
  // How long the store may take to answer. Longer than a failover takes, so that a request which
  // comes in the middle of one is late and does not fail.
  sojourn::ReadOptions read = {.timeout = std::chrono::seconds(2)};
  sojourn::WriteOptions write = {.timeout = std::chrono::seconds(3)};
  // From the signal to stop until sessions are handed over: /readyz says 503 meanwhile.
  std::chrono::milliseconds shutdown_delay = std::chrono::seconds(0);
  // How long handing over and requests under way may take after that, together.
  std::chrono::milliseconds grace_period = std::chrono::seconds(10);
  bool access_log = false;
  // Where operators give orders: "127.0.0.1:2019". Empty: nowhere.
  std::string admin = {};

  const IdentityStoreConfig* find_identity_store(std::string_view name) const;
  const PortalConfig* find_portal(std::string_view name) const;
  const PolicyConfig* find_policy(std::string_view name) const;
};

// What the command line says instead of the file. Mistakes in it are told with the option's name
// where others have file and line.
struct ConfigOverrides {
  std::optional<std::string> node = {};
  std::vector<std::string> listen = {};
};

// Reads configuration text, checks it as a whole and completes it: after that every name in it
// refers to something, each portal's cookie can be written, and the store takes its options.
// `file` is the name that problems mention. What is returned is only of use when there are no
// problems.
Config read_config(std::string_view text, const std::string& file, const ConfigOverrides& overrides,
                   Problems& problems);

// Tells what is wrong with the files that the store reads: those for TLS. For a configuration that
// was read without problems.
void check_store_files(const Config& config, Problems& problems);

// The same as read_config() for a file.
Config load_config(const std::string& path, const ConfigOverrides& overrides, Problems& problems);

}  // namespace gatehouse
