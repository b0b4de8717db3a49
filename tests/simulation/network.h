#pragma once

#include <absl/status/status.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "node/messages.h"
#include "simulation/event_queue.h"
#include "wire/frame.h"
#include "wire/outbox.h"

namespace sojourn::simulation {

struct NetworkOptions {
  enum class Mode : std::uint8_t {
    // As in production: one connection between each two members; wire::Outbox packs messages into
    // frames, which arrive in order until the connection breaks.
    kStreams,
    // Harder than production: each message is a frame of its own, and may be late, be repeated, be
    // overtaken by others, or never arrive.
    kDatagrams,
  };
  Mode mode = Mode::kStreams;
  // How long a frame is on its way.
  Duration delay_min = std::chrono::microseconds(100);
  Duration delay_max = std::chrono::milliseconds(2);

  // Of a thousand frames so many break their connection instead of arriving (streams), are lost,
  // repeated, or late by up to late_max (datagrams).
  std::uint64_t break_permille = 0;
  std::uint64_t loss_permille = 0;
  std::uint64_t repeat_permille = 0;
  std::uint64_t late_permille = 0;
  Duration late_max = std::chrono::seconds(2);

  // Streams: how long a write takes, how long a side does not know that its connection is broken,
  // and how long it waits before it dials again, at most.
  Duration write_max = std::chrono::microseconds(200);
  Duration unnoticed_max = std::chrono::milliseconds(200);
  Duration redial_max = std::chrono::milliseconds(200);
  std::size_t queue_bytes_max = wire::OutboxOptions{}.queue_bytes_max;
};

// What a network must know of the members, which go by their number, and whom it tells.
class NetworkUser {
 public:
  virtual ~NetworkUser() = default;

  // The incarnation that runs now; nothing while the member is down.
  virtual std::optional<Incarnation> incarnation(std::size_t member) const = 0;
  virtual Time local_time(std::size_t member) const = 0;
  // Until when the member reads nothing; past if it is awake.
  virtual Time asleep_until(std::size_t member) const = 0;
  // The owner must flush the network afterwards.
  virtual void receive(std::size_t to, std::size_t from, const wire::Frame& frame) = 0;
  // Something happened that never may.
  virtual void violation(const std::string& what) = 0;
};

// All connections between the members of a simulation. Messages travel as the bytes that production
// sends; what happens to them is drawn from the random source.
class Network {
 public:
  // What becomes of a message (datagrams only).
  enum class Fate : std::uint8_t {
    kByChance,
    kLost,
    // Arrives at release() only.
    kHeld,
    // Arrives, and once more at release().
    kRepeated,
  };
  using Filter =
      std::function<Fate(std::size_t from, std::size_t to, const node::Envelope& envelope)>;

  // The references must outlive the network. `cluster` is the hash that all messages carry.
  Network(NetworkOptions options, std::size_t members, std::uint64_t cluster, EventQueue& events,
          Random& random, NetworkUser& user);

  // As transport::Transport.
  absl::Status send(std::size_t from, std::size_t to, const node::Envelope& envelope);
  absl::Status send(std::size_t from, std::size_t to, const replication::Lookup& lookup);
  void send(std::size_t from, std::size_t to, const replication::Found& found);
  void flush(std::size_t from);

  // The member's process is gone, and its ends of all connections with it.
  void crash(std::size_t member);

  // Nothing gets from one member to the other until heal().
  void cut(std::size_t from, std::size_t to) { cut_.insert({from, to}); }
  void heal() { cut_.clear(); }
  bool is_cut(std::size_t from, std::size_t to) const { return cut_.contains({from, to}); }
  // From now on nothing is lost, repeated or broken by chance.
  void calm();

  // Decides the fate of messages in scenarios.
  void set_filter(Filter filter) { filter_ = std::move(filter); }
  void release();

  // Of everything that arrived, with when and where: equal for equal runs.
  std::uint64_t trace_hash() const { return trace_hash_; }
  std::uint64_t frames_delivered() const { return frames_delivered_; }

 private:
  // One side of a connection.
  struct End {
    // While it takes the connection for alive.
    std::optional<wire::Outbox> outbox = {};
    // Frames on their way to the other side, and when the last will arrive.
    std::deque<std::string> under_way = {};
    Time last_arrival = {};
  };
  // Between two members, the first with the lower number.
  struct Link {
    std::array<std::size_t, 2> members = {};
    std::array<End, 2> ends = {};
    // Counts connections: what is scheduled for one must not touch the next.
    std::uint64_t connection = 0;
    bool up = false;
  };
  struct Datagram {
    std::size_t from = 0;
    std::size_t to = 0;
    std::string bytes = {};
    // Of reads, which rely on their connection: it is one of these two processes, and ends with
    // either, so that no answer reaches a process that did not ask.
    std::optional<std::pair<Incarnation, Incarnation>> between = {};
  };
  Datagram read_datagram(std::size_t from, std::size_t to, wire::Frame frame) const;
  // Whether what it relies on has gone.
  bool is_too_late(const Datagram& datagram) const;

  template <typename Message>
  absl::Status push(std::size_t from, std::size_t to, const Message& message);
  void send(Datagram datagram);
  Datagram datagram(std::size_t from, std::size_t to, wire::Frame frame) const;
  std::pair<Link*, std::size_t> link(std::size_t from, std::size_t to);
  void dial(Link& link);
  void dial_later(Link& link);
  void break_connection(Link& link);
  void notice_break(Link& link, std::size_t side);
  void pump(Link& link, std::size_t side);
  void arrive(Link& link, std::size_t side, std::uint64_t connection);
  void arrive(Datagram datagram);
  void schedule(Datagram datagram, Duration delay);
  std::optional<wire::Frame> decode(std::size_t from, std::size_t to, const std::string& bytes);

  Duration delay();
  Duration late_delay();
  Duration up_to(Duration longest);
  bool by_chance(std::uint64_t permille) { return random_.below(1000) < permille; }

  NetworkOptions options_;
  const std::uint64_t cluster_;
  EventQueue& events_;
  Random& random_;
  NetworkUser& user_;
  std::map<std::pair<std::size_t, std::size_t>, Link> links_;
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  Filter filter_;
  std::vector<Datagram> held_;
  std::uint64_t trace_hash_ = 0;
  std::uint64_t frames_delivered_ = 0;
};

}  // namespace sojourn::simulation
