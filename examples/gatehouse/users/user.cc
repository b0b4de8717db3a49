#include "gatehouse/users/user.h"

#include <algorithm>

#include "gatehouse/users/password.h"

namespace gatehouse {
namespace {

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

}  // namespace

std::string joined(const std::vector<std::string>& roles, std::string_view separator) {
  std::string result;
  for (const std::string& role : roles) {
    if (!result.empty()) result += separator;
    result += role;
  }
  return result;
}

std::string user_problem(const User& user) {
  if (user.name.empty()) return "has no name";
  if (user.name.size() > kUserNameBytesMax) return "has a name longer than 64 bytes";
  if (user.name.find_first_of(" ,") != std::string::npos) return "has a blank or comma in the name";
  if (user.full_name.size() > kFullNameBytesMax) return "has a full name longer than 128 bytes";
  if (user.email.size() > kEmailBytesMax) return "has an email address longer than 128 bytes";
  if (joined(user.roles).size() > kRolesBytesMax) return "has roles longer than 512 bytes together";
  for (const std::string& text : {user.name, user.full_name, user.email, joined(user.roles)}) {
    if (has_controls(text)) return "has a control character in a name, address or role";
  }
  for (const std::string& role : user.roles) {
    if (role.empty() || role.find_first_of(" ,") != std::string::npos) {
      return "has a role that is empty or holds a blank or comma";
    }
  }
  if (user.password_hashes.empty()) return "has no password";
  for (const std::string& hash : user.password_hashes) {
    if (!is_bcrypt(hash)) return "has a password that is no bcrypt hash";
  }
  return {};
}

}  // namespace gatehouse
