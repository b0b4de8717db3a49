#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/users/user.h"

namespace gatehouse {

// The users of a users.json, the database of authcrunch's local identity stores. Of each user are
// taken: username, names or name, email_addresses or email_address, roles, and those passwords that
// are bcrypt and neither disabled nor expired. Disabled users and users without such a password are
// left out: they cannot sign in.
//
// kInvalidArgument names the user and what is wrong.
absl::StatusOr<std::vector<User>> parse_users_json(std::string_view text);

// The same for a file; kNotFound if it cannot be read.
absl::StatusOr<std::vector<User>> load_users_json(const std::string& path);

}  // namespace gatehouse
