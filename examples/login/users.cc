#include "login/users.h"

#include <absl/status/status.h>
#include <crypt.h>

#include <fstream>
#include <memory>
#include <string_view>

namespace login {
namespace {

// Of a password that nobody knows.
constexpr std::string_view kNobody = "$2b$10$G7WE7H7c.QmvLfjg56FRfuw.18VL6VMi3iMpK1wNYIqeCwBl6JMbS";

bool matches(const std::string& password, const std::string& hash) {
  const auto data = std::make_unique<crypt_data>();
  const char* computed = crypt_r(password.c_str(), hash.c_str(), data.get());
  return computed != nullptr && computed == hash;
}

}  // namespace

absl::StatusOr<Users> Users::read(const std::string& file) {
  std::ifstream input(file);
  if (!input) return absl::NotFoundError(file + ": cannot be read");
  Users users;
  int number = 0;
  for (std::string line; std::getline(input, line);) {
    ++number;
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string::npos || line[colon + 1] != '$') {
      return absl::InvalidArgumentError(file + ":" + std::to_string(number) + ": not NAME:HASH");
    }
    users.hashes_[line.substr(0, colon)] = line.substr(colon + 1);
  }
  return users;
}

bool Users::accepts(const std::string& name, const std::string& password) const {
  const auto found = hashes_.find(name);
  const bool matched =
      matches(password, found == hashes_.end() ? std::string(kNobody) : found->second);
  return matched && found != hashes_.end();
}

}  // namespace login
