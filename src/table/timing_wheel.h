#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "session/record.h"

namespace sojourn::table {

// Remembers when records must be looked at: a hierarchical timing wheel (Varghese and Lauck, 1987)
// of five levels of 64 slots with intrusive lists through the links of records or of groups. A slot
// of the lowest level is one tick wide, a slot of each other level as wide as the whole level below
// it; together they reach 8.9 years ahead.
//
// It is lazy. A record whose time moves on stays where it was filed; when its slot comes up,
// whoever takes it out looks at its time of now and files it again. So a use of a session costs
// nothing here. Records filed far ahead come up a few times before their time, and are filed again
// nearer.
//
// Each call takes constant time, and nothing is ever allocated. Not safe from several threads: the
// table's writer only.
class TimingWheel {
 public:
  // About a quarter of a second; a power of two, so that no time is ever divided.
  static constexpr int kTickBits = 18;
  static constexpr Duration kTick{std::int64_t{1} << kTickBits};

  TimingWheel();
  TimingWheel(const TimingWheel&) = delete;
  TimingWheel& operator=(const TimingWheel&) = delete;

  // What stands in a list: a record, or a group of them.
  using Links = session::Record::Links;

  // Files what is in no list, to be removed before it dies. take_due() gives it at `time` or less
  // than a tick after, but at the next tick at the earliest; if that is 64 ticks ahead or more,
  // perhaps sooner.
  void add(Links& links, Time time);
  void add(const session::Record& record, Time time) { add(record.links(), time); }

  // Takes it out of whatever list it is in; nothing happens if it is in none.
  static void remove(Links& links);
  static void remove(const session::Record& record) { remove(record.links()); }

  // Takes out and returns what is next of what has come up by `now`, which must not be negative nor
  // go back; null when there is nothing. Its time may not have come yet: file it again then.
  Links* take_due_links(Time now);
  const session::Record* take_due(Time now) {
    const Links* links = take_due_links(now);
    return links ? &session::Record::linked_by(*links) : nullptr;
  }

  // In a wheel of records: calls visit(record) for one after the other until it returns false:
  // those first that come up first, those of one slot in the order in which they were filed. A
  // record that was filed far ahead may stand behind one that was filed near its later time. The
  // visit must not change the wheel.
  template <typename Visit>
  void for_each(Visit visit) const;

  // The earliest time at which take_due() may give something, which may have passed already;
  // nothing when the wheel is empty.
  std::optional<Time> next_due() const;

 private:
  using Tick = std::uint64_t;
  // Circular, from the head to itself.
  using List = Links;

  static constexpr int kLevels = 5;
  static constexpr int kSlotBits = 6;
  static constexpr Tick kSlots = Tick{1} << kSlotBits;
  static constexpr Tick kReach = Tick{1} << (kSlotBits * kLevels);

  struct Level {
    std::array<List, kSlots> slots = {};
    // A bit for each slot that may hold something. Records leave without telling, so a bit is
    // cleared only when its slot comes up.
    std::uint64_t occupied = 0;
  };

  // Where a tick lies, counted in slots of that level.
  static Tick slot_number(Tick tick, int level) { return tick >> (kSlotBits * level); }

  std::optional<Tick> next_occupied() const;
  void move_towards(Tick target);

  std::array<Level, kLevels> levels_;
  // Whether all of the list was visited.
  template <typename Visit>
  static bool for_each_in(const List& list, Visit& visit) {
    for (const List* at = list.next; at != &list; at = at->next) {
      if (!visit(session::Record::linked_by(*at))) return false;
    }
    return true;
  }

  // What has come up and was not taken yet.
  List due_;
  // Where the wheel stands. What came up by it is due, what is in a slot lies after it.
  Tick current_ = 0;
};

template <typename Visit>
void TimingWheel::for_each(Visit visit) const {
  if (!for_each_in(due_, visit)) return;
  for (int index = 0; index < kLevels; ++index) {
    const Level& level = levels_[index];
    // From the slot under the hand on, which is the last to come up.
    const Tick first = slot_number(current_, index) + 1;
    std::uint64_t occupied = std::rotr(level.occupied, static_cast<int>(first % kSlots));
    for (; occupied != 0; occupied &= occupied - 1) {
      const Tick number = first + static_cast<Tick>(std::countr_zero(occupied));
      if (!for_each_in(level.slots[number % kSlots], visit)) return;
    }
  }
}

}  // namespace sojourn::table
