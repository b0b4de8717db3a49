#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include "base/random.h"
#include "session/companion.h"
#include "simulation/history.h"
#include "simulation/session_model.h"
#include "simulation/simulation.h"

namespace sojourn::simulation {

struct CompanionWorkloadOptions {
  std::size_t clients = 3;
  // Names that the clients work on at one time: few, so that they meet.
  std::size_t names_at_once = 3;
  std::size_t calls_per_name_max = 24;
  Duration think_max = std::chrono::milliseconds(200);
  std::chrono::seconds lifetime_max = std::chrono::seconds(10);

  static CompanionWorkloadOptions draw(Random& random);
  std::string describe() const;
};

// Auth servers, as the store sees them: clients that put and take values, count, and revoke tokens
// through whichever member, and that write down what they were told.
class CompanionWorkload {
 public:
  // The references must outlive it.
  CompanionWorkload(CompanionWorkloadOptions options, Simulation& simulation, Random& random);

  void start();
  // Clients end their last call and do nothing more.
  void stop() { stopped_ = true; }
  bool idle() const { return calls_pending_ == 0; }

  // For the end: asks every member for every name. In a healthy cluster each must get an answer.
  void look_at_everything();

  // Reports a violation for each history that no order explains.
  void check_histories(const Tolerance& tolerance);

  std::set<std::string> ids() const;
  std::uint64_t calls() const { return calls_; }
  std::uint64_t undecided() const { return undecided_; }

 private:
  // All that happens under one name.
  struct Lineage {
    session::Kind kind = {};
    std::string id = {};
    History history = {};
    std::size_t calls_left = 0;
    // To be added next: each amount is a bit of its own, so that a count says which were added.
    std::uint64_t next_amount = 1;
  };

  void next_step(std::size_t client);
  void step(std::size_t client);
  void ask(std::string client, Lineage& lineage, std::size_t member,
           replication::Operation operation, Duration timeout,
           std::function<void(absl::StatusCode)> then);
  void look_in_turn(std::deque<std::pair<std::size_t, std::size_t>> looks);
  Lineage& pick_lineage();
  replication::Operation draw_operation(Lineage& lineage);
  std::size_t any_member();

  const CompanionWorkloadOptions options_;
  Simulation& simulation_;
  Random& random_;
  bool stopped_ = false;
  std::deque<Lineage> lineages_;
  std::size_t calls_pending_ = 0;
  std::uint64_t calls_ = 0;
  std::uint64_t values_ = 0;
  std::uint64_t undecided_ = 0;
};

}  // namespace sojourn::simulation
