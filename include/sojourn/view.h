#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sojourn {

// One process that embeds the store.
struct Member {
  // Stable over restarts, for example the pod's name: [a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?. It is
  // also the route in cookies, unless an alias is configured.
  std::string name = {};
  // Where the other members reach it: host:port.
  std::string address = {};
  // Random and new at every start, so that a restarted process is never taken for the one before.
  std::uint64_t incarnation = 0;
  // Its share of the sessions relative to the others; 0 holds nothing (a witness).
  std::uint32_t capacity = 1;
  // Copies are spread over different zones when there are enough of them. Empty: no zone.
  std::string zone = {};
  // The epoch of the view that admitted it. Members are older the lower it is, and of equals the
  // one whose name comes first: half of the members, with the oldest among them, may go on alone.
  std::uint64_t joined = 0;
  // It is handing over what it holds, in order to go.
  bool leaving = false;

  friend bool operator==(const Member&, const Member&) = default;
};

// The agreed list of members at one epoch, from which every member computes the same owners.
// A plain value, shared as an immutable snapshot.
struct View {
  // The view's number. Views follow one another; a higher epoch replaces a lower one.
  std::uint64_t epoch = 0;
  // Raised when a cluster starts again after it lost a majority.
  std::uint64_t generation = 0;
  // Number of segments of the id space: a power of two.
  std::uint32_t segments = 4096;
  // How many members hold each session.
  std::uint32_t copies = 2;
  // Ordered by name; names are unique.
  std::vector<Member> members = {};

  // The member of that name, or null. The pointer lives as long as the view is unchanged.
  const Member* find(std::string_view name) const {
    for (const Member& member : members) {
      if (member.name == name) return &member;
    }
    return nullptr;
  }

  friend bool operator==(const View&, const View&) = default;
};

}  // namespace sojourn
