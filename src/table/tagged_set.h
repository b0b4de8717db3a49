#pragma once

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/prefetch.h"

namespace sojourn::table {

// A set of values that are found by their hashes: addresses, whose low bits may say more. One array
// of 8-byte slots with linear probing, where each search begins with a cache line of them. A slot
// has the first kTagBits of its value's hash beside it, which say both where the search for it
// begins and, almost always, whether it is the one: so most lookups touch one cache line and then
// the right record, and moving values about touches no record at all.
//
// It grows and shrinks only when told to. Not safe from several threads.
template <int kTagBits>
class TaggedSet {
 public:
  using Tag = std::uint32_t;
  static constexpr Tag kTagMax = (Tag{1} << kTagBits) - 1;
  static constexpr std::uint64_t kValueMax = ~std::uint64_t{0} >> kTagBits;

  TaggedSet() = default;
  explicit TaggedSet(std::size_t room);

  std::size_t size() const { return size_; }
  // How many values fit.
  std::size_t room() const {
    return slots_count_ == 0 ? 0 : slots_count_ - 1 - (slots_count_ - 1) / 8;
  }
  // What its slots take as glibc's allocator counts; it depends on nothing but the room.
  std::size_t bytes() const {
    return slots_count_ == 0 ? 0 : (slots_count() * 8 + 8 + 15) / 16 * 16;
  }

  // Where a search ended: at the first value with the tag of which is_it(value) is true, or else at
  // the free slot that an insertion would take. Good until the set changes.
  struct Sought {
    bool found = false;
    std::size_t place = 0;
  };
  // There must be a slot: room() > 0.
  template <typename IsIt>
  [[gnu::always_inline]] Sought seek(Tag tag, IsIt is_it) const {
    for (std::size_t at = home(tag);; at = next_line(at)) {
      // Where in its line it stands the processor cannot foresee, so there is no branch before it
      // is known. A free slot looks like one with the tag 0.
      const std::uint64_t* slots = &slots_[at];
      for (std::uint32_t same = with_tag(slots, tag); same != 0; same &= same - 1) {
        const std::size_t place = at + static_cast<std::size_t>(std::countr_zero(same));
        if (slots_[place] != 0 && is_it(value(place))) [[likely]]
          return {true, place};
      }
      if (const std::uint32_t free = which_are_free(slots); free != 0) {
        return {false, at + static_cast<std::size_t>(std::countr_zero(free))};
      }
    }
  }

  // The place of the first value with that tag of which is_it(value) is true; kNone if there is
  // none. Good until the set changes.
  static constexpr std::size_t kNone = ~std::size_t{0};
  template <typename IsIt>
  [[gnu::always_inline]] std::size_t find(Tag tag, IsIt is_it) const {
    if (size_ == 0) return kNone;
    const Sought sought = seek(tag, is_it);
    return sought.found ? sought.place : kNone;
  }
  // Fetches where the search for that tag begins, for a find() soon after.
  void prefetch(Tag tag) const {
    if (size_ != 0) sojourn::prefetch(&slots_[home(tag)]);
  }
  // The same for a search for what is not there, which often goes on for another line.
  void prefetch_free(Tag tag) const {
    if (size_ == 0) return;
    const std::size_t at = home(tag);
    sojourn::prefetch(&slots_[at]);
    sojourn::prefetch(&slots_[next_line(at)]);
  }
  // The first value with that tag, if it stands in the first line or two; 0 if none does.
  std::uint64_t guess(Tag tag) const {
    if (size_ == 0) return 0;
    std::size_t at = home(tag);
    for (int line = 0; line < 2; ++line, at = next_line(at)) {
      const std::uint32_t same = with_tag(&slots_[at], tag);
      if (same != 0) return value(at + static_cast<std::size_t>(std::countr_zero(same)));
      if (which_are_free(&slots_[at]) != 0) return 0;
    }
    return 0;
  }
  std::uint64_t value(std::size_t place) const { return slots_[place] & kValueMax; }
  // The new value has the same hash.
  void replace(std::size_t place, std::uint64_t value) {
    slots_[place] = (slots_[place] & ~kValueMax) | checked(value);
  }

  // There must be room. The value is not 0 and, by the hash, not there yet or another one. The
  // second where a seek() for that tag found no such value, and nothing was changed since.
  void insert(Tag tag, std::uint64_t value) {
    insert(tag, value, seek(tag, [](std::uint64_t) { return false; }).place);
  }
  void insert(Tag tag, std::uint64_t value, std::size_t place) {
    assert(size_ < room() && tag <= kTagMax && slots_[place] == 0);
    slots_[place] = std::uint64_t{tag} << (64 - kTagBits) | checked(value);
    ++size_;
  }
  void erase(std::size_t place);

  // The same values with other room, at least as much as their number.
  TaggedSet resized(std::size_t room) const;

  template <typename Visit>
  void for_each(Visit visit) const {
    for_each_with_tag([&](Tag, std::uint64_t value) { visit(value); });
  }
  template <typename Visit>
  void for_each_with_tag(Visit visit) const {
    for (std::size_t at = 0; at < slots_count(); ++at) {
      if (slots_[at] != 0) visit(tag_of(slots_[at]), slots_[at] & kValueMax);
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
      const Tag tag = tag_of(slots_[at]);
      if (first <= tag && tag <= last) visit(slots_[at] & kValueMax);
    }
  }

  // Room that a set of so many values is given when it has none left, or far too much: an eighth
  // more than there are, and for small ones up to twice as much, because each array that is too
  // small leaves a hole in the heap. Making it anew costs a walk over its slots.
  static std::size_t room_for(std::size_t size) {
    return size == 0 ? 0 : size + std::max(size / 8, std::min<std::size_t>(size, 64)) + 4;
  }
  bool is_full() const { return size_ == room(); }
  bool is_sparse() const { return 2 * size_ + 4 < room(); }
  // Whether it was given clearly more room than a set of so many values is given.
  bool has_too_much() const {
    const std::size_t usual = room_for(size_);
    return room() > usual + usual / 8;
  }

 private:
  // Slots of a cache line.
  static constexpr std::size_t kLine = 8;

  // Of the slots of a line, a bit for each: which have that tag; and which are free.
#if defined(__SSE2__)
  // The upper or lower halves of four slots.
  template <int kWhich>
  static __m128i halves(const std::uint64_t* slots) {
    constexpr int kUpper = _MM_SHUFFLE(3, 1, 3, 1);
    constexpr int kLower = _MM_SHUFFLE(2, 0, 2, 0);
    const auto* pairs = reinterpret_cast<const __m128i*>(slots);
    return _mm_castps_si128(_mm_shuffle_ps(_mm_castsi128_ps(_mm_load_si128(pairs)),
                                           _mm_castsi128_ps(_mm_load_si128(pairs + 1)),
                                           kWhich == 1 ? kUpper : kLower));
  }
  static std::uint32_t bits_of(__m128i first, __m128i second) {
    const __m128i both = _mm_packs_epi32(first, second);
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi16(both, both))) & 0xff;
  }
  static std::uint32_t with_tag(const std::uint64_t* slots, Tag tag) {
    const __m128i tags = _mm_set1_epi32(static_cast<int>(tag));
    const auto same = [tags](__m128i upper) {
      return _mm_cmpeq_epi32(_mm_srli_epi32(upper, 32 - kTagBits), tags);
    };
    return bits_of(same(halves<1>(slots)), same(halves<1>(slots + 4)));
  }
  static std::uint32_t which_are_free(const std::uint64_t* slots) {
    const auto are_zero = [](const std::uint64_t* four) {
      return _mm_cmpeq_epi32(_mm_or_si128(halves<0>(four), halves<1>(four)), _mm_setzero_si128());
    };
    return bits_of(are_zero(slots), are_zero(slots + 4));
  }
#else
  static std::uint32_t with_tag(const std::uint64_t* slots, Tag tag) {
    std::uint32_t same = 0;
    for (std::size_t i = 0; i < kLine; ++i) {
      same |= std::uint32_t{tag_of(slots[i]) == tag} << i;
    }
    return same;
  }
  static std::uint32_t which_are_free(const std::uint64_t* slots) {
    std::uint32_t free = 0;
    for (std::size_t i = 0; i < kLine; ++i) free |= std::uint32_t{slots[i] == 0} << i;
    return free;
  }
#endif

  // One in eight stays free, at least one; whole lines.
  static std::size_t slots_count_for(std::size_t room) {
    return room == 0 ? 0 : (room + room / 7 + 1 + kLine - 1) / kLine * kLine;
  }
  std::size_t slots_count() const { return slots_count_; }
  // The line in which the search for that tag begins, by its first slot.
  std::size_t home(Tag tag) const { return (tag * (slots_count() / kLine) >> kTagBits) * kLine; }
  static Tag tag_of(std::uint64_t slot) { return static_cast<Tag>(slot >> (64 - kTagBits)); }
  std::size_t next(std::size_t at) const { return at + 1 == slots_count() ? 0 : at + 1; }
  std::size_t next_line(std::size_t at) const {
    return at + kLine == slots_count() ? 0 : at + kLine;
  }
  static std::uint64_t checked(std::uint64_t value) {
    assert(value != 0 && value <= kValueMax);
    return value;
  }

  struct Delete {
    void operator()(std::uint64_t* slots) const { ::operator delete[](slots, kAlignment); }
  };
  static constexpr std::align_val_t kAlignment{kLine * sizeof(std::uint64_t)};

  std::unique_ptr<std::uint64_t[], Delete> slots_;
  std::uint32_t size_ = 0;
  std::uint32_t slots_count_ = 0;
};

// What stands in the table: addresses of records, which are multiples of 16, divided by 16.
using RecordSet = TaggedSet<20>;
// What stands in its index: Record::Place.
using PlaceSet = TaggedSet<16>;

}  // namespace sojourn::table
