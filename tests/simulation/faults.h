#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"
#include "base/time.h"
#include "simulation/simulation.h"

namespace sojourn::simulation {

// How often something happens on average, of what the network does not do by itself; zero: never.
struct FaultOptions {
  Duration sleep_every = {};
  Duration sleep_max = std::chrono::seconds(2);
  Duration cut_every = {};
  Duration cut_max = std::chrono::seconds(3);
  // Crashed members come back with nothing. In a cluster whose view never changes they are of no
  // use any more, so this many crash at most, and never all.
  std::size_t crashes_max = 0;
  Duration crash_every = {};

  static FaultOptions draw(Random& random);
  std::string describe() const;
};

// Puts members to sleep, cuts them off and crashes them, until it is stopped.
class Faults {
 public:
  // The references must outlive it.
  Faults(FaultOptions options, Simulation& simulation, Random& random);

  void start();
  // Heals the network and lets nothing more happen. Sleepers wake in their own time.
  void stop();

  std::size_t crashes() const { return crashes_; }
  std::uint64_t count() const { return count_; }

 private:
  void repeat(Duration every, void (Faults::*fault)());
  void sleep();
  void cut();
  void crash();
  bool may_crash() const;
  std::size_t any_member() { return random_.below(simulation_.members()); }
  Duration up_to(Duration longest);

  const FaultOptions options_;
  Simulation& simulation_;
  Random& random_;
  bool stopped_ = false;
  std::size_t crashes_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace sojourn::simulation
