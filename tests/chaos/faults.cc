#include "chaos/faults.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

namespace sojourn::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kSessionsWatched = 40;
// Generous, because test machines are slow; how long it took is among the figures.
constexpr seconds kSafeWithin{90};
// Longer than a member may drain.
constexpr seconds kGoneWithin{45};
// Members say once in a while that they are safe; this long it must stay true.
constexpr milliseconds kSteadyFor{500};

std::string text_of(Clock::duration time) {
  return absl::StrFormat("%.1f s", std::chrono::duration<double>(time).count());
}

}  // namespace

const std::vector<FaultKind>& fault_kinds() {
  static const std::vector<FaultKind> kinds = {
      {.name = "kill",
       .meaning = "kill -9 of a member; it returns seconds later",
       .members_min = 2},
      {.name = "restart", .meaning = "kill -9 of a member; it returns at once", .members_min = 2},
      {.name = "younger", .meaning = "kill -9 of the youngest member", .members_min = 2},
      {.name = "older", .meaning = "kill -9 of the oldest member", .members_min = 2},
      {.name = "stop", .meaning = "SIGSTOP of a member for seconds", .members_min = 2},
      {.name = "pause", .meaning = "SIGSTOP of a member for about a lease", .members_min = 2},
      {.name = "isolate",
       .meaning = "no packet to or from a member",
       .network = true,
       .members_min = 2},
      {.name = "deaf", .meaning = "no packet to a member", .network = true, .members_min = 2},
      {.name = "mute", .meaning = "no packet from a member", .network = true, .members_min = 2},
      {.name = "pair",
       .meaning = "no packet between two members",
       .network = true,
       .members_min = 3},
      {.name = "loss", .meaning = "packets are lost everywhere", .network = true, .members_min = 2},
      {.name = "delay",
       .meaning = "packets are late, and overtake each other",
       .network = true,
       .members_min = 2},
      {.name = "power",
       .meaning = "a member vanishes: its peers are not told",
       .network = true,
       .members_min = 2},
      {.name = "rolling",
       .meaning = "SIGTERM and return of each member, one after the other",
       .planned = true,
       .members_min = 2},
      {.name = "scale",
       .meaning = "SIGTERM of all members but one at once; they return",
       .planned = true,
       .members_min = 2},
      {.name = "join",
       .meaning = "a member leaves and comes back",
       .planned = true,
       .members_min = 2},
  };
  return kinds;
}

const FaultKind* find_fault_kind(std::string_view name) {
  for (const FaultKind& kind : fault_kinds()) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

Faults::Faults(asio::io_context& context, Cluster& cluster, Network* network, Watch& watch,
               Requests& requests, Figures& figures, Lateness& lateness, Random& random,
               std::function<void(const std::string&)> say)
    : context_(context),
      cluster_(cluster),
      network_(network),
      watch_(watch),
      requests_(requests),
      figures_(figures),
      lateness_(lateness),
      random_(random),
      say_(std::move(say)) {}

absl::Status Faults::run(const FaultKind& kind) {
  phase_ = std::string(kind.name);
  if (phase_ == "kill") return kill(false);
  if (phase_ == "restart") return kill(true);
  if (phase_ == "younger") return kill_by_age(false);
  if (phase_ == "older") return kill_by_age(true);
  if (phase_ == "stop") return stop(true);
  if (phase_ == "pause") return stop(false);
  if (phase_ == "isolate") return isolate(true, true);
  if (phase_ == "deaf") return isolate(true, false);
  if (phase_ == "mute") return isolate(false, true);
  if (phase_ == "pair") return cut_pair();
  if (phase_ == "loss") return lose_packets();
  if (phase_ == "delay") return delay_packets();
  if (phase_ == "power") return pull_the_plug();
  if (phase_ == "rolling") return rolling_restart();
  if (phase_ == "scale") return scale_to_one();
  return leave_and_join();
}

// --- Single faults
// --------------------------------------------------------------------------------

absl::Status Faults::kill(bool at_once) {
  const Clock::duration pause = at_once ? draw_time(milliseconds(0), milliseconds(500))
                                        : draw_time(milliseconds(3000), milliseconds(5000));
  std::vector<std::size_t> victims = holders();
  // Two members without a witness: without the older, the younger may not go on. "older" is for
  // that.
  if (cluster_.size() == 2) {
    std::erase_if(victims, [&](std::size_t member) { return is_oldest(member); });
  }
  return kill_one(victims[random_.below(victims.size())], pause);
}

absl::Status Faults::kill_by_age(bool oldest) {
  std::vector<std::size_t> victims = holders();
  std::erase_if(victims, [&](std::size_t member) { return is_oldest(member) != oldest; });
  return kill_one(victims[random_.below(victims.size())], milliseconds(4000));
}

absl::Status Faults::kill_one(std::size_t victim, Clock::duration pause) {
  absl::Status status = begin(cluster_.name(victim) + ", back after " + text_of(pause), {victim});
  if (!status.ok()) return status;
  cluster_.kill(victim);
  status = wait_until_gone(victim);
  if (!status.ok()) return status;
  wait_for(pause);
  status = cluster_.start(victim);
  return status.ok() ? end() : status;
}

absl::Status Faults::stop(bool for_long) {
  const std::size_t victim = draw_holder();
  const Clock::duration time = for_long ? draw_time(milliseconds(3500), milliseconds(6000))
                                        : draw_time(milliseconds(200), milliseconds(2000));
  absl::Status status =
      begin(cluster_.name(victim) + " for " + text_of(time), {victim}, holders_but({victim}));
  if (!status.ok()) return status;
  cluster_.stop(victim);
  wait_for(time);
  cluster_.resume(victim);
  return end();
}

absl::Status Faults::isolate(bool inwards, bool outwards) {
  const std::size_t victim = draw_holder();
  const Clock::duration time = draw_time(milliseconds(1500), milliseconds(6000));
  absl::Status status =
      begin(cluster_.name(victim) + " for " + text_of(time), {victim}, holders_but({victim}));
  if (!status.ok()) return status;
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    if (other == victim) continue;
    if (inwards) network_->set(other, victim, {.cut = true});
    if (outwards) network_->set(victim, other, {.cut = true});
  }
  wait_for(time);
  network_->heal();
  return end();
}

absl::Status Faults::cut_pair() {
  std::vector<std::size_t> pair = {draw_holder(), draw_holder()};
  while (pair[0] == pair[1]) pair[1] = draw_holder();
  const Clock::duration time = draw_time(milliseconds(1500), milliseconds(6000));
  absl::Status status = begin(
      cluster_.name(pair[0]) + " and " + cluster_.name(pair[1]) + " for " + text_of(time), pair);
  if (!status.ok()) return status;
  network_->set_between(pair[0], pair[1], {.cut = true});
  wait_for(time);
  network_->heal();
  return end();
}

absl::Status Faults::lose_packets() {
  const double loss = static_cast<double>(3 + random_.below(23)) / 100;
  const Clock::duration time = draw_time(milliseconds(3000), milliseconds(8000));
  absl::Status status =
      begin(absl::StrFormat("%.0f %% for ", loss * 100) + text_of(time), holders());
  if (!status.ok()) return status;
  network_->set_all({.loss = loss});
  wait_for(time);
  network_->heal();
  return end();
}

absl::Status Faults::delay_packets() {
  const milliseconds late(5 + random_.below(80));
  const milliseconds jitter(random_.below(30));
  const Clock::duration time = draw_time(milliseconds(3000), milliseconds(8000));
  absl::Status status = begin(
      absl::StrFormat("%d to %d ms for ", late.count(), (late + jitter).count()) + text_of(time),
      holders());
  if (!status.ok()) return status;
  network_->set_all({.delay = late, .jitter = jitter});
  wait_for(time);
  network_->heal();
  return end();
}

absl::Status Faults::pull_the_plug() {
  const std::size_t victim = draw_holder();
  const Clock::duration pause = draw_time(milliseconds(3000), milliseconds(5000));
  absl::Status status = begin(cluster_.name(victim) + ", back after " + text_of(pause), {victim},
                              holders_but({victim}));
  if (!status.ok()) return status;
  for (std::size_t other = 0; other < cluster_.size(); ++other) {
    if (other != victim) network_->set_between(victim, other, {.cut = true});
  }
  cluster_.kill(victim);
  status = wait_until_gone(victim);
  if (!status.ok()) return status;
  wait_for(pause);
  network_->heal();
  status = cluster_.start(victim);
  return status.ok() ? end() : status;
}

// --- What operators do
// ----------------------------------------------------------------------------

absl::Status Faults::rolling_restart() {
  absl::Status status = begin("all, one after the other", holders());
  for (std::size_t member = 0; status.ok() && member < cluster_.size(); ++member) {
    cluster_.terminate(member);
    status = wait_until_gone(member);
    if (status.ok()) status = cluster_.start(member);
    if (status.ok()) status = wait_until_safe();
  }
  return status.ok() ? end() : status;
}

absl::Status Faults::scale_to_one() {
  const std::size_t last = draw_holder();
  absl::Status status =
      begin(absl::StrFormat("%d -> 1, %s stays", cluster_.size(), cluster_.name(last)), holders());
  if (!status.ok()) return status;
  std::vector<std::size_t> leaving = cluster_.all_running();
  std::erase(leaving, last);
  for (const std::size_t member : leaving) cluster_.terminate(member);
  for (const std::size_t member : leaving) {
    if (status.ok()) status = wait_until_gone(member);
  }
  if (status.ok()) status = wait_until_safe();
  if (!status.ok()) return status;
  wait_for(seconds(1));
  for (const std::size_t member : leaving) {
    if (status.ok()) status = cluster_.start(member);
  }
  return status.ok() ? end() : status;
}

absl::Status Faults::leave_and_join() {
  const std::size_t member = draw_holder();
  phase_ = "leave";
  absl::Status status = begin(cluster_.name(member), {member});
  if (!status.ok()) return status;
  cluster_.terminate(member);
  status = wait_until_gone(member);
  if (status.ok()) status = end();
  if (!status.ok()) return status;

  wait_for(seconds(3));  // calm, with which the figures of the transfer are compared
  phase_ = "join";
  status = begin(cluster_.name(member), holders());
  if (status.ok()) status = cluster_.start(member);
  return status.ok() ? end() : status;
}

// --- The frame of each
// ----------------------------------------------------------------------------

absl::Status Faults::begin(const std::string& what, const std::vector<std::size_t>& owners,
                           std::vector<std::size_t> asked) {
  for (const std::size_t owner : owners) {
    watch_.make_sessions(owner, std::max<std::size_t>(2, kSessionsWatched / owners.size()));
  }
  absl::Status status = wait_until("the sessions to be watched are there", kSafeWithin,
                                   [&] { return watch_.made(); });
  if (!status.ok()) return status;
  say_(phase_ + ": " + what);
  figures_.of(requests_.phase()).late.add(lateness_.take());
  requests_.set_phase(phase_);
  ++figures().faults;
  watch_.start(std::move(asked));
  wait_for(milliseconds(200));
  return absl::OkStatus();
}

absl::Status Faults::end() {
  const Clock::time_point over = Clock::now();
  const absl::Status status = wait_until_safe();
  const Clock::duration recovery = std::max(safe_since_ - over, Clock::duration(0));
  if (status.ok()) figures().recovery.add(std::chrono::duration_cast<Microseconds>(recovery));
  watch_.stop(figures());
  figures().late.add(lateness_.take());
  requests_.set_phase(kCalm);
  return status;
}

absl::Status Faults::wait_until_gone(std::size_t member) {
  return wait_until(cluster_.name(member) + " has exited", kGoneWithin,
                    [&] { return !cluster_.running(member); });
}

absl::Status Faults::wait_until_safe() {
  safe_since_ = Clock::time_point::max();
  return wait_until("all members are ready and safe", kSafeWithin, [&] {
    const Clock::time_point now = Clock::now();
    safe_since_ = cluster_.converged() ? std::min(safe_since_, now) : Clock::time_point::max();
    return now - safe_since_ >= kSteadyFor;
  });
}

absl::Status Faults::wait_until(const std::string& what, Clock::duration most,
                                const std::function<bool()>& condition) {
  const Clock::time_point end = Clock::now() + most;
  while (!condition()) {
    if (Clock::now() >= end) {
      return absl::DeadlineExceededError("not within " + text_of(most) + ": " + what + "\n" +
                                         cluster_.describe());
    }
    wait_for(milliseconds(10));
  }
  return absl::OkStatus();
}

void Faults::wait_for(Clock::duration duration) {
  context_.restart();
  context_.run_for(duration);
}

// --- Choices
// --------------------------------------------------------------------------------------

std::vector<std::size_t> Faults::holders() const { return holders_but({}); }

std::vector<std::size_t> Faults::holders_but(const std::vector<std::size_t>& members) const {
  std::vector<std::size_t> others = cluster_.all_running();
  std::erase_if(others, [&](std::size_t member) {
    return cluster_.is_witness(member) ||
           std::find(members.begin(), members.end(), member) != members.end();
  });
  return others;
}

bool Faults::is_oldest(std::size_t member) const {
  return cluster_.name(member) == cluster_.report(member).oldest;
}

std::size_t Faults::draw_holder() {
  const std::vector<std::size_t> all = holders();
  return all[random_.below(all.size())];
}

Clock::duration Faults::draw_time(milliseconds least, milliseconds most) {
  const auto range = static_cast<std::uint64_t>((most - least).count());
  return least + milliseconds(random_.below(range + 1));
}

}  // namespace sojourn::chaos
