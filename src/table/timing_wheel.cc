#include "table/timing_wheel.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace sojourn::table {
namespace {

using Links = TimingWheel::Links;

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

bool is_empty(const Links& list) { return list.next == &list; }

void make_empty(Links& list) { list.next = list.previous = &list; }

void append(Links& list, Links& links) {
  links.next = &list;
  links.previous = list.previous;
  list.previous->next = &links;
  list.previous = &links;
}

// Moves all of `from` to the end of `to`.
void append_all(Links& to, Links& from) {
  if (is_empty(from)) return;
  from.next->previous = to.previous;
  from.previous->next = &to;
  to.previous->next = from.next;
  to.previous = from.previous;
  make_empty(from);
}

}  // namespace

TimingWheel::TimingWheel() {
  for (Level& level : levels_) std::ranges::for_each(level.slots, make_empty);
  make_empty(due_);
}

void TimingWheel::add(Links& links, Time time) {
  assert(!links.next);
  const Tick tick = std::clamp(tick_from(time), current_ + 1, current_ + kReach - 1);
  // The lowest level that reaches so far. The slot under its hand is free: what it held has come
  // up.
  int level = 0;
  while (tick - current_ >= Tick{1} << (kSlotBits * (level + 1))) ++level;
  const Tick slot = slot_number(tick, level) % kSlots;
  levels_[level].occupied |= Tick{1} << slot;
  append(levels_[level].slots[slot], links);
}

void TimingWheel::remove(Links& links) {
  if (!links.next) return;
  links.previous->next = links.next;
  links.next->previous = links.previous;
  links = {};
}

TimingWheel::Links* TimingWheel::take_due_links(Time now) {
  assert(now >= Time() && tick_at(now) >= current_);
  while (current_ < tick_at(now)) move_towards(tick_at(now));
  if (is_empty(due_)) return nullptr;
  Links* const first = due_.next;
  remove(*first);
  return first;
}

std::optional<Time> TimingWheel::next_due() const {
  if (!is_empty(due_)) return time_of(current_);
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
      if (is_empty(level.slots[number % kSlots])) continue;
      const Tick tick = number << (kSlotBits * index);
      earliest = earliest ? std::min(*earliest, tick) : tick;
      break;
    }
  }
  return earliest;
}

// Moves on to `target`, or to the first tick before it at which something comes up. All slots of
// that tick come up with it.
void TimingWheel::move_towards(Tick target) {
  current_ = std::min(next_occupied().value_or(target), target);
  for (int index = 0; index < kLevels; ++index) {
    Level& level = levels_[index];
    const Tick slot = slot_number(current_, index) % kSlots;
    level.occupied &= ~(Tick{1} << slot);
    append_all(due_, level.slots[slot]);
    // The hand of the next level moves when this one has gone round.
    if (slot != 0) break;
  }
}

}  // namespace sojourn::table
