#pragma once

#include <sojourn/v1/admin.pb.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sojournctl {

namespace v1 = sojourn::v1;

// Whether a member may stop, as it says itself.
struct Safety {
  bool safe = false;
  std::string reason = {};
  // Copies of segments that members still receive.
  std::uint64_t receiving = 0;

  static Safety of(const v1::Snapshot& snapshot);
};

// How long it will take until nothing is received any more if it goes on as it did: there were so
// many copies left, and `elapsed` later there are so many. Nothing if nothing moved, or more came.
std::optional<std::chrono::milliseconds> estimate(std::uint64_t before, std::uint64_t after,
                                                  std::chrono::milliseconds elapsed);

}  // namespace sojournctl
