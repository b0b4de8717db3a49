#pragma once

#include <absl/status/statusor.h>

#include <CLI/App.hpp>
#include <array>
#include <chrono>
#include <string_view>

#include "sojournctl/admin/connection.h"

namespace sojournctl {

// The heading of these options in --help and in the manual page.
inline constexpr std::string_view kConnectionGroup = "Connection";

struct EnvironmentVariable {
  const char* name = nullptr;
  std::string_view about = {};
};

// What counts where an option is not given.
inline constexpr std::array<EnvironmentVariable, 4> kEnvironment = {{
    {"SOJOURNCTL_TARGET", "In place of --target: members, with commas between"},
    {"SOJOURNCTL_CA", "In place of --ca"},
    {"SOJOURNCTL_CERT", "In place of --cert"},
    {"SOJOURNCTL_KEY", "In place of --key"},
}};

// How a cluster is talked to, as the command line and the environment say. Outlives the parsing.
class ConnectionArguments {
 public:
  void add_to(CLI::App& command);

  // Whether the command line or the environment names a member to ask.
  bool names_target() const;
  // Whether the command line does.
  bool is_given_target() const { return !given_.targets.empty(); }

  // kInvalidArgument or kFailedPrecondition, in the user's words.
  absl::StatusOr<ConnectionOptions> options() const;

  std::chrono::milliseconds timeout() const;

 private:
  ConnectionOptions given_;
  double timeout_seconds_ = 5;
};

}  // namespace sojournctl
