#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "session/record.h"

namespace sojourn::table {

// Remembers when records must be looked at: a hierarchical timing wheel (Varghese and Lauck, 1987)
// of five levels of 64 slots with intrusive lists through the records' links. A slot of the lowest
// level is one tick wide, a slot of each other level as wide as the whole level below it; together
// they reach 8.9 years ahead.
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

  // Files a record that is in no list, to be removed before it dies. take_due() gives it at `time`
  // or less than a tick after, but at the next tick at the earliest; if that is 64 ticks ahead or
  // more, perhaps sooner.
  void add(const session::Record& record, Time time);

  // Takes a record out of whatever list it is in; nothing happens if it is in none.
  static void remove(const session::Record& record);

  // Takes out and returns the next record whose slot has come up by `now`, which must not be
  // negative nor go back; null when there is none. Its time may not have come yet: file it again
  // then.
  const session::Record* take_due(Time now);

  // The earliest time at which take_due() may give something, which may have passed already;
  // nothing when the wheel is empty.
  std::optional<Time> next_due() const;

 private:
  using Tick = std::uint64_t;
  // Circular, from the head to itself.
  using List = session::Record::Links;

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
  // What has come up and was not taken yet.
  List due_;
  // Where the wheel stands. What came up by it is due, what is in a slot lies after it.
  Tick current_ = 0;
};

}  // namespace sojourn::table
