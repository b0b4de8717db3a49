#pragma once

#include <sojourn/v1/peer.pb.h>

#include <string>
#include <vector>

#include "support/catch.h"
#include "wire/frame.h"

namespace sojourn::wire {

// For tests of what is refused.

// What is said of a frame that is refused; "none" if it is not.
inline std::string error_of(const std::string& bytes) {
  const absl::StatusOr<Frame> decoded = decode_frame(bytes, Time());
  if (decoded.ok()) return "none";
  CHECK(decoded.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(decoded.status().message());
}

// A frame without messages that is as it should be.
inline v1::Frame valid_frame() {
  v1::Frame frame;
  frame.set_wire_version(kWireVersion);
  frame.set_cluster(0xc1);
  frame.set_incarnation(0xfeed);
  frame.set_number(1);
  return frame;
}

// A frame with one message, and what is said of it.
struct Refused {
  std::string error;
  std::string bytes;
};

inline void check_refused(const std::vector<Refused>& rows) {
  for (const Refused& row : rows) CHECK(error_of(row.bytes) == "message 1, " + row.error);
}

}  // namespace sojourn::wire
