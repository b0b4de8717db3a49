#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/memory_level.h"
#include "base/time.h"
#include "ring/layout.h"

namespace sojourn::membership {

// What a member still has to do under the epoch of its message.
struct Progress {
  // Segments of which fewer copies exist than should.
  std::uint32_t repairs_left = 0;
  // All segments that it is to hold and does not yet, those included.
  std::uint32_t segments_left = 0;
  // Of a member that leaves: calls of its users that have not ended.
  std::uint32_t calls_left = 0;

  friend bool operator==(const Progress&, const Progress&) = default;
};

// Who the sender is, how it is configured and what it knows: sent to every other member at the
// heartbeat's pace, and at once when there is news. It asks the receiver for a lease (see Grant).
struct Hello {
  std::string cluster = {};
  std::string name = {};
  // Where the sender is reached by others.
  std::string address = {};
  std::uint32_t capacity = 1;
  std::string zone = {};

  // What all members must agree on.
  std::uint32_t segments = 0;
  std::uint32_t copies = 0;
  Duration lease = {};
  // The range of wire versions that the sender speaks.
  std::uint32_t wire_version_min = 0;
  std::uint32_t wire_version_max = 0;

  // Every call of the sender below this number has ended.
  std::uint64_t settled = 0;
  // Whom the sender has no memory for: nothing of that is made that it would have to hold.
  MemoryLevel memory_level = MemoryLevel::kRoom;
  // The sender wants to go: it shall hand over what it holds.
  bool leaving = false;
  // The sender has this many members in mind before the first view is decided.
  std::uint32_t bootstrap_expect = 0;
  // When it was sent, by the clock of the sender: comes back in a Grant.
  std::uint64_t stamp = 0;
  // The newest stamp that the sender had from the receiver's name, and the incarnation that made
  // it; 0 if it had none. Proves that the sender was alive when that stamp was made.
  std::uint64_t echo = 0;
  Incarnation echo_of = {};
  // How long the sender's process has been running as this incarnation.
  Duration uptime = {};
  // The incarnations that the sender hears. Two members are connected if each hears the other.
  std::vector<Incarnation> hears = {};
  Progress progress = {};
  // The sender has lost the majority of its view, and may start a new generation: what it holds is
  // the newest there can be.
  bool may_recover = false;
};

// The sender promises not to accept a view without the receiver for the time of a lease, which the
// receiver counts from the moment that the stamp says. Given under the epoch of the message only.
struct Grant {
  std::uint64_t stamp = 0;
};

// Orders the proposals for one epoch.
struct Ballot {
  std::uint64_t round = 0;
  Incarnation proposer = {};

  friend constexpr auto operator<=>(const Ballot&, const Ballot&) = default;
};

// Single-decree Paxos among the members of the installed view, for the layout of the next epoch.

struct Prepare {
  Ballot ballot = {};
};

// The sender takes part in no lower ballot, and has accepted this one before, if any.
struct Promise {
  Ballot ballot = {};
  std::optional<Ballot> accepted = {};
  // What it accepted; only with `accepted`.
  ring::Layout layout = {};
};

// Asks the receiver to accept the layout. Under epoch 0 it is that of the first view; with a higher
// generation, that of a cluster that begins again after it lost its majority.
struct Propose {
  Ballot ballot = {};
  ring::Layout layout = {};
  // An operator wants it, though it cannot be known that nothing newer was decided.
  bool forced = false;
};

struct Accept {
  Ballot ballot = {};
};

// The sender has promised itself to a higher ballot.
struct Refuse {
  Ballot ballot = {};
  Ballot promised = {};
};

// A layout that is decided.
struct Decide {
  ring::Layout layout = {};
};

// Asks for the newest decided layout.
struct ViewRequest {};

}  // namespace sojourn::membership
