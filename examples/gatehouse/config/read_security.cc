#include <algorithm>
#include <utility>

#include "gatehouse/config/readers.h"
#include "gatehouse/config/words.h"
#include "gatehouse/http/request.h"
#include "gatehouse/http/url.h"
#include "gatehouse/users/password.h"

namespace gatehouse {
namespace {

// password "bcrypt:10:..." [overwrite]
void read_password(Words& words, User& user) {
  const auto hash = parse_password_hash(words.text("a password as bcrypt:10:HASH"));
  if (hash.ok()) {
    user.password_hashes.push_back(*hash);
  } else {
    words.problem(std::string(hash.status().message()));
  }
  // In authcrunch it decides whether the file's password is replaced; here the configuration wins.
  words.take({"overwrite"});
}

// user NAME { name ..., email ..., password ..., roles ... }
User read_user(Words& words, const std::string& realm, Problems& problems) {
  User user;
  user.name = to_lower(words.text("a user name"));
  user.realm = realm;
  for (const Directive& line : words.block()) {
    Words inner(line, problems);
    if (inner.take({"name"})) {
      for (const std::string& part : inner.texts("a full name")) {
        user.full_name += (user.full_name.empty() ? "" : " ") + part;
      }
    } else if (inner.take({"email"})) {
      user.email = inner.text("an email address");
    } else if (inner.take({"password"})) {
      read_password(inner, user);
    } else if (inner.take({"roles"})) {
      user.roles = inner.texts("roles");
    } else {
      inner.unknown("a user");
    }
    inner.finish();
  }
  return user;
}

}  // namespace

void read_identity_store(const Directive& directive, Config& config, Problems& problems) {
  Words words(directive, problems);
  words.take({"local", "identity", "store"});
  IdentityStoreConfig store;
  store.place = directive.place;
  store.name = words.text("a name for the identity store");
  if (config.find_identity_store(store.name) != nullptr) {
    words.problem("there is a local identity store '" + store.name + "' already");
  }
  for (const Directive& line : words.block()) {
    Words inner(line, problems);
    if (inner.take({"realm"})) {
      store.realm = inner.text("a realm");
    } else if (inner.take({"path"})) {
      store.path = inner.text("the path of a users.json");
    } else if (inner.take({"user"})) {
      User user = read_user(inner, store.realm, problems);
      if (const std::string problem = user_problem(user); !problem.empty()) {
        inner.problem("user '" + user.name + "' " + problem);
      }
      const auto has_same_name = [&user](const User& other) { return other.name == user.name; };
      if (std::ranges::any_of(store.users, has_same_name)) {
        inner.problem("there is a user '" + user.name + "' already");
      }
      store.users.push_back(std::move(user));
    } else {
      inner.unknown("a local identity store");
    }
    inner.finish();
  }
  // Whether "realm" stood before or after the users.
  for (User& user : store.users) user.realm = store.realm;
  words.finish();
  config.identity_stores.push_back(std::move(store));
}

namespace {

// A portal's own path ("/auth") or its whole address ("https://auth.example.com/auth").
void read_auth_url(Words& words, PolicyConfig& policy) {
  policy.auth_url = words.text("the portal's address");
  const auto url = policy.auth_url.starts_with('/') ? Url::parse("http://any" + policy.auth_url)
                                                    : Url::parse(policy.auth_url);
  if (!url || !url->rest.empty() || policy.auth_url.starts_with("//")) {
    words.problem("'" + policy.auth_url + "' is neither a path nor an http or https address");
  }
  while (policy.auth_url.ends_with('/')) policy.auth_url.pop_back();
}

}  // namespace

void read_policy(const Directive& directive, Config& config, Problems& problems) {
  Words words(directive, problems);
  words.take({"authorization", "policy"});
  PolicyConfig policy;
  policy.place = directive.place;
  policy.name = words.text("a name for the policy");
  if (config.find_policy(policy.name) != nullptr) {
    words.problem("there is an authorization policy '" + policy.name + "' already");
  }
  for (const Directive& line : words.block()) {
    Words inner(line, problems);
    if (inner.take({"set", "auth", "url"})) {
      read_auth_url(inner, policy);
    } else if (inner.take({"allow", "roles"})) {
      for (std::string& role : inner.texts("roles"))
        policy.allowed_roles.push_back(std::move(role));
    } else if (inner.take({"acl", "default", "allow"})) {
      policy.allow_everybody = true;
    } else if (inner.take({"inject", "headers", "with", "claims"})) {
      policy.inject_claims = true;
    } else if (inner.take({"inject", "headers", "for", "auth_request"})) {
      policy.inject_auth_request = true;
    } else if (inner.take({"disable", "auth", "redirect"})) {
      policy.disable_auth_redirect = true;
    } else {
      inner.unknown("an authorization policy");
    }
    inner.finish();
  }
  if (policy.auth_url.empty()) words.problem("'set auth url' is missing");
  if (policy.allowed_roles.empty() && !policy.allow_everybody) {
    words.problem("'allow roles' is missing, or 'acl default allow' for whoever has signed in");
  }
  words.finish();
  config.policies.push_back(std::move(policy));
}

void read_security(const Directive& directive, Config& config, Problems& problems) {
  Words words(directive, problems);
  words.take({"security"});
  for (const Directive& line : words.block()) {
    Words inner(line, problems);
    if (inner.take({"local", "identity", "store"})) {
      read_identity_store(line, config, problems);
    } else if (inner.take({"authentication", "portal"})) {
      read_portal(line, config, problems);
    } else if (inner.take({"authorization", "policy"})) {
      read_policy(line, config, problems);
    } else {
      inner.unknown("the security block");
    }
  }
  words.finish();
}

}  // namespace gatehouse
