#pragma once

#include <absl/status/statusor.h>
#include <sojourn/v1/admin.pb.h>

#include <chrono>
#include <string>
#include <string_view>

namespace sojournctl {

namespace v1 = sojourn::v1;

// The file that export writes and import reads: JSON, a line each. The first line says what it is;
// docs/sojournctl.md has the format. Texts that are no UTF-8 stand as {"base64": "..."}.
inline constexpr int kSessionFileVersion = 1;

// What the first line says.
struct SessionFileHeader {
  std::string cluster = {};
  // When it was begun, by the clock of who exported.
  std::chrono::system_clock::time_point at = {};
};
std::string header_line(const SessionFileHeader& header);
// kInvalidArgument if the line is not the first one of such a file, or of a newer format.
absl::StatusOr<SessionFileHeader> header_of_line(std::string_view line);

std::string session_line(const v1::ExportedSession& session);
// kInvalidArgument, saying what is wrong, and repeating nothing of it.
absl::StatusOr<v1::ExportedSession> session_of_line(std::string_view line);

}  // namespace sojournctl
