#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "base/time.h"
#include "session/record.h"

namespace sojourn::table {

// Sessions of one shard that were used since the last take(). Who adds one never waits for memory:
// where there is no room for it, the list remembers since when it is not complete. Not safe from
// several threads: under the shard's lock.
class UsedList {
 public:
  using Slots = std::unique_ptr<session::RecordRef[]>;

  // For a shard with room for so many records: enough for all that are used for the first time in
  // an interval of theirs within one of the pauses between two takes, unless nearly all come at
  // once.
  static std::size_t room_for(std::size_t records) { return records == 0 ? 0 : 2 + records / 16; }

  // What slots with that room take as glibc's allocator counts, and the array's own count.
  static std::size_t bytes_of(std::size_t room) {
    return room == 0 ? 0 : (8 + 8 * room + 8 + 15) / 16 * 16;
  }
  std::size_t bytes() const { return bytes_of(room_); }

  // Goes on in `slots`, of which there are `room`; what does not fit is missing. Gives back the
  // old ones, to be freed without the lock.
  Slots move_to(Slots slots, std::size_t room) {
    const auto fitting = static_cast<std::uint32_t>(std::min<std::size_t>(size_, room));
    for (std::uint32_t i = fitting; i < size_; ++i) {
      missing_since_ = std::min(missing_since_, slots_[i]->last_seen());
    }
    std::move(slots_.get(), slots_.get() + fitting, slots.get());
    size_ = fitting;
    room_ = static_cast<std::uint32_t>(room);
    std::swap(slots_, slots);
    return slots;
  }

  // The record's time of last use is `at` or later.
  void add(const session::Record& record, Time at) {
    if (size_ < room_) {
      slots_[size_++] = session::RecordRef::share(record);
    } else {
      missing_since_ = std::min(missing_since_, at);
    }
  }

  // Appends all that there are, in the order in which they came, and begins anew. All that are
  // missing were last used at the time that it returns, or later; Time::max() if none is.
  Time take(std::vector<session::RecordRef>& to) {
    std::move(slots_.get(), slots_.get() + size_, std::back_inserter(to));
    size_ = 0;
    return std::exchange(missing_since_, Time::max());
  }

 private:
  Slots slots_;
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;
  Time missing_since_ = Time::max();
};

}  // namespace sojourn::table
