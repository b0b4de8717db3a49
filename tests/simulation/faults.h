#pragma once

#include <cstdint>
#include <map>
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
  // Crashed members come back with nothing, after at most so long.
  Duration crash_every = {};
  Duration down_max = std::chrono::seconds(3);
  // Members leave in good order, several at once at times, and come back.
  Duration leave_every = {};
  // Members hear of others that do not exist.
  Duration lie_every = {};
  // Whether so many members may crash at one time that the others are no quorum.
  bool lose_majority = false;

  static FaultOptions draw(Random& random);
  std::string describe() const;
};

// Puts members to sleep, cuts them off, crashes them and lets them leave, until it is stopped.
class Faults {
 public:
  // The references must outlive it.
  Faults(FaultOptions options, Simulation& simulation, Random& random);

  void start();
  // Heals the network, starts whoever is down, and lets nothing more happen. Sleepers wake in their
  // own time.
  void stop();

  std::uint64_t count() const { return count_; }
  // Whether a majority of some view was down at one time.
  bool lost_majority() const { return lost_majority_; }

 private:
  void repeat(Duration every, void (Faults::*fault)());
  void sleep();
  void cut();
  void crash();
  void leave();
  void lie();
  const ring::Roles* newest() const;
  bool counts(std::size_t index) const;
  bool leaves_quorum(std::size_t member) const;
  View with_newcomers(View view) const;
  bool is_last_witness(std::size_t member) const;
  void start_later(std::size_t member);
  std::size_t any_member() { return random_.below(simulation_.members()); }
  Duration up_to(Duration longest);

  const FaultOptions options_;
  Simulation& simulation_;
  Random& random_;
  bool stopped_ = false;
  std::uint64_t count_ = 0;
  std::uint64_t lies_ = 0;
  bool lost_majority_ = false;
  std::map<std::size_t, Time> crashed_at_;
};

}  // namespace sojourn::simulation
