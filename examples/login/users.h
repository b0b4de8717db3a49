#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>

namespace login {

// Who may sign in: a file of lines NAME:HASH, as `htpasswd -B` makes it. Immutable after it was
// read: safe from any thread.
class Users {
 public:
  // kNotFound, or kInvalidArgument with the number of the line.
  static absl::StatusOr<Users> read(const std::string& file);

  // Whether that is the user's password. Takes as long for users that there are not, so that nobody
  // learns who there is; and that is long, a tenth of a second, so call it where nothing waits.
  bool accepts(const std::string& name, const std::string& password) const;

 private:
  std::map<std::string, std::string> hashes_;
};

}  // namespace login
