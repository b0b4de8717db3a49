#include "gatehouse/users/users.h"

#include <algorithm>
#include <utility>

#include "gatehouse/http/request.h"
#include "gatehouse/users/password.h"

namespace gatehouse {

bool Users::add(User user) {
  if (users_.contains(user.name)) return false;
  for (const std::string& hash : user.password_hashes) cost_ = std::max(cost_, bcrypt_cost(hash));
  if (!user.email.empty()) names_by_email_.emplace(to_lower(user.email), user.name);
  std::string name = user.name;
  users_.emplace(std::move(name), std::move(user));
  return true;
}

const User* Users::find(std::string_view name_or_email, std::string_view realm) const {
  std::string name = to_lower(name_or_email);
  if (const auto by_email = names_by_email_.find(name);
      by_email != names_by_email_.end() && !users_.contains(name)) {
    name = by_email->second;
  }
  const auto found = users_.find(name);
  if (found == users_.end() || (!realm.empty() && found->second.realm != realm)) return nullptr;
  return &found->second;
}

std::vector<std::string> Users::unmatchable_hashes() const {
  constexpr int kUsualCost = 10;
  return {unmatchable_hash(cost_ == 0 ? kUsualCost : cost_)};
}

}  // namespace gatehouse
