#include "simulation/seed_run.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <set>

#include "simulation/faults.h"
#include "simulation/simulation.h"
#include "simulation/workload.h"

namespace sojourn::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kRounding = milliseconds(1);

// Every member is up and in the view: what holds of a healthy cluster must hold.
bool is_whole(const Simulation& simulation) {
  for (std::size_t i = 0; i < simulation.members(); ++i) {
    if (!simulation.node(i) || !simulation.node(i)->ready()) return false;
  }
  return true;
}

bool no_writes_waiting(const Simulation& simulation) {
  for (std::size_t i = 0; i < simulation.members(); ++i) {
    if (simulation.node(i)->plane().writes_waiting() != 0) return false;
  }
  return true;
}

// Whether a backup's record is its primary's. Its age may have grown less, by the time that it was
// under way, but not more.
bool is_copy(const Simulation& simulation, std::size_t backup, const session::Record& copy,
             std::size_t primary, const session::Record& original, Duration under_way_max) {
  const Duration younger = simulation.common_time(backup, copy.created_at()) -
                           simulation.common_time(primary, original.created_at());
  return seen(copy) == seen(original) && younger >= -kRounding && younger <= under_way_max;
}

// Backups hold what the primary holds, and nobody else holds anything.
void check_replicas(Simulation& simulation, std::set<std::string> ids, Duration under_way_max) {
  ids.insert(simulation.replicated_ids().begin(), simulation.replicated_ids().end());
  std::vector<std::uint64_t> held(simulation.members());
  for (const std::string& id : ids) {
    const std::vector<std::size_t> owners = simulation.owners(id);
    const std::size_t primary = owners.front();
    const auto original = simulation.node(primary)->plane().table().peek(id);
    for (std::size_t i = 0; i < simulation.members(); ++i) {
      const auto record = simulation.node(i)->plane().table().peek(id);
      held[i] += record ? 1 : 0;
      const bool owns = std::find(owners.begin(), owners.end(), i) != owners.end();
      const bool as_expected =
          !owns || !original
              ? !record
              : record && is_copy(simulation, i, *record, primary, *original, under_way_max);
      if (!as_expected) {
        simulation.violation(absl::StrFormat("%s holds another copy of %s than its primary %s",
                                             simulation.name(i), id.substr(0, 8),
                                             simulation.name(primary)));
      }
    }
  }
  if (simulation.options().holders() == 1) return;  // then nobody saw all ids
  for (std::size_t i = 0; i < simulation.members(); ++i) {
    const table::Usage usage = simulation.node(i)->plane().table().usage();
    if (usage.login + usage.active != held[i]) {
      simulation.violation(absl::StrFormat("%s holds %d sessions, of which only %d were written",
                                           simulation.name(i), usage.login + usage.active,
                                           held[i]));
    }
  }
}

// When every session has ended, nothing is left of them.
void check_empty(Simulation& simulation) {
  for (std::size_t i = 0; i < simulation.members(); ++i) {
    const replication::Plane& plane = simulation.node(i)->plane();
    const table::Usage usage = plane.table().usage();
    if (usage.login + usage.active + usage.bytes + plane.tombstones() + plane.memos() +
            plane.writes_waiting() + simulation.node(i)->calls_in_flight() !=
        0) {
      simulation.violation(absl::StrFormat(
          "all sessions have ended, and %s still holds %d + %d sessions, %d bytes, %d tombstones, "
          "%d memos, %d writes, %d calls",
          simulation.name(i), usage.login, usage.active, usage.bytes, plane.tombstones(),
          plane.memos(), plane.writes_waiting(), simulation.node(i)->calls_in_flight()));
    }
  }
}

// Requests are asked again while they are unanswered, and repeated by the network besides.
Tolerance tolerance(const NetworkOptions& network) {
  const bool datagrams = network.mode == NetworkOptions::Mode::kDatagrams;
  return {.late_use = 4 * network.delay_max + (datagrams ? network.late_max : Duration())};
}

}  // namespace

SeedReport run_seed(std::uint64_t seed, std::ostream* trace) {
  SeededRandom random(seed);
  const SimulationOptions simulation_options = SimulationOptions::draw(random);
  WorkloadOptions workload_options = WorkloadOptions::draw(random);
  // Each message must fit into an empty queue.
  if (simulation_options.network.queue_bytes_max < kSessionBytesMax) {
    workload_options.value_bytes_max = 16;
  }
  const FaultOptions fault_options = FaultOptions::draw(random);
  SeedReport report = {.seed = seed,
                       .options = simulation_options.describe() + "\n  " +
                                  workload_options.describe() + "\n  " + fault_options.describe()};
  if (trace) *trace << "seed " << seed << '\n' << "  " << report.options << '\n';

  Simulation simulation(random.next(), simulation_options);
  simulation.trace_to(trace);
  SeededRandom workload_random(random.next());
  Workload workload(workload_options, simulation, workload_random);
  SeededRandom fault_random(random.next());
  Faults faults(fault_options, simulation, fault_random);

  faults.start();
  workload.start();
  simulation.run_for(milliseconds(2000 + random.below(10'000)));

  faults.stop();
  workload.stop();
  simulation.network().calm();
  simulation.trace("nothing goes wrong any more");
  if (!simulation.run_until([&] { return workload.idle(); })) {
    simulation.violation("calls never ended");
  }
  if (faults.crashes() == 0 && !simulation.run_until_ready()) {
    simulation.violation("a member is not ready though nothing goes wrong");
  }
  // Long enough for the latest repetition and for what is told with delay.
  simulation.run_for(seconds(6));

  if (is_whole(simulation)) {
    if (simulation.run_until([&] { return no_writes_waiting(simulation); })) {
      // A write may lie before a sleeping member for as long as naps follow one another.
      const bool naps = fault_options.sleep_every != Duration::zero();
      check_replicas(simulation, workload.ids(),
                     naps ? Duration::max() : tolerance(simulation_options.network).late_use);
    } else {
      simulation.violation("writes are never finished though nothing goes wrong");
    }
    workload.read_everything();
    simulation.run_until([&] { return workload.idle(); }, std::chrono::hours(1));
    if (random.one_in(2)) {
      workload.revoke_everything();
      simulation.run_until([&] { return workload.idle(); }, std::chrono::hours(1));
    }
    simulation.run_for(workload_options.absolute_max + seconds(5));
    check_empty(simulation);
  }
  workload.check_histories(tolerance(simulation_options.network));

  report.violations = simulation.violations();
  report.trace_hash = simulation.trace_hash();
  report.calls = workload.calls();
  report.sessions = workload.sessions();
  report.frames = simulation.network().frames_delivered();
  report.faults = faults.count();
  report.undecided = workload.undecided();
  report.outcomes = workload.outcomes();
  report.simulated = simulation.now().time_since_epoch();
  return report;
}

}  // namespace sojourn::simulation
