#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "replication/messages.h"
#include "session/companion.h"

namespace sojourn::node {

struct LookupsOptions {
  // Lookups that may be unanswered at one time.
  std::size_t in_flight_max = 65536;
  // How long an owner may take before it is asked by a Request instead.
  Duration patience = std::chrono::milliseconds(100);
};

// Reads that this member sent straight to the owners of sessions, past the node: each with a
// `Waiter`, whatever shall be told of its end. Who is not answered falls back on a call of the
// node, which waits, sends again and follows views; so nothing is lost here but time, and neither
// views nor lost messages matter.
//
// An engine; the owner of this object calls everything one at a time. Costs no allocation a lookup
// once as many were under way at one time.
template <typename Waiter>
class Lookups {
 public:
  // One that has ended here.
  struct Lookup {
    replication::Verb verb = replication::Verb::kGet;
    bool touch = true;
    Time deadline = {};
    std::string_view id() const { return {id_.data(), id_size_}; }
    Waiter waiter = {};

   private:
    friend class Lookups;
    // Of whom it was asked.
    std::uint64_t owner_ = 0;
    Time due_ = {};
    std::uint8_t id_size_ = 0;
    std::array<char, session::CompanionId::kSizeMax> id_;
  };

  explicit Lookups(LookupsOptions options) : options_(options) {}

  std::size_t in_flight() const { return in_flight_; }
  bool is_full() const { return in_flight_ == options_.in_flight_max; }

  // Notes a lookup, and says what is to be sent to `owner`, a hash of the member's name. Its id is
  // a view of `id`. Not if it is full.
  replication::Lookup start(Time now, std::uint64_t owner, replication::Verb verb,
                            std::string_view id, bool touch, Time deadline, Waiter&& waiter) {
    assert(!is_full() && replication::is_read(verb));
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    ++in_flight_;
    Slot& slot = slots_[index];
    slot.number = ++started_ << kIndexBits | index;
    Lookup& lookup = slot.lookup;
    lookup.verb = verb;
    lookup.touch = touch || verb == replication::Verb::kTouch;
    lookup.deadline = deadline;
    lookup.waiter = std::move(waiter);
    lookup.owner_ = owner;
    lookup.due_ = std::min(deadline, now + options_.patience);
    lookup.id_size_ = static_cast<std::uint8_t>(id.copy(lookup.id_.data(), lookup.id_.size()));
    next_due_ = std::min(next_due_.value_or(lookup.due_), lookup.due_);
    return {.number = slot.number,
            .time_left = deadline - now,
            .touch = lookup.touch,
            .wants_record = verb != replication::Verb::kTouch,
            .id = id};
  }

  // The lookup that `owner` has answered or declined; nothing if it has ended before, or was asked
  // of somebody else.
  std::optional<Lookup> answered(std::uint64_t owner, std::uint64_t number) {
    const std::size_t index = number & kIndexMask;
    if (index >= slots_.size() || slots_[index].number != number) return std::nullopt;
    if (slots_[index].lookup.owner_ != owner) return std::nullopt;
    return end(index);
  }

  // Who waits for one that `owner` has answered: as answered(), without what it takes to ask again.
  struct Waiting {
    // False: it has ended before.
    bool exists = false;
    replication::Verb verb = replication::Verb::kGet;
    Waiter waiter = {};
  };
  // Written into `waiting`, which is as it was made: moving a waiter about once more would cost
  // more.
  void found(std::uint64_t owner, std::uint64_t number, Waiting& waiting) {
    const std::size_t index = number & kIndexMask;
    if (index >= slots_.size() || slots_[index].number != number) return;
    Lookup& lookup = slots_[index].lookup;
    if (lookup.owner_ != owner) return;
    free(index);
    waiting.exists = true;
    waiting.verb = lookup.verb;
    waiting.waiter = std::move(lookup.waiter);
  }

  // Those that `owner` will not answer any more: what was sent to it is lost.
  std::vector<Lookup> lost(std::uint64_t owner) {
    return end_those([&](const Lookup& lookup) { return lookup.owner_ == owner; });
  }

  // Those whose owner has taken too long, or whose time is up.
  std::vector<Lookup> tick(Time now) {
    std::vector<Lookup> ended = end_those([&](const Lookup& lookup) { return lookup.due_ <= now; });
    next_due_.reset();
    for (const Slot& slot : slots_) {
      if (slot.number != 0) next_due_ = std::min(next_due_.value_or(Time::max()), slot.lookup.due_);
    }
    return ended;
  }

  // Everything, as the store ends.
  std::vector<Lookup> take_all() {
    return end_those([](const Lookup&) { return true; });
  }

  // When tick() is next due, or may be: what was answered meanwhile is not looked at.
  std::optional<Time> next_deadline() const { return next_due_; }

 private:
  struct Slot {
    // 0: free.
    std::uint64_t number = 0;
    Lookup lookup = {};
  };
  static constexpr int kIndexBits = 24;
  static constexpr std::uint64_t kIndexMask = (std::uint64_t{1} << kIndexBits) - 1;

  Lookup end(std::size_t index) {
    free(index);
    return std::move(slots_[index].lookup);
  }
  void free(std::size_t index) {
    slots_[index].number = 0;
    free_.push_back(static_cast<std::uint32_t>(index));
    --in_flight_;
  }

  template <typename Condition>
  std::vector<Lookup> end_those(Condition condition) {
    std::vector<Lookup> ended;
    for (std::size_t index = 0; index < slots_.size(); ++index) {
      if (slots_[index].number != 0 && condition(slots_[index].lookup)) ended.push_back(end(index));
    }
    return ended;
  }

  const LookupsOptions options_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t in_flight_ = 0;
  std::uint64_t started_ = 0;
  std::optional<Time> next_due_;
};

}  // namespace sojourn::node
