#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sojourn/options.h"

namespace sojourn::support {

// An authority of its own and certificates that it issued, in a directory that goes with this
// object.
class Certificates {
 public:
  Certificates(const std::string& cluster, const std::vector<std::string>& members);
  ~Certificates();

  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // Issues new certificates and keys in place of those that were there, if any.
  void issue(const std::string& cluster, const std::vector<std::string>& members) const;

  // Puts copies of the other's files, authority included, in the place of our own.
  void replace_by(const Certificates& other) const;

  // The options with TLS by the certificate that was issued to that member.
  StoreOptions secure(StoreOptions options, const std::string& member) const;

  std::string file(const std::string& name) const { return (directory_ / name).string(); }

 private:
  const std::filesystem::path directory_;
};

}  // namespace sojourn::support
