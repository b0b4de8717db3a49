#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"

namespace sojourn::chaos {

// What happens to packets on their way from one member to another.
struct Link {
  bool cut = false;
  // The part of packets that is lost: 0 to 1.
  double loss = 0;
  // Each packet is late by this and up to `jitter` more: those of one connection overtake each
  // other.
  std::chrono::microseconds delay{};
  std::chrono::microseconds jitter{};
};

// A network of the run's own: each member lives in a network namespace with one interface, a TUN
// device, and a thread of this process carries packets between them. So a packet can be lost,
// delayed and stopped in one direction, with nothing but rights for namespaces: no bridge, no
// filter, no netem, and nothing is left behind when this process ends.
//
// Safe from any thread.
class Network {
 public:
  // For so many members. Its error says what this machine does not allow.
  static absl::StatusOr<std::unique_ptr<Network>> create(std::size_t members, std::uint64_t seed);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // A descriptor for setns().
  int namespace_of(std::size_t member) const { return ports_[member].network_namespace; }
  // The member's numeric address.
  static std::string address_of(std::size_t member);

  void set(std::size_t from, std::size_t to, Link link);
  // In both directions.
  void set_between(std::size_t a, std::size_t b, Link link);
  void set_all(Link link);
  void heal() { set_all({}); }

 private:
  struct Port {
    int network_namespace = -1;
    int tunnel = -1;
  };
  Network(std::vector<Port> ports, int wake, std::uint64_t seed);

  static absl::StatusOr<Port> make_port(std::size_t member);
  void carry();
  Link link(std::size_t from, std::size_t to);

  const std::vector<Port> ports_;
  // An eventfd that ends the thread.
  const int wake_;
  std::mutex mutex_;
  // By sender, then receiver; guarded by mutex_.
  std::vector<std::vector<Link>> links_;
  // The thread's own.
  SeededRandom random_;
  std::thread thread_;
};

}  // namespace sojourn::chaos
