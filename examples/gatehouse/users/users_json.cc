#include "gatehouse/users/users_json.h"

#include <absl/status/status.h>
#include <absl/strings/str_format.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "gatehouse/http/request.h"
#include "gatehouse/users/password.h"

namespace gatehouse {
namespace {

using Json = nlohmann::json;

// The field as text; empty when it is missing or something else.
std::string text_of(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

bool is_set(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

// The objects of a list; empty when it is missing or something else.
std::vector<Json> objects_of(const Json& object, const char* field) {
  std::vector<Json> result;
  const auto found = object.find(field);
  if (found == object.end() || !found->is_array()) return result;
  for (const Json& element : *found) {
    if (element.is_object()) result.push_back(element);
  }
  return result;
}

// The first of a list ("names"), or the single one that authcrunch writes beside it ("name").
Json first_of(const Json& user, const char* list, const char* single) {
  const std::vector<Json> all = objects_of(user, list);
  if (!all.empty()) return all.front();
  const auto found = user.find(single);
  return found != user.end() && found->is_object() ? *found : Json::object();
}

std::string full_name(const Json& name) {
  const std::string first = text_of(name, "first");
  const std::string last = text_of(name, "last");
  return first.empty() || last.empty() ? first + last : first + " " + last;
}

std::vector<std::string> usable_hashes(const Json& user) {
  std::vector<std::string> hashes;
  for (const Json& password : objects_of(user, "passwords")) {
    const std::string hash = text_of(password, "hash");
    if (!is_set(password, "disabled") && !is_set(password, "expired") && is_bcrypt(hash)) {
      hashes.push_back(hash);
    }
  }
  return hashes;
}

User read_user(const Json& json) {
  User user;
  user.name = to_lower(text_of(json, "username"));
  user.full_name = full_name(first_of(json, "names", "name"));
  user.email = text_of(first_of(json, "email_addresses", "email_address"), "address");
  for (const Json& role : objects_of(json, "roles")) {
    const std::string organization = text_of(role, "organization");
    user.roles.push_back(organization.empty() ? text_of(role, "name")
                                              : organization + "/" + text_of(role, "name"));
  }
  user.password_hashes = usable_hashes(json);
  return user;
}

}  // namespace

absl::StatusOr<std::vector<User>> parse_users_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return absl::InvalidArgumentError("not valid JSON");
  if (!json.is_object() || !json.contains("users") || !json["users"].is_array()) {
    return absl::InvalidArgumentError("no list of \"users\"");
  }

  std::vector<User> users;
  std::size_t position = 0;
  for (const Json& element : json["users"]) {
    ++position;
    if (!element.is_object()) {
      return absl::InvalidArgumentError(absl::StrFormat("user %d is no object", position));
    }
    if (is_set(element, "disabled")) continue;
    User user = read_user(element);
    if (user.password_hashes.empty() && !user.name.empty()) continue;
    if (const std::string problem = user_problem(user); !problem.empty()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("user %d (%s) %s", position, user.name, problem));
    }
    users.push_back(std::move(user));
  }
  return users;
}

absl::StatusOr<std::vector<User>> load_users_json(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrFormat("%s: cannot be read", path));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  auto users = parse_users_json(text);
  if (users.ok()) return users;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s", path, std::string(users.status().message())));
}

}  // namespace gatehouse
