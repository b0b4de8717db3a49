#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <fstream>
#include <memory>
#include <ostream>
#include <string>

namespace sojournctl {

// A file for secrets, which only its owner may read. It is written beside its place and put there
// when it is whole: who finds it finds all of it, and what was there before stays until then.
class PrivateFile {
 public:
  // kInvalidArgument, naming the file, if it cannot be made, or something else is there.
  static absl::StatusOr<std::unique_ptr<PrivateFile>> create(const std::string& path);
  // Takes away what was not kept.
  ~PrivateFile();
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;

  std::ostream& stream() { return stream_; }
  // Puts it in its place; nothing may be written after that. kUnavailable, naming the file.
  absl::Status keep();

 private:
  PrivateFile(std::string path, std::string draft)
      : path_(std::move(path)), draft_(std::move(draft)), stream_(draft_, std::ios::binary) {}

  const std::string path_;
  // Where it is until it is kept; empty afterwards.
  std::string draft_;
  std::ofstream stream_;
};

}  // namespace sojournctl
