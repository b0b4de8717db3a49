#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/users/user.h"

namespace gatehouse {

// All users of one portal. Constant after it was filled: then safe from any thread.
class Users {
 public:
  // Adds a user without a user_problem(); false, changing nothing, when the name is taken. Of two
  // users with one email address the first is found by it.
  bool add(User user);

  // The user of that name or email address, in any case of ASCII letters, or null. `realm` is empty
  // or must be the user's.
  const User* find(std::string_view name_or_email, std::string_view realm = {}) const;

  // What to check a password against if find() found nobody: as expensive as the most expensive
  // user's, and never a match.
  std::vector<std::string> unmatchable_hashes() const;

 private:
  std::map<std::string, User, std::less<>> users_;
  std::map<std::string, std::string, std::less<>> names_by_email_;
  int cost_ = 0;
};

}  // namespace gatehouse
