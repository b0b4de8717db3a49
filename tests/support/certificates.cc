#include "support/certificates.h"

#include <cstdlib>
#include <stdexcept>

namespace sojourn::support {
namespace {

std::filesystem::path temporary_directory() {
  std::string path =
      (std::filesystem::temp_directory_path() / "sojourn-certificates-XXXXXX").string();
  if (!mkdtemp(path.data())) throw std::runtime_error("cannot make " + path);
  return path;
}

}  // namespace

Certificates::Certificates(const std::string& cluster, const std::vector<std::string>& members)
    : directory_(temporary_directory()) {
  issue(cluster, members);
}

Certificates::~Certificates() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void Certificates::issue(const std::string& cluster,
                         const std::vector<std::string>& members) const {
  std::string command = "'" SOJOURN_MAKE_CERTIFICATES "' '" + directory_.string() + "' " + cluster;
  for (const std::string& member : members) command += " " + member;
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

void Certificates::replace_by(const Certificates& other) const {
  for (const auto& entry : std::filesystem::directory_iterator(other.directory_)) {
    const std::filesystem::path place = directory_ / entry.path().filename();
    const std::filesystem::path fresh = place.string() + ".new";
    std::filesystem::copy_file(entry.path(), fresh);
    std::filesystem::rename(fresh, place);
  }
}

StoreOptions Certificates::secure(StoreOptions options, const std::string& member) const {
  options.insecure = false;
  options.tls = TlsOptions{.certificate_file = file(member + ".pem"),
                           .key_file = file(member + ".key"),
                           .ca_file = file("ca.pem"),
                           .reload_interval = std::chrono::seconds(1)};
  return options;
}

}  // namespace sojourn::support
