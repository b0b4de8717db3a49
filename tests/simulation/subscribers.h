#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "node/node.h"
#include "simulation/simulation.h"

namespace sojourn::simulation {

struct SubscriberOptions {
  // Whether there are any.
  bool listen = true;
  // How long a subscriber takes for an event, and how many may wait for it, at most.
  Duration handling_max = std::chrono::milliseconds(50);
  std::size_t queue_max = 10'000;

  static SubscriberOptions draw(Random& random);
  std::string describe() const;
};

// An event that a subscriber was given.
struct Delivery {
  std::size_t member = 0;
  // Which process of the member, and by which right to answer.
  std::uint64_t start = 0;
  std::uint64_t serving = 0;
  SegmentId segment = {};
  replication::Event event = {};
};

// A subscriber at each member, which is slow and is gone with its process, as the store has it: it
// is asked directly before each event whether it may have it, and what finds no place in its queue
// is missed, and counted.
class Subscribers {
 public:
  // The references must outlive it. To be made before the first member starts.
  Subscribers(SubscriberOptions options, Simulation& simulation, Random& random);

  // Nothing waits to be delivered.
  bool idle() const;

  const std::vector<Delivery>& deliveries() const { return deliveries_; }
  // Segments of which anything was missed, and said to be.
  const std::set<SegmentId>& gaps() const { return gaps_; }

 private:
  struct Subscriber {
    std::uint64_t start = 0;
    std::deque<replication::Plane::Offered> queue = {};
    bool busy = false;
  };

  void offered(std::size_t member, const node::Event& event);
  void later(std::size_t member);
  void step(std::size_t member);
  replication::Plane::Permission permission(std::size_t member,
                                            const replication::Plane::Offered& offered) const;
  void drop_recalled(std::size_t member);
  void deliver(std::size_t member, const replication::Plane::Offered& offered);
  bool is_there(std::size_t member) const;

  const SubscriberOptions options_;
  Simulation& simulation_;
  Random& random_;
  std::vector<Subscriber> subscribers_;
  std::vector<Delivery> deliveries_;
  std::set<SegmentId> gaps_;
};

}  // namespace sojourn::simulation
