#include "gatehouse/portal/identity.h"

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

}  // namespace

std::string attribute_of(const sojourn::Session& session, const char* name) {
  return std::string(session.attribute(name).value_or(""));
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

sojourn::Patch sign_in_patch(const User& user, std::string csrf_token) {
  sojourn::Patch patch;
  patch.set(kName, user.full_name)
      .set(kEmail, user.email)
      .set(kRealm, user.realm)
      .set(kRoles, joined(user.roles))
      .set(kCsrfToken, std::move(csrf_token))
      .erase(kClaimedUser)
      .erase(kClaimedRealm)
      .erase(kRedirectUrl)
      .erase(kAttempts);
  return patch;
}

}  // namespace gatehouse
