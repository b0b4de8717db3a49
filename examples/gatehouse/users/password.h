#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace gatehouse {

// bcrypt looks at 72 bytes of a password and ignores the rest.
inline constexpr std::size_t kPasswordBytesMax = 72;

// Whether `hash` is a bcrypt hash that can be checked: "$2a$", "$2b$" or "$2y$", a cost from 4 to
// 16 and 53 characters.
bool is_bcrypt(std::string_view hash);

// The cost of a hash for which is_bcrypt() holds: each step doubles the time.
int bcrypt_cost(std::string_view hash);

// The hash in "bcrypt:COST:HASH", as authcrunch writes passwords in configurations.
// kInvalidArgument says what is wrong without repeating it.
absl::StatusOr<std::string> parse_password_hash(std::string_view text);

// A new "bcrypt:COST:HASH" of a password of 1 to 72 bytes. kInvalidArgument otherwise.
absl::StatusOr<std::string> hash_password(std::string_view password, int cost = 10);

// Whether the password is the one of the hash. Takes about 60 ms for cost 10, whatever the answer.
// Passwords that bcrypt would cut (beyond 72 bytes, or holding a NUL) never match.
bool password_matches(std::string_view password, const std::string& hash);

// A hash of that cost that no password matches: checking it takes as long as checking a user's, so
// that the time of an answer does not tell whether there is such a user.
std::string unmatchable_hash(int cost);

}  // namespace gatehouse
