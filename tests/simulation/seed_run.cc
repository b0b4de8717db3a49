#include "simulation/seed_run.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "simulation/companion_workload.h"
#include "simulation/event_check.h"
#include "simulation/faults.h"
#include "simulation/questions.h"
#include "simulation/simulation.h"
#include "simulation/subscribers.h"
#include "simulation/workload.h"

namespace sojourn::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kRounding = milliseconds(1);

bool no_writes_waiting(const Simulation& simulation) {
  for (std::size_t i = 0; i < simulation.members(); ++i) {
    if (!simulation.node(i)) continue;
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
  // Clocks that run apart make ages differ, and a copy may have come by several members.
  const Duration apart =
      kRounding + under_way_max +
      2 * (simulation.now() - simulation.common_time(backup, copy.created_at())) *
          static_cast<std::int64_t>(simulation.options().drift_permille) / 900;
  return seen(copy) == seen(original) && younger >= -apart && younger <= apart;
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
      if (!simulation.node(i)) continue;
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
    if (!simulation.node(i)) continue;
    const table::Usage usage = simulation.node(i)->plane().table().usage();
    const std::uint64_t records = usage.login + usage.active + usage.aliases + usage.companions();
    if (records != held[i]) {
      simulation.violation(
          absl::StrFormat("%s holds %d sessions and companions, of which only %d were written",
                          simulation.name(i), records, held[i]));
    }
  }
}

// When every session has ended, nothing is left of them.
void check_empty(Simulation& simulation) {
  for (std::size_t i = 0; i < simulation.members(); ++i) {
    if (!simulation.node(i)) continue;
    const replication::Plane& plane = simulation.node(i)->plane();
    const table::Usage usage = plane.table().usage();
    if (usage.login + usage.active + usage.aliases + usage.companions() + usage.bytes +
            plane.tombstones() + plane.memos() + plane.writes_waiting() + plane.events_kept() +
            simulation.node(i)->calls_in_flight() !=
        0) {
      simulation.violation(absl::StrFormat(
          "all has ended, and %s still holds %d + %d sessions, %d companions, %d bytes, %d "
          "tombstones, %d memos, %d writes, %d events, %d calls",
          simulation.name(i), usage.login, usage.active, usage.companions(), usage.bytes,
          plane.tombstones(), plane.memos(), plane.writes_waiting(), plane.events_kept(),
          simulation.node(i)->calls_in_flight()));
    }
  }
}

// Requests are asked again while they are unanswered, and repeated by the network besides; and what
// a session has left of its life does not shrink while it travels, or lies before a sleeping
// member.
Tolerance tolerance(const SimulationOptions& options, const FaultOptions& faults) {
  const NetworkOptions& network = options.network;
  const bool datagrams = network.mode == NetworkOptions::Mode::kDatagrams;
  const Duration under_way = 4 * network.delay_max + (datagrams ? network.late_max : Duration());
  const bool naps = faults.sleep_every != Duration::zero();
  return {.drift = static_cast<double>(options.drift_permille) / 1000 * 1.1,
          .late_use = under_way + (naps ? faults.sleep_max : Duration()),
          .late_end =
              table::kUseDelayMax + 5 * (under_way + (naps ? 3 * faults.sleep_max : Duration()))};
}

void check_events(Simulation& simulation, const Subscribers& subscribers, const Workload& workload,
                  bool all_ended) {
  const EventContext context = {
      .gaps = subscribers.gaps(),
      .lost_since = [&](SegmentId segment,
                        Time since) { return simulation.lost_since(segment, since); },
      .segment_of = [&](const std::string& id) { return simulation.segment_of(id); },
      .all_ended = all_ended,
      .ended = workload.ended(),
      .ends_oldest = simulation.options().node.sessions_per_subject > 0 &&
                     simulation.options().node.when_full == node::WhenFull::kEndOldest,
      .ends_logins = simulation.options().node.plane.end_oldest_logins};
  for (const std::string& wrong : check_order(subscribers.deliveries(), context.gaps)) {
    simulation.violation(wrong);
  }
  const std::vector<History> histories = workload.histories();
  for (const std::string& wrong : check_reasons(subscribers.deliveries(), histories, context)) {
    simulation.violation(wrong);
  }
  if (!all_ended) return;
  for (const std::string& wrong : check_complete(subscribers.deliveries(), histories, context)) {
    simulation.violation(wrong);
  }
}

// For how long, after everything has calmed down, a cluster may take to have all its copies.
constexpr Duration kConvergence = seconds(60);

}  // namespace

SeedReport run_seed(std::uint64_t seed, std::ostream* trace, Rules rules) {
  SeededRandom random(seed);
  SimulationOptions simulation_options = SimulationOptions::draw(random);
  simulation_options.rules = rules;
  simulation_options.frames_at_once = seed % 2 == 1;
  WorkloadOptions workload_options = WorkloadOptions::draw(random);
  // Each message must fit into its lane of an empty queue.
  if (simulation_options.network.queue_bytes_max < kSessionBytesMax) {
    workload_options.value_bytes_max = 16;
    simulation_options.network.queue_bytes_max =
        std::max<std::size_t>(simulation_options.network.queue_bytes_max, 24'000);
    std::size_t& chunk_bytes = simulation_options.node.plane.sending.chunk_bytes;
    chunk_bytes = std::min<std::size_t>(chunk_bytes, 4'000);
  }
  const FaultOptions fault_options = FaultOptions::draw(random);
  const SubscriberOptions subscriber_options = SubscriberOptions::draw(random);
  if (random.one_in(8)) simulation_options.node.plane.events_max = random.below(8);
  SeedReport report = {.seed = seed,
                       .options = simulation_options.describe() + "\n  " +
                                  workload_options.describe() + "\n  " + fault_options.describe() +
                                  "\n  " + subscriber_options.describe()};
  if (trace) *trace << "seed " << seed << '\n' << "  " << report.options << '\n';

  Simulation simulation(random.next(), simulation_options);
  simulation.trace_to(trace);
  SeededRandom workload_random(random.next());
  Workload workload(workload_options, simulation, workload_random);
  // Of its own, beside what the seed has chosen.
  SeededRandom companion_random(~seed);
  const auto companion_options = CompanionWorkloadOptions::draw(companion_random);
  report.options += "\n  " + companion_options.describe();
  CompanionWorkload companions(companion_options, simulation, companion_random);
  SeededRandom fault_random(random.next());
  Faults faults(fault_options, simulation, fault_random);

  SeededRandom subscriber_random(random.next());
  Subscribers subscribers(subscriber_options, simulation, subscriber_random);

  faults.start();
  workload.start();
  companions.start();
  simulation.run_for(milliseconds(4000 + random.below(20'000)));

  workload.stop();
  companions.stop();
  faults.stop();
  simulation.network().calm();
  simulation.trace("nothing goes wrong any more");
  if (!simulation.run_until([&] { return workload.idle() && companions.idle(); })) {
    simulation.violation("calls never ended");
  }
  bool all_ended = false;
  // Members that wanted to leave may have gone since.
  const bool whole = simulation.run_until_whole(kConvergence);
  for (std::size_t i = 0; i < simulation.members(); ++i) simulation.start(i);
  if (!whole || !simulation.run_until_whole(kConvergence)) {
    // A majority that is lost comes back by itself only if nothing can have been missed.
    if (!faults.lost_majority()) {
      std::string words = "the cluster does not become whole though nothing goes wrong:";
      for (std::size_t i = 0; i < simulation.members(); ++i) {
        if (!simulation.node(i)) continue;
        words += "\n    " + simulation.name(i) + ": " +
                 simulation.node(i)->unsafe_because(simulation.local_time(i));
      }
      simulation.violation(words);
    }
  } else {
    // Long enough for the latest repetition and for what is told with delay.
    simulation.run_for(seconds(6));
    const Tolerance tolerance = simulation::tolerance(simulation_options, fault_options);
    if (simulation.run_until([&] { return no_writes_waiting(simulation); })) {
      std::set<std::string> ids = workload.ids();
      ids.merge(companions.ids());
      check_replicas(simulation, std::move(ids), tolerance.late_end);
    } else {
      simulation.violation("writes are never finished though nothing goes wrong");
    }
    check_indexes(simulation);
    workload.list_everything();
    simulation.run_until([&] { return workload.idle(); });
    workload.read_everything();
    simulation.run_until([&] { return workload.idle(); }, std::chrono::hours(1));
    companions.look_at_everything();
    simulation.run_until([&] { return companions.idle(); }, std::chrono::hours(1));
    if (random.one_in(2)) {
      workload.revoke_everything();
      simulation.run_until([&] { return workload.idle(); }, std::chrono::hours(1));
    }
    const seconds longest = std::max(workload_options.absolute_max, companion_options.lifetime_max);
    simulation.run_for(longest + seconds(10) + tolerance.late_end);
    if (!simulation.run_until([&] { return subscribers.idle(); }, std::chrono::hours(3))) {
      simulation.violation("events are never delivered though nothing goes wrong");
    }
    // What was delivered is told to the backups.
    simulation.run_for(seconds(10));
    check_empty(simulation);
    all_ended = true;
  }
  check_events(simulation, subscribers, workload, all_ended && subscriber_options.listen);
  workload.check_histories(simulation::tolerance(simulation_options, fault_options));
  companions.check_histories(simulation::tolerance(simulation_options, fault_options));

  report.violations = simulation.violations();
  report.trace_hash = simulation.trace_hash();
  report.calls = workload.calls() + companions.calls();
  report.sessions = workload.sessions();
  report.frames = simulation.network().frames_delivered();
  report.faults = faults.count();
  report.views = simulation.views();
  report.undecided = workload.undecided() + companions.undecided();
  report.outcomes = workload.outcomes();
  report.simulated = simulation.now().time_since_epoch();
  return report;
}

}  // namespace sojourn::simulation
