#include "sojournctl/admin/private_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace sojournctl {

absl::StatusOr<std::unique_ptr<PrivateFile>> PrivateFile::create(const std::string& path) {
  std::error_code error;
  const auto there = std::filesystem::symlink_status(path, error);
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
    return absl::InvalidArgumentError("'" + path + "' is there, and is no file");
  }
  std::string draft = path + ".XXXXXX";
  // For its owner only, from the first moment on.
  const int descriptor = mkstemp(draft.data());
  if (descriptor < 0) {
    return absl::InvalidArgumentError("'" + path + "' cannot be written: " + std::strerror(errno));
  }
  close(descriptor);
  return std::unique_ptr<PrivateFile>(new PrivateFile(path, std::move(draft)));
}

PrivateFile::~PrivateFile() {
  if (!draft_.empty()) std::remove(draft_.c_str());
}

absl::Status PrivateFile::keep() {
  stream_.close();
  if (!stream_ || std::rename(draft_.c_str(), path_.c_str()) != 0) {
    return absl::UnavailableError("'" + path_ + "' cannot be written: " + std::strerror(errno));
  }
  draft_.clear();
  return absl::OkStatus();
}

}  // namespace sojournctl
