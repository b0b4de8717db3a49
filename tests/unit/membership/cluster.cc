#include "unit/membership/cluster.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "membership/quorum.h"
#include "support/catch.h"
#include "unit/membership/views.h"

namespace sojourn::membership {

Cluster::Cluster(std::vector<std::string> names, std::uint64_t seed)
    : options{.cluster = "test", .segments = 16, .copies = 2},
      names_(std::move(names)),
      random_(seed) {
  options.bootstrap_expect = static_cast<std::uint32_t>(names_.size());
}

// Clocks.

Time Cluster::time_of(const Process& process) const {
  const double reading = std::floor(process.clock_rate * static_cast<double>(now_.count()));
  return Time(process.clock_offset + Duration(static_cast<Duration::rep>(reading)));
}

Time Cluster::time_of(const std::string& name) const { return time_of(processes_.at(name)); }

std::optional<Duration> Cluster::due(const Process& process) const {
  if (process.paused) return std::nullopt;
  const std::optional<Time> deadline = process.membership->next_deadline();
  if (!deadline) return std::nullopt;
  const Duration reading = deadline->time_since_epoch() - process.clock_offset;
  const double real = std::ceil(static_cast<double>(reading.count()) / process.clock_rate) + 1;
  return std::max(now_, Duration(static_cast<Duration::rep>(real)));
}

// Processes.

void Cluster::start(const std::string& name) { start(name, options); }

void Cluster::start(const std::string& name, MembershipOptions its_options) {
  its_options.self = name;
  its_options.address = name + ":1";
  for (const std::string& other : names_) its_options.known.push_back({other, other + ":1"});
  Process& process = processes_[name];
  const Duration offset(random_.below(std::uint64_t{1} << 40));
  if (elsewhere || !clock_offsets_.contains(name)) clock_offsets_[name] = offset;
  process = {.clock_rate = clock_rate, .clock_offset = clock_offsets_[name]};
  process.membership =
      std::make_unique<Membership>(std::move(its_options), Incarnation{++incarnations_});
  process.membership->start(time_of(process));
  collect(name);
}

void Cluster::start_all() {
  for (const std::string& name : names_) start(name);
}

void Cluster::crash(const std::string& name) { processes_.erase(name); }

void Cluster::kill(const std::string& name) {
  if (!runs(name)) return;
  const Incarnation gone = incarnation(name);
  crash(name);
  for (const std::string& other : names_) {
    if (!runs(other) || processes_.at(other).paused) continue;
    on(other, [&](Membership& member, Time now) { member.gone(now, name, gone); });
  }
}

void Cluster::pause(const std::string& name) { processes_.at(name).paused = true; }

void Cluster::go_on(const std::string& name) {
  Process& process = processes_.at(name);
  process.paused = false;
  const auto tick = [&] { on(name, [](Membership& member, Time now) { member.tick(now); }); };
  if (timers_first) tick();
  for (const Sent& sent : std::exchange(process.waiting, {})) deliver(sent);
  if (!timers_first) tick();
}

void Cluster::cut(const std::string& a, const std::string& b) {
  cuts_.insert({a, b});
  cuts_.insert({b, a});
}

void Cluster::cut_off(const std::string& name) {
  for (const std::string& other : names_) {
    if (other != name) cut(name, other);
  }
}

void Cluster::mend() { cuts_.clear(); }

// What happens.

void Cluster::on(const std::string& name, const std::function<void(Membership&, Time)>& input) {
  Process& process = processes_.at(name);
  input(*process.membership, time_of(process));
  collect(name);
}

void Cluster::collect(const std::string& name) {
  Process& process = processes_.at(name);
  Membership& membership = *process.membership;
  const Time now = time_of(process);
  if (membership.excluded()) membership.restart(now, Incarnation{++incarnations_});
  if (complete && membership.roles() && process.reported != membership.roles().get()) {
    process.reported = membership.roles().get();
    membership.report(now, 0, MemoryLevel::kRoom, {});
  }
  Effects effects = membership.take_effects();
  for (Outgoing& outgoing : effects.outgoing) {
    post({name, std::move(outgoing.to), membership.incarnation(), membership.generation(),
          membership.epoch(), std::move(outgoing.message)});
  }
  for (const Notice& notice : effects.notices) notices_.push_back(name + ": " + notice.message);
  check(name);
}

void Cluster::post(const Sent& sent) {
  if (record) recorded_.push_back(sent);
  if (network.lost != 0 && random_.one_in(network.lost)) return;
  const bool repeated = network.repeated != 0 && random_.one_in(network.repeated);
  for (int copy = 0; copy < (repeated ? 2 : 1); ++copy) {
    Duration delay = network.delay;
    if (network.jitter.count() > 0) {
      delay += Duration(random_.below(static_cast<std::uint64_t>(network.jitter.count())));
    }
    if (network.late != 0 && random_.one_in(network.late)) delay += 100 * delay;
    under_way_.push({now_ + delay, ++order_, sent});
  }
}

void Cluster::arrive(const Sent& sent) {
  if (!runs(sent.to) || cuts_.contains({sent.from, sent.to})) return;
  Process& process = processes_.at(sent.to);
  if (process.paused) {
    process.waiting.push_back(sent);
  } else {
    deliver(sent);
  }
}

void Cluster::deliver(const Sent& sent) {
  on(sent.to, [&](Membership& member, Time now) {
    member.receive(now, sent.from, sent.incarnation, sent.generation, sent.epoch, sent.message);
  });
}

bool Cluster::step(Duration until) {
  std::optional<Duration> next;
  std::string who;
  for (const auto& [name, process] : processes_) {
    const std::optional<Duration> at = due(process);
    if (at && (!next || *at < *next)) {
      next = at;
      who = name;
    }
  }
  if (!under_way_.empty() && (!next || under_way_.top().at <= *next)) {
    if (under_way_.top().at > until) return false;
    const Event event = under_way_.top();
    under_way_.pop();
    now_ = std::max(now_, event.at);
    arrive(event.sent);
    return true;
  }
  if (!next || *next > until) return false;
  now_ = *next;
  on(who, [](Membership& member, Time now) { member.tick(now); });
  return true;
}

void Cluster::pass(Duration duration) {
  const Duration until = now_ + duration;
  while (step(until)) {
  }
  now_ = until;
}

bool Cluster::pass_until(const std::function<bool()>& condition, Duration most) {
  const Duration until = now_ + most;
  while (!condition()) {
    if (!step(until)) {
      now_ = until;
      return condition();
    }
  }
  return true;
}

// What can be seen.

std::string Cluster::view(const std::string& name) {
  const auto& roles = (*this)[name].roles();
  return roles ? names_of(roles->view()) : "";
}

std::string Cluster::waiting_for(const std::string& name) {
  return (*this)[name].waiting_for(time_of(name));
}

bool Cluster::holds_lease(const std::string& name) {
  return (*this)[name].lease_until() > time_of(name);
}

Duration Cluster::lease_left(const std::string& name) {
  return holds_lease(name) ? (*this)[name].lease_until() - time_of(name) : Duration();
}

bool Cluster::connected(const std::string& name, const std::string& other) {
  return (*this)[name].connected(time_of(name), other);
}

bool Cluster::agree_on(const std::string& members, const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return runs(name) && view(name) == members &&
           (*this)[name].roles()->layout() == (*this)[names.front()].roles()->layout();
  });
}

std::uint64_t Cluster::life_of(const ring::Layout& layout) {
  std::set<std::uint64_t> lives;
  for (const Member& member : layout.view.members) {
    const auto life = lives_.find(member.incarnation);
    if (life != lives_.end()) lives.insert(life->second);
  }
  if (lives.size() > 1) violations_.push_back("two clusters have become one");
  const std::uint64_t life = lives.empty() ? lives_.size() + 1 : *lives.begin();
  for (const Member& member : layout.view.members) lives_.emplace(member.incarnation, life);
  return life;
}

void Cluster::check(const std::string& name) {
  const Membership& membership = *processes_.at(name).membership;
  bool is_new = false;
  if (membership.roles()) {
    const ring::Layout& layout = membership.roles()->layout();
    const Key key = {life_of(layout), layout.view.generation, layout.view.epoch};
    const auto [known, inserted] = layouts_.try_emplace(key, layout);
    is_new = inserted;
    if (known->second != layout) {
      violations_.push_back(name + " has installed another view " +
                            std::to_string(layout.view.epoch) + ": " + names_of(layout.view) +
                            ", not " + names_of(known->second.view));
    }
  }
  std::set<std::uint64_t> acting;
  for (const auto& [other, process] : processes_) {
    const Membership& holder = *process.membership;
    if (!holder.roles() || holder.lease_until() <= time_of(process)) continue;
    const std::uint64_t life = lives_.at(holder.incarnation().value);
    acting.insert(life);
    if (!is_new && other != name) continue;
    for (auto later = layouts_.upper_bound({life, holder.generation(), holder.epoch()});
         later != layouts_.end() && std::get<0>(later->first) == life; ++later) {
      if (find(later->second.view, holder.incarnation())) continue;
      violations_.push_back(other + " holds a lease under view " + std::to_string(holder.epoch()) +
                            ", but is not in view " + std::to_string(later->second.view.epoch));
    }
  }
  if (acting.size() > 1) violations_.push_back("members of two clusters hold leases");
}

Cluster running(const std::vector<std::string>& names) {
  Cluster cluster(names);
  cluster.start_all();
  cluster.pass(std::chrono::seconds(3));
  REQUIRE(cluster[names.front()].epoch() == 1);
  return cluster;
}

Cluster two_of_three() {
  Cluster cluster({"a", "b", "c"});
  cluster.options.bootstrap_expect = 2;
  cluster.start("a");
  cluster.start("b");
  const auto both = [&] { return cluster.agree_on("a b", {"a", "b"}); };
  REQUIRE(cluster.pass_until(both, std::chrono::seconds(5)));
  cluster.pass(std::chrono::seconds(2));
  return cluster;
}

}  // namespace sojourn::membership
