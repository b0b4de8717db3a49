#pragma once

#include <cstdint>

#include "base/time.h"

namespace sojourn::membership {

// Of heartbeats: after how many without a word a member is not heard any more, and after how many a
// single report is believed.
inline constexpr int kSilence = 5;
inline constexpr int kLongSilence = 3 * kSilence;

// What a Hello carries so that its receiver can say to which it answers.
inline std::uint64_t stamp_of(Time time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
inline Time time_of(std::uint64_t stamp) {
  return Time(Duration(static_cast<std::int64_t>(stamp)));
}

}  // namespace sojourn::membership
