#include "simulation/simulation.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "ring/placement.h"
#include "session/companion.h"
#include "simulation/trace.h"

namespace sojourn::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::string_view kCluster = "simulated";
// A node that asks for more ticks than this at one instant does not get on.
constexpr int kTicksAtOnceMax = 1000;
// Where one thing goes wrong, many do.
constexpr std::size_t kViolationsMax = 5;

Duration draw_between(Random& random, Duration low, Duration high) {
  const auto span = static_cast<std::uint64_t>((high - low).count());
  return low + Duration(static_cast<std::int64_t>(random.below(span + 1)));
}

NetworkOptions draw_network(Random& random) {
  NetworkOptions options;
  options.mode =
      random.one_in(2) ? NetworkOptions::Mode::kStreams : NetworkOptions::Mode::kDatagrams;
  options.delay_min = draw_between(random, microseconds(10), milliseconds(1));
  options.delay_max = options.delay_min + draw_between(random, microseconds(0), milliseconds(20));
  // Every second network is a good one.
  if (random.one_in(2)) return options;
  options.break_permille = random.below(20);
  options.loss_permille = random.below(100);
  options.repeat_permille = random.below(100);
  options.late_permille = random.below(100);
  options.late_max = draw_between(random, milliseconds(1), milliseconds(5000));
  options.write_max = draw_between(random, microseconds(1), milliseconds(5));
  options.unnoticed_max = draw_between(random, milliseconds(1), milliseconds(1000));
  options.redial_max = draw_between(random, milliseconds(1), milliseconds(1000));
  // A queue of a few messages at times.
  if (random.one_in(4)) options.queue_bytes_max = 2000 + random.below(20'000);
  return options;
}

}  // namespace

SimulationOptions SimulationOptions::draw(Random& random) {
  SimulationOptions options;
  constexpr std::array<std::size_t, 12> kMembers = {1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5};
  options.members = kMembers[random.below(kMembers.size())];
  // A witness at times.
  if (options.members > 1 && random.one_in(8)) {
    options.capacities.assign(options.members, 1);
    options.capacities[random.below(options.members)] = 0;
  }
  options.copies = static_cast<std::uint32_t>(1 + random.below(3));
  options.segments = std::uint32_t{1} << random.below(7);
  options.node.place_locally = random.one_in(2);
  options.node.resend_interval = draw_between(random, milliseconds(5), milliseconds(300));
  options.node.plane.resend_interval = draw_between(random, milliseconds(5), milliseconds(300));
  options.node.membership.heartbeat_interval =
      draw_between(random, milliseconds(50), milliseconds(500));
  // Bounds that are reached, at times.
  if (random.one_in(8)) options.node.calls_in_flight_max = 1 + random.below(5);
  if (random.one_in(8)) options.node.plane.writes_waiting_max = 1 + random.below(5);
  if (random.one_in(8)) {
    options.node.plane.memory_bytes = 10'000 + random.below(40'000);
    options.node.plane.end_oldest_logins = random.one_in(2);
  }
  // Transfers of many chunks.
  if (random.one_in(3)) {
    options.node.plane.sending.chunk_bytes = 1 + random.below(2000);
    options.node.plane.sending.window = 1 + random.below(8);
  }
  if (random.one_in(3)) {
    options.node.sessions_per_subject = static_cast<std::uint32_t>(1 + random.below(4));
    const bool refuse = random.one_in(2);
    options.node.when_full = refuse ? node::WhenFull::kRefuseNew : node::WhenFull::kEndOldest;
  }
  options.network = draw_network(random);
  options.clock_offset_max = random.one_in(2) ? std::chrono::hours(1) : Duration::zero();
  options.start_spread = draw_between(random, milliseconds(0), milliseconds(3000));
  options.drift_permille = random.one_in(2) ? random.below(51) : 0;
  options.direct_permille = random.one_in(4) ? 0 : random.below(1001);
  if (options.members > 2 && random.one_in(4)) {
    options.late_members = 1 + random.below(options.members - 2);
  }
  return options;
}

std::size_t SimulationOptions::holders() const {
  const auto witnesses = std::count(capacities.begin(), capacities.end(), 0u);
  return std::min<std::size_t>(copies, members - static_cast<std::size_t>(witnesses));
}

std::string SimulationOptions::describe() const {
  const auto ms = [](Duration duration) {
    return absl::StrFormat("%gms", static_cast<double>(duration.count()) / 1000);
  };
  std::string text = absl::StrFormat(
      "members=%d copies=%d segments=%d chunks=%d/%d place_locally=%d resend=%s/%s heartbeat=%s "
      "calls_max=%d "
      "writes_max=%d memory=%d/%d start_spread=%s drift=%d direct=%d late_members=%d "
      "per_subject=%d/%d frames_at_once=%d ",
      members, copies, segments, node.plane.sending.window, node.plane.sending.chunk_bytes,
      node.place_locally, ms(node.resend_interval), ms(node.plane.resend_interval),
      ms(node.membership.heartbeat_interval), node.calls_in_flight_max,
      node.plane.writes_waiting_max, node.plane.memory_bytes, node.plane.end_oldest_logins,
      ms(start_spread), drift_permille, direct_permille, late_members, node.sessions_per_subject,
      static_cast<int>(node.when_full), frames_at_once);
  text += "capacities=";
  for (const std::uint32_t capacity : capacities) text += absl::StrFormat("%d,", capacity);
  return text +
         absl::StrFormat(" network=%s delay=%s..%s break=%d loss=%d repeat=%d late=%d/%s queue=%d",
                         network.mode == NetworkOptions::Mode::kStreams ? "streams" : "datagrams",
                         ms(network.delay_min), ms(network.delay_max), network.break_permille,
                         network.loss_permille, network.repeat_permille, network.late_permille,
                         ms(network.late_max), network.queue_bytes_max);
}

Simulation::Simulation(std::uint64_t seed, SimulationOptions options)
    : options_(std::move(options)),
      random_(seed),
      members_(options_.members),
      network_(options_.network, options_.members, stable_hash(kCluster), events_, random_, *this) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    members_[i].name = absl::StrFormat("m%d", i);
    members_[i].clock_offset = draw_between(random_, Duration::zero(), options_.clock_offset_max);
    const std::uint64_t drift = options_.drift_permille;
    members_[i].drift_permille =
        static_cast<std::int64_t>(random_.below(2 * drift + 1)) - static_cast<std::int64_t>(drift);
    const Duration late = draw_between(random_, Duration::zero(), options_.start_spread);
    if (i + options_.late_members < members_.size()) {
      events_.after(late, [this, i] { start(i); });
    }
  }
}

Simulation::~Simulation() = default;

void Simulation::trace(const std::string& what) {
  if (trace_) *trace_ << seconds(now()) << ' ' << what << std::endl;
}

void Simulation::violation(const std::string& what) {
  if (violations_.size() < kViolationsMax) violations_.push_back(seconds(now()) + " " + what);
  trace("VIOLATION: " + what);
}

// Time.

void Simulation::run_for(Duration duration) {
  const Time end = now() + duration;
  while (events_.run_next(end)) {
  }
}

bool Simulation::run_until(const std::function<bool()>& is_so, Duration limit) {
  const Time end = now() + limit;
  while (!is_so()) {
    if (!events_.run_next(end)) return is_so();
  }
  return true;
}

bool Simulation::run_until_ready(Duration limit) {
  return run_until(
      [this] {
        for (std::size_t i = 0; i < members_.size(); ++i) {
          if (members_[i].node && !members_[i].node->ready(local_time(i))) return false;
        }
        return members_up() > 0;
      },
      limit);
}

bool Simulation::is_whole() const {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const node::Node* node = members_[i].node.get();
    if (!node) continue;
    if (!node->safe(local_time(i)) || node->view()->members.size() != members_up()) return false;
  }
  return members_up() > 0;
}

bool Simulation::run_until_whole(Duration limit) {
  return run_until([this] { return is_whole(); }, limit);
}

// Members.

Time Simulation::common_time(std::size_t member, Time local) const {
  const Duration shown = (local - members_[member].clock_offset).time_since_epoch();
  return Time(shown * 1000 / (1000 + members_[member].drift_permille));
}

Time Simulation::time_of(std::size_t member, Time local) const {
  Time time = common_time(member, local);
  while (local_time_at(member, time) < local) time += Duration(1);
  return time;
}

std::size_t Simulation::members_up() const {
  return static_cast<std::size_t>(
      std::count_if(members_.begin(), members_.end(),
                    [](const Member& member) { return member.node != nullptr; }));
}

std::size_t Simulation::member_called(const std::string& name) const {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [&](const Member& member) { return member.name == name; });
  return static_cast<std::size_t>(found - members_.begin());
}

std::vector<std::size_t> Simulation::owners(std::string_view id) const {
  std::vector<std::size_t> owners;
  const ring::Roles* newest = nullptr;
  for (const Member& member : members_) {
    if (!member.node || !member.node->roles()) continue;
    if (!newest || newest->view().epoch < member.node->roles()->view().epoch) {
      newest = member.node->roles().get();
    }
  }
  if (!newest) return owners;
  for (const MemberIndex owner : newest->writers(newest->segment_of(id))) {
    owners.push_back(member_called(newest->view().members[owner.value].name));
  }
  return owners;
}

std::optional<Time> Simulation::lost_since(SegmentId segment, Time time) const {
  std::optional<Time> first;
  const auto losses = lost_.find(segment);
  if (losses == lost_.end()) return first;
  for (const auto& [epoch, declared] : losses->second) {
    if (declared >= time && (!first || declared < *first)) first = declared;
  }
  return first;
}

void Simulation::crash(std::size_t member) {
  if (!members_[member].node) return;
  trace(name(member) + " crashes");
  members_[member].node.reset();
  members_[member].asleep_until = {};
  network_.crash(member);
  // A connection that ends and is refused is noticed soon.
  for (std::size_t other = 0; other < members_.size(); ++other) {
    if (other == member || random_.one_in(3)) continue;
    const Duration noticed =
        draw_between(random_, microseconds(10), options_.network.unnoticed_max);
    events_.after(noticed, [this, member, other, gone = members_[member].incarnation,
                            starts = members_[member].starts] {
      if (members_[member].starts != starts || !members_[other].node) return;
      if (network_.is_cut(member, other) || network_.is_cut(other, member)) return;
      if (asleep(other)) return;
      trace(name(other) + " finds " + name(member) + " gone");
      members_[other].node->gone(local_time(other), name(member), gone);
      after_step(other);
    });
  }
  // Whoever waits will never know. Taken out first: they may call again.
  std::vector<Done> abandoned;
  for (auto at = calls_.begin(); at != calls_.end();) {
    if (at->first.first != member) {
      ++at;
      continue;
    }
    abandoned.push_back(std::move(at->second.done));
    at = calls_.erase(at);
  }
  for (auto& lookup : members_[member].lookups->take_all()) {
    abandoned.push_back(std::move(lookup.waiter.done));
  }
  std::vector<Answered> unanswered;
  for (auto at = questions_.begin(); at != questions_.end();) {
    if (at->first.first != member) {
      ++at;
      continue;
    }
    unanswered.push_back(std::move(at->second.done));
    at = questions_.erase(at);
  }
  for (const Done& done : abandoned) done(std::nullopt);
  for (const Answered& done : unanswered) done(std::nullopt);
}

void Simulation::start(std::size_t index) {
  Member& member = members_[index];
  if (member.node) return;
  trace(member.name + " starts");
  ++member.starts;
  // Without the rule, a process that starts again passes for the one before.
  const bool same = !options_.rules.keep(Rule::kNewIncarnation) && member.incarnation.value != 0;
  if (!same) member.incarnation = Incarnation{random_.next() | 1};
  member.random = std::make_unique<SeededRandom>(random_.next());
  member.tick_at.reset();
  member.roles.reset();

  node::NodeOptions options = options_.node;
  options.membership.cluster = kCluster;
  options.membership.self = member.name;
  options.membership.address = member.name + ":7600";
  options.membership.segments = options.plane.segments = options_.segments;
  options.membership.copies = options_.copies;
  options.membership.rules = options.plane.rules = options_.rules;
  // Who comes later must not begin another cluster with others that do.
  const bool first = member.starts == 1 && index + options_.late_members < members_.size();
  const std::size_t late = first ? options_.late_members : 0;
  options.membership.bootstrap_expect = static_cast<std::uint32_t>(members_.size() - late);
  if (index < options_.capacities.size()) options.membership.capacity = options_.capacities[index];
  for (const Member& other : members_) {
    options.membership.known.push_back({other.name, other.name + ":7600"});
  }
  member.lookups = std::make_unique<node::Lookups<Waiting>>(node::LookupsOptions{
      .in_flight_max = options.calls_in_flight_max, .patience = options.resend_interval});
  member.node =
      std::make_unique<node::Node>(std::move(options), member.incarnation, *member.random);
  if (on_event_) member.node->listen(true);
  member.node->start(local_time(index));
  after_step(index);
}

void Simulation::leave(std::size_t member) {
  if (!members_[member].node) return;
  trace(name(member) + " wants to leave");
  members_[member].node->leave(local_time(member));
  after_step(member);
}

void Simulation::report_gone(std::size_t member, std::size_t other) {
  members_[member].node->gone(local_time(member), name(other), members_[other].incarnation);
  after_step(member);
}

void Simulation::acknowledge_losses(std::size_t member) {
  members_[member].node->acknowledge_losses(local_time(member));
  after_step(member);
}

void Simulation::deceive(std::size_t member, const std::string& name) {
  if (!members_[member].node) return;
  members_[member].node->discovered(local_time(member), {{name, name + ":7600"}});
  after_step(member);
}

void Simulation::put_to_sleep(std::size_t member, Duration duration) {
  if (!members_[member].node) return;
  trace(name(member) + " sleeps until " + seconds(now() + duration));
  members_[member].asleep_until = std::max(members_[member].asleep_until, now() + duration);
}

std::optional<Incarnation> Simulation::incarnation(std::size_t member) const {
  if (!members_[member].node) return std::nullopt;
  return members_[member].incarnation;
}

Time Simulation::local_time(std::size_t member) const {
  return local_time_at(member, events_.now());
}

Time Simulation::local_time_at(std::size_t member, Time time) const {
  const Duration passed = time.time_since_epoch();
  return Time(members_[member].clock_offset + passed +
              passed * members_[member].drift_permille / 1000);
}

// What the runtime does in production.

void Simulation::receive(std::size_t to, std::size_t from, const wire::Frame& frame) {
  receive_direct(to, from, frame);
  for (const node::Envelope& envelope : frame.envelopes) {
    if (!members_[to].node) return;  // it has left meanwhile
    if (trace_) trace(name(from) + " -> " + name(to) + ": " + describe(envelope));
    members_[to].node->receive(local_time(to), name(from), envelope);
    if (options_.frames_at_once) {
      check_layout(to);
    } else {
      apply_effects(to);
    }
  }
  after_step(to);
}

void Simulation::after_step(std::size_t member) {
  if (!members_[member].node) return;
  apply_effects(member);
  network_.flush(member);
  if (members_[member].node->left()) {
    trace(name(member) + " has left");
    return crash(member);
  }
  arm(member);
}

void Simulation::apply_effects(std::size_t member) {
  node::Node& node = *members_[member].node;
  check_layout(member);
  const Time time = local_time(member);
  for (node::Effects effects = node.take_effects(time); !effects.empty();
       effects = node.take_effects(time)) {
    if (effects.reborn_as) {
      members_[member].incarnation = *effects.reborn_as;
      members_[member].roles.reset();
      network_.crash(member);
    }
    for (const node::Outgoing& outgoing : effects.outgoing) {
      if (const auto* replicate = std::get_if<replication::Replicate>(&outgoing.envelope.message)) {
        for (const replication::Entry& entry : replicate->entries) replicated_ids_.insert(entry.id);
      }
      if (const auto* chunk = std::get_if<replication::Chunk>(&outgoing.envelope.message)) {
        for (const replication::Copy& copy : chunk->copies) {
          replicated_ids_.emplace(copy.record->id());
        }
      }
      const std::size_t to = member_called(outgoing.to);
      if (to == members_.size()) continue;  // of whom somebody told a lie
      const absl::Status sent = network_.send(member, to, outgoing.envelope);
      if (!sent.ok()) {
        node.undeliverable(time, outgoing.to, outgoing.envelope.message, sent);
      }
    }
    for (const Notice& notice : effects.notices) trace(name(member) + " notes: " + notice.message);
    if (on_event_) {
      for (const node::Event& event : effects.events) on_event_(member, event);
    }
    for (node::Finished& finished : effects.finished) finish(member, std::move(finished));
    for (node::Inquiries::Answered& answered : effects.answered) {
      finish(member, std::move(answered));
    }
    check_layout(member);
  }
  check_serving(member);
  check_commits(member);
  check_memory(member);
  check_lease(member);
}

void Simulation::arm(std::size_t index) {
  Member& member = members_[index];
  std::optional<Time> deadline = member.node->next_deadline();
  if (const auto due = member.lookups->next_deadline()) {
    deadline = std::min(deadline.value_or(*due), *due);
  }
  if (!deadline) return;
  const Time at = std::max({time_of(index, *deadline), now(), member.asleep_until});
  if (member.tick_at && *member.tick_at <= at) return;
  member.tick_at = at;
  events_.at(at, [this, index, start = member.starts] { tick(index, start); });
}

void Simulation::tick(std::size_t index, std::uint64_t start) {
  Member& member = members_[index];
  // Of another start, or replaced by an earlier one.
  if (!member.node || member.starts != start || member.tick_at != now()) return;
  member.tick_at.reset();
  if (member.asleep_until > now()) return arm(index);
  member.ticks_at_once = member.last_tick == now() ? member.ticks_at_once + 1 : 0;
  member.last_tick = now();
  if (member.ticks_at_once > kTicksAtOnceMax) {
    if (member.ticks_at_once == kTicksAtOnceMax + 1) {
      violation(member.name + " asks for ticks without end at one instant");
    }
    return;
  }
  const std::uint64_t starts = member.starts;
  for (auto& lookup : member.lookups->tick(local_time(index))) {
    call_instead(index, std::move(lookup));
    if (!member.node || member.starts != starts) return;
  }
  member.node->tick(local_time(index));
  after_step(index);
}

void Simulation::check_layout(std::size_t index) {
  Member& member = members_[index];
  const auto& roles = member.node->roles();
  if (roles == member.roles || !roles) return;
  const auto number = [](const ring::Roles& one) {
    return std::pair(one.view().generation, one.view().epoch);
  };
  if (member.roles && number(*roles) <= number(*member.roles)) {
    violation(member.name + " went back to an older view");
  }
  member.roles = roles;
  const auto [known, first] = layouts_.emplace(number(*roles), roles);
  if (!first && known->second->layout() != roles->layout()) {
    violation(member.name + " installed another layout of view " +
              std::to_string(roles->view().epoch) + " than somebody before");
  }
  for (const auto& [segment, loss] : roles->layout().losses) {
    lost_[segment].try_emplace({roles->view().generation, loss.epoch}, now());
  }
  if (!first) return;
  for (std::size_t other = 0; other < members_.size(); ++other) check_lease(other);
}

// A segment is served by one member at most, at any instant.
void Simulation::check_serving(std::size_t index) {
  const auto serves = [&](std::size_t member, SegmentId segment) {
    const node::Node& node = *members_[member].node;
    return node.plane().is_serving(segment, local_time(member));
  };
  for (std::uint32_t i = 0; i < options_.segments; ++i) {
    if (!serves(index, {i})) continue;
    for (std::size_t other = 0; other < members_.size(); ++other) {
      if (other == index || !members_[other].node || !serves(other, {i})) continue;
      violation(absl::StrFormat("%s and %s both serve segment %d", name(index), name(other), i));
    }
  }
}

// Nobody commits a write to what another member serves: neither would know of the other's.
void Simulation::check_commits(std::size_t index) {
  Member& member = members_[index];
  const replication::Plane& plane = member.node->plane();
  if (!member.roles) return;
  member.committed.resize(options_.segments);
  for (std::uint32_t i = 0; i < options_.segments; ++i) {
    if (!plane.is_active({i})) continue;
    const Version before = std::exchange(member.committed[i], plane.committed(SegmentId{i}));
    const Version committed = member.committed[i];
    if (committed.epoch != before.epoch || committed.sequence <= before.sequence) continue;
    for (std::size_t other = 0; other < members_.size(); ++other) {
      if (other == index || !members_[other].node) continue;
      if (!members_[other].node->plane().is_serving({i}, local_time(other))) continue;
      violation(absl::StrFormat("%s commits a write of segment %d, which %s serves", name(index), i,
                                name(other)));
    }
  }
}

// Nobody ever holds more than its bound. Backups take what comes, so that is so only if what comes
// within a heartbeat is less than what is kept free for it.
void Simulation::check_memory(std::size_t index) {
  if (!options_.memory_is_bounded || !members_[index].node) return;
  const std::size_t bytes = members_[index].node->plane().table().usage().bytes;
  if (bytes <= options_.node.plane.memory_bytes) return;
  violation(absl::StrFormat("%s holds %d bytes, and may hold %d", name(index), bytes,
                            options_.node.plane.memory_bytes));
}

// Whoever holds a lease, and is the primary of anything, is a member of every later view of its
// generation that anybody has installed.
void Simulation::check_lease(std::size_t index) {
  const Member& member = members_[index];
  if (!member.node || !member.roles || layouts_.empty()) return;
  const View& own = member.roles->view();
  const View& newest = layouts_.rbegin()->second->view();
  if (newest.generation != own.generation || newest.epoch <= own.epoch) return;
  if (member.node->membership().lease_until() <= local_time(index)) return;
  if (member.node->plane().primaries() == 0) return;  // then it answers for nothing
  const bool is_member = std::any_of(
      newest.members.begin(), newest.members.end(),
      [&](const sojourn::Member& one) { return one.incarnation == member.incarnation.value; });
  if (is_member) return;
  violation(absl::StrFormat("%s holds a lease under view %d and is no member of view %d",
                            name(index), own.epoch, newest.epoch));
}

// Calls.

void Simulation::call(std::size_t member, replication::Operation operation, Duration timeout,
                      Done done) {
  if (asleep(member)) {
    const std::uint64_t starts = members_[member].starts;
    events_.at(members_[member].asleep_until,
               [this, member, starts, timeout, operation = std::move(operation),
                done = std::move(done)]() mutable {
                 if (!node(member) || members_[member].starts != starts) return done(std::nullopt);
                 call(member, std::move(operation), timeout, std::move(done));
               });
    return;
  }
  node::Node& node = *members_[member].node;
  if (replication::is_read(operation.verb)) {
    const auto local_now = [&](Time) { return Moment(local_time(member)); };
    if (auto result = node.read_local(table::Key(operation.id), operation.touch, local_now)) {
      return done(std::move(*result));
    }
  }
  // The member counts by its own clock.
  Waiting waiting = {.deadline = time_of(member, local_time(member) + timeout),
                     .done = std::move(done)};
  const bool may_be_direct = replication::is_read(operation.verb) && options_.direct_permille > 0;
  if (may_be_direct && random_.below(1000) < options_.direct_permille &&
      look_up(member, operation, timeout, waiting)) {
    return after_step(member);
  }
  call_node(member, std::move(operation), timeout, std::move(waiting));
}

void Simulation::call_node(std::size_t member, replication::Operation operation, Duration timeout,
                           Waiting waiting) {
  const std::uint64_t number =
      members_[member].node->call(local_time(member), std::move(operation), timeout);
  calls_[{member, number}] = std::move(waiting);
  after_step(member);
}

// The short way, as runtime::DirectReads goes it; false if it must be the long one.
bool Simulation::look_up(std::size_t member, const replication::Operation& operation,
                         Duration timeout, const Waiting& waiting) {
  const ring::Roles* roles = members_[member].node->roles().get();
  node::Lookups<Waiting>& lookups = *members_[member].lookups;
  if (!roles || lookups.is_full()) return false;
  const auto primary = roles->primary(roles->segment_of(operation.id));
  if (!primary) return false;
  const std::string& owner = roles->view().members[primary->value].name;
  const std::size_t to = member_called(owner);
  if (to == member || to == members_.size()) return false;
  const Time now = local_time(member);
  const replication::Lookup lookup =
      lookups.start(now, stable_hash(owner), operation.verb, operation.id, operation.touch,
                    now + timeout, Waiting(waiting));
  if (network_.send(member, to, lookup).ok()) return true;
  lookups.answered(stable_hash(owner), lookup.number);
  return false;
}

void Simulation::call_instead(std::size_t member, node::Lookups<Waiting>::Lookup lookup) {
  const Time now = local_time(member);
  if (lookup.deadline <= now) {
    return finish(member, "a read", std::move(lookup.waiter),
                  {.status = absl::DeadlineExceededError("the owner did not answer in time")});
  }
  call_node(member, {.verb = lookup.verb, .id = std::string(lookup.id()), .touch = lookup.touch},
            lookup.deadline - now, std::move(lookup.waiter));
}

void Simulation::receive_direct(std::size_t to, std::size_t from, const wire::Frame& frame) {
  const auto local_now = [&](Time) { return Moment(local_time(to)); };
  for (replication::Found& found : members_[to].node->look_up(frame.lookups, local_now)) {
    network_.send(to, from, std::move(found));
  }
  for (const replication::Found& found : frame.found) {
    if (!members_[to].node) return;
    auto lookup = members_[to].lookups->answered(stable_hash(name(from)), found.number);
    if (!lookup) continue;
    if (found.declined) {
      call_instead(to, *std::move(lookup));
    } else {
      finish(to, "a read", std::move(lookup->waiter), found.result);
    }
  }
}

std::size_t Simulation::calls_pending() const {
  std::size_t pending = calls_.size() + questions_.size();
  for (const Member& member : members_) pending += member.lookups ? member.lookups->in_flight() : 0;
  return pending;
}

void Simulation::finish(std::size_t member, const char* what, Waiting waiting,
                        replication::Result result) {
  if (now() > std::max(waiting.deadline, members_[member].asleep_until)) {
    violation(absl::StrFormat("%s of %s ended after its deadline", what, name(member)));
  }
  waiting.done(std::move(result));
}

void Simulation::finish(std::size_t member, node::Finished finished) {
  const auto call = calls_.find({member, finished.number});
  if (call == calls_.end()) {
    return violation(absl::StrFormat("call %d of %s ended, which nobody waits for", finished.number,
                                     name(member)));
  }
  Waiting waiting = std::move(call->second);
  calls_.erase(call);
  finish(member, "a call", std::move(waiting), std::move(finished.result));
}

void Simulation::ask(std::size_t member, replication::Question question, Duration timeout,
                     Answered done) {
  if (asleep(member)) {
    const std::uint64_t starts = members_[member].starts;
    events_.at(members_[member].asleep_until,
               [this, member, starts, timeout, question = std::move(question),
                done = std::move(done)]() mutable {
                 if (!node(member) || members_[member].starts != starts) return done(std::nullopt);
                 ask(member, std::move(question), timeout, std::move(done));
               });
    return;
  }
  const Time now = local_time(member);
  const std::uint64_t number = members_[member].node->ask(now, std::move(question), timeout);
  questions_[{member, number}] = {.deadline = time_of(member, now + timeout),
                                  .done = std::move(done)};
  after_step(member);
}

void Simulation::finish(std::size_t member, node::Inquiries::Answered answered) {
  const auto question = questions_.find({member, answered.number});
  if (question == questions_.end()) {
    return violation(absl::StrFormat("question %d of %s ended, which nobody waits for",
                                     answered.number, name(member)));
  }
  const Asking asking = std::move(question->second);
  questions_.erase(question);
  if (now() > std::max(asking.deadline, members_[member].asleep_until)) {
    violation(absl::StrFormat("question %d of %s ended after its deadline", answered.number,
                              name(member)));
  }
  asking.done(std::move(answered.findings));
}

SeenSession seen(const session::Record& record) {
  SeenSession session = {.id = std::string(record.id()),
                         .phase = record.phase(),
                         .subject = std::string(record.subject()),
                         .lifetime = record.lifetime(),
                         .version = record.version()};
  record.for_each_attribute([&](std::string_view name, std::string_view value) {
    session.attributes.emplace(name, value);
  });
  for (const session::TabView& view : session::tabs_of(record)) {
    Tab& tab = session.tabs.emplace_back(Tab{.name = std::string(view.name)});
    for (const session::AttributeView& attribute : view.attributes) {
      tab.attributes.push_back({std::string(attribute.name), std::string(attribute.value)});
    }
  }
  session.remembered = record.is_remembered();
  session.shortened_to = record.shortened_to();
  session.alias_of = std::string(record.alias_of());
  return session;
}

SeenCompanion seen_companion(const session::Record& record) {
  if (session::kind_of(record.id()) == session::Kind::kCounter) {
    return {.count = session::count_of(record)};
  }
  return {.value = std::string(session::content_of(record))};
}

}  // namespace sojourn::simulation
