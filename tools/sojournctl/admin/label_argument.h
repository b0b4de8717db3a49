#pragma once

#include <absl/status/statusor.h>
#include <sojourn/v1/admin.pb.h>

#include <string>

namespace sojournctl {

// The label that "NAME=VALUE" says; kInvalidArgument without a "=".
inline absl::StatusOr<sojourn::v1::Label> label_argument(const std::string& text) {
  const std::size_t sign = text.find('=');
  if (sign == std::string::npos) {
    return absl::InvalidArgumentError("--label: '" + text + "' is not NAME=VALUE");
  }
  sojourn::v1::Label label;
  label.set_name(text.substr(0, sign));
  label.set_value(text.substr(sign + 1));
  return label;
}

}  // namespace sojournctl
