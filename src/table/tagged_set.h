#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace sojourn::table {

// A set of values of 48 bits that are found by their hashes: pointers, whose low bits may say more.
// One array of 8-byte slots with linear probing. A slot has 16 bits of its value's hash beside it,
// which say both where the search for it begins and, almost always, whether it is the one: so a
// lookup touches one or two cache lines and then the right record, and moving values about touches
// no record at all. At 65536 slots and more several values begin at one slot: keep sets smaller.
//
// It grows and shrinks only when told to. Not safe from several threads.
class TaggedSet {
 public:
  using Tag = std::uint16_t;
  static constexpr std::uint64_t kValueMax = (std::uint64_t{1} << 48) - 1;

  TaggedSet() = default;
  explicit TaggedSet(std::size_t room);

  std::size_t size() const { return size_; }
  // How many values fit.
  std::size_t room() const { return room_; }
  // What its slots take as glibc's allocator counts; it depends on nothing but the room.
  std::size_t bytes() const { return room_ == 0 ? 0 : (slots_count() * 8 + 8 + 15) / 16 * 16; }

  // The place of the first value with that tag of which is_it(value) is true; kNone if there is
  // none. Good until the set changes.
  static constexpr std::size_t kNone = ~std::size_t{0};
  template <typename IsIt>
  std::size_t find(Tag tag, IsIt is_it) const {
    if (size_ == 0) return kNone;
    for (std::size_t at = home(tag); slots_[at] != 0; at = next(at)) {
      if (slots_[at] >> 48 == tag && is_it(slots_[at] & kValueMax)) return at;
    }
    return kNone;
  }
  std::uint64_t value(std::size_t place) const { return slots_[place] & kValueMax; }
  // The new value has the same hash.
  void replace(std::size_t place, std::uint64_t value) {
    slots_[place] = (slots_[place] & ~kValueMax) | checked(value);
  }

  // There must be room. The value is not 0 and, by the hash, not there yet or another one.
  void insert(Tag tag, std::uint64_t value);
  void erase(std::size_t place);

  // The same values with other room, at least as much as their number.
  TaggedSet resized(std::size_t room) const;

  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::size_t at = 0; at < slots_count(); ++at) {
      if (slots_[at] != 0) visit(slots_[at] & kValueMax);
    }
  }

  // Those with tags from `first` to `last`.
  template <typename Visit>
  void for_each(Tag first, Tag last, Visit visit) const {
    if (size_ == 0) return;
    std::size_t at = home(first);
    // They stand from where the search for the first begins to the first free slot at or behind
    // where that for the last does.
    const std::size_t least = home(last) - at;
    for (std::size_t seen = 0; seen < slots_count(); ++seen, at = next(at)) {
      if (slots_[at] == 0) {
        if (seen >= least) return;
        continue;
      }
      const Tag tag = static_cast<Tag>(slots_[at] >> 48);
      if (first <= tag && tag <= last) visit(slots_[at] & kValueMax);
    }
  }

  // Room that a set of so many values is given when it has none left, or far too much: an eighth
  // more than there are, and for small ones up to twice as much, because each array that is too
  // small leaves a hole in the heap. Making it anew costs a walk over its slots.
  static std::size_t room_for(std::size_t size) {
    return size == 0 ? 0 : size + std::max(size / 8, std::min<std::size_t>(size, 64)) + 4;
  }
  bool is_full() const { return size_ == room_; }
  bool is_sparse() const { return 2 * size_ + 4 < room_; }

 private:
  // One in eight stays free.
  std::size_t slots_count() const { return room_ == 0 ? 0 : room_ + room_ / 7 + 1; }
  std::size_t home(Tag tag) const { return tag * slots_count() >> 16; }
  std::size_t next(std::size_t at) const { return at + 1 == slots_count() ? 0 : at + 1; }
  static std::uint64_t checked(std::uint64_t value) {
    assert(value != 0 && value <= kValueMax);
    return value;
  }

  std::unique_ptr<std::uint64_t[]> slots_;
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;
};

}  // namespace sojourn::table
