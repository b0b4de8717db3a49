#include "table/timing_wheel.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace sojourn::table {
namespace {

using session::Record;

Time time_of(std::uint64_t tick) {
  return Time(Duration(static_cast<std::int64_t>(tick << TimingWheel::kTickBits)));
}

// The last tick that has begun at `time`.
std::uint64_t tick_at(Time time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count()) >> TimingWheel::kTickBits;
}

// The first tick that does not begin before `time`.
std::uint64_t tick_from(Time time) {
  if (time <= Time()) return 0;
  return tick_at(time - Duration(1)) + 1;
}

}  // namespace

void TimingWheel::add(const Record& record, Time time) {
  const Tick tick = std::clamp(tick_from(time), current_ + 1, current_ + kReach - 1);
  // The lowest level that reaches so far. The slot under its hand is free: what it held has come up.
  int level = 0;
  while (tick - current_ >= Tick{1} << (kSlotBits * (level + 1))) ++level;
  const Tick slot = slot_number(tick, level) % kSlots;
  levels_[level].occupied |= Tick{1} << slot;
  link(record, levels_[level].slots[slot]);
}

void TimingWheel::remove(const Record& record) {
  Record::Bookkeeping& place = record.bookkeeping();
  if (!place.pointer_here) return;
  *place.pointer_here = place.next;
  if (place.next) place.next->bookkeeping().pointer_here = place.pointer_here;
  place.next = nullptr;
  place.pointer_here = nullptr;
}

const Record* TimingWheel::take_due(Time now) {
  assert(now >= Time() && now >= now_);
  now_ = now;
  while (true) {
    for (Level& level : levels_) {
      if (const Record* record = level.due) {
        remove(*record);
        return record;
      }
    }
    const std::optional<Tick> next = next_occupied();
    if (!next || *next > tick_at(now)) {
      // Nothing comes up on the way.
      current_ = std::max(current_, tick_at(now));
      return nullptr;
    }
    move_to(*next);
  }
}

std::optional<Time> TimingWheel::next_due() const {
  const bool due = std::any_of(levels_.begin(), levels_.end(),
                               [](const Level& level) { return level.due != nullptr; });
  if (due) return time_of(current_);
  const std::optional<Tick> next = next_occupied();
  if (!next) return std::nullopt;
  return time_of(*next);
}

// The first tick after the current one at which a slot comes up that holds something.
std::optional<TimingWheel::Tick> TimingWheel::next_occupied() const {
  std::optional<Tick> earliest;
  for (int index = 0; index < kLevels; ++index) {
    const Level& level = levels_[index];
    // The slots in the order in which they come up: the one under the hand is the last.
    const Tick first = slot_number(current_, index) + 1;
    std::uint64_t occupied = std::rotr(level.occupied, static_cast<int>(first % kSlots));
    for (; occupied != 0; occupied &= occupied - 1) {
      const Tick number = first + static_cast<Tick>(std::countr_zero(occupied));
      if (!level.slots[number % kSlots]) continue;
      const Tick tick = number << (kSlotBits * index);
      earliest = earliest ? std::min(*earliest, tick) : tick;
      break;
    }
  }
  return earliest;
}

// Moves on to `tick`, not beyond the next occupied one, and brings up the slots that begin there.
void TimingWheel::move_to(Tick tick) {
  current_ = tick;
  for (int index = 0; index < kLevels; ++index) {
    Level& level = levels_[index];
    const Tick slot = slot_number(tick, index) % kSlots;
    level.occupied &= ~(Tick{1} << slot);
    move_list(level.slots[slot], level.due);
    // A level's hand moves when the level below has gone round.
    if (slot != 0) break;
  }
}

void TimingWheel::link(const Record& record, const Record*& head) {
  Record::Bookkeeping& place = record.bookkeeping();
  assert(!place.pointer_here);
  place.next = head;
  place.pointer_here = &head;
  if (head) head->bookkeeping().pointer_here = &place.next;
  head = &record;
}

void TimingWheel::move_list(const Record*& from, const Record*& to) {
  assert(!to);
  to = from;
  from = nullptr;
  if (to) to->bookkeeping().pointer_here = &to;
}

}  // namespace sojourn::table
