#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse {

// Somebody who can sign in.
struct User {
  std::string name = {};  // in lower case; the subject of their sessions
  std::string full_name = {};
  std::string email = {};
  std::string realm = {};
  std::vector<std::string> roles = {};
  // bcrypt, "$2b$10$...". Any of them will do.
  std::vector<std::string> password_hashes = {};
};

// Bounds that keep all identity headers of /verify together below 3 kB, which every proxy takes.
inline constexpr std::size_t kUserNameBytesMax = 64;
inline constexpr std::size_t kFullNameBytesMax = 128;
inline constexpr std::size_t kEmailBytesMax = 128;
inline constexpr std::size_t kRolesBytesMax = 512;  // all of them, joined by commas

// What is wrong with a user, in words; empty if nothing is. Names and addresses must be free of
// control characters, roles of blanks and commas as well, and there must be a password hash.
std::string user_problem(const User& user);

// "a,b,c", or with another text between them.
std::string joined(const std::vector<std::string>& roles, std::string_view separator = ",");

}  // namespace gatehouse
