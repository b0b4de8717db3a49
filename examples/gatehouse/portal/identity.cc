#include "gatehouse/portal/identity.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace gatehouse {
namespace {

constexpr char kName[] = "name";
constexpr char kEmail[] = "email";
constexpr char kRealm[] = "realm";
constexpr char kRoles[] = "roles";

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

// Long enough never to meet another one.
std::string new_handle() {
  constexpr std::size_t kSize = 16;
  return std::string(sojourn::SessionId::generate().text().substr(0, kSize));
}

}  // namespace

std::string attribute_of(const sojourn::Session& session, const char* name) {
  return std::string(session.attribute(name).value_or(""));
}

bool is_admin(const PortalConfig& portal, const Identity& identity) {
  const std::vector<std::string>& roles = portal.protection.admin_roles;
  return std::ranges::any_of(identity.roles, [&roles](const std::string& role) {
    return std::ranges::find(roles, role) != roles.end();
  });
}

Identity identity_of(const sojourn::Session& session) {
  Identity identity;
  identity.user = std::string(session.subject());
  identity.name = attribute_of(session, kName);
  identity.email = attribute_of(session, kEmail);
  identity.realm = attribute_of(session, kRealm);
  identity.roles = split(attribute_of(session, kRoles));
  return identity;
}

sojourn::Patch sign_in_patch(const User& user, SignInOrigin origin, std::string csrf_token) {
  sojourn::Patch patch;
  patch.set(kName, user.full_name)
      .set(kEmail, user.email)
      .set(kRealm, user.realm)
      .set(kRoles, joined(user.roles))
      .set(kCsrfToken, std::move(csrf_token))
      .set(kHandle, new_handle())
      .set(kDevice, std::move(origin.device))
      .set(kAddress, std::move(origin.address))
      .erase(kClaimedUser)
      .erase(kClaimedRealm)
      .erase(kRedirectUrl)
      .erase(kAttempts)
      .erase(kMakeRoom);
  return patch;
}

}  // namespace gatehouse
