#include "simulation/faults.h"

#include <absl/strings/str_format.h>

#include "membership/quorum.h"

namespace sojourn::simulation {
namespace {

using std::chrono::milliseconds;

}  // namespace

FaultOptions FaultOptions::draw(Random& random) {
  FaultOptions options;
  if (random.one_in(2)) options.sleep_every = milliseconds(100 + random.below(3000));
  options.sleep_max = milliseconds(1 + random.below(3000));
  if (random.one_in(2)) options.cut_every = milliseconds(200 + random.below(4000));
  options.cut_max = milliseconds(1 + random.below(5000));
  if (random.one_in(2)) options.crash_every = milliseconds(500 + random.below(8'000));
  options.down_max = milliseconds(1 + random.below(6000));
  if (random.one_in(3)) options.leave_every = milliseconds(500 + random.below(8'000));
  if (random.one_in(8)) options.lie_every = milliseconds(500 + random.below(3'000));
  options.lose_majority = random.one_in(8);
  return options;
}

std::string FaultOptions::describe() const {
  const auto ms = [](Duration duration) { return duration / milliseconds(1); };
  return absl::StrFormat(
      "faults, on average every/for at most: sleep=%dms/%dms cut=%dms/%dms crash=%dms/%dms "
      "leave=%dms false_address=%dms (0ms: never) lose_majority=%d",
      ms(sleep_every), ms(sleep_max), ms(cut_every), ms(cut_max), ms(crash_every), ms(down_max),
      ms(leave_every), ms(lie_every), lose_majority);
}

Faults::Faults(FaultOptions options, Simulation& simulation, Random& random)
    : options_(options), simulation_(simulation), random_(random) {}

void Faults::start() {
  repeat(options_.sleep_every, &Faults::sleep);
  repeat(options_.cut_every, &Faults::cut);
  repeat(options_.crash_every, &Faults::crash);
  repeat(options_.leave_every, &Faults::leave);
  repeat(options_.lie_every, &Faults::lie);
  // Members that come later than the first view.
  const std::size_t late = simulation_.options().late_members;
  for (std::size_t i = simulation_.members() - late; i < simulation_.members(); ++i) {
    simulation_.events().after(up_to(std::chrono::seconds(8)), [this, i] { simulation_.start(i); });
  }
}

void Faults::stop() {
  stopped_ = true;
  simulation_.network().heal();
  for (std::size_t i = 0; i < simulation_.members(); ++i) simulation_.start(i);
}

void Faults::repeat(Duration every, void (Faults::*fault)()) {
  if (every == Duration::zero()) return;
  simulation_.events().after(Duration(1) + up_to(2 * every), [this, every, fault] {
    if (stopped_) return;
    ++count_;
    (this->*fault)();
    repeat(every, fault);
  });
}

void Faults::sleep() {
  const std::size_t member = any_member();
  simulation_.put_to_sleep(member, up_to(options_.sleep_max));
}

void Faults::cut() {
  Network& network = simulation_.network();
  const std::size_t lonely = any_member();
  // One direction of one pair, one pair, one member from everybody, or all but one from each other.
  const std::uint64_t kind = random_.below(4);
  const std::size_t one = any_member();
  for (std::size_t other = 0; other < simulation_.members(); ++other) {
    if (kind == 3) {
      for (std::size_t third = 0; third < simulation_.members(); ++third) {
        if (third != other && third != lonely && other != lonely) network.cut(other, third);
      }
      continue;
    }
    if (other == lonely || (kind != 2 && other != one)) continue;
    network.cut(lonely, other);
    if (kind != 0) network.cut(other, lonely);
    simulation_.trace("cut: " + simulation_.name(lonely) + (kind == 0 ? " -> " : " <-> ") +
                      simulation_.name(other));
  }
  if (kind == 3) simulation_.trace("cut: a star around " + simulation_.name(lonely));
  simulation_.events().after(up_to(options_.cut_max), [this, &network] {
    simulation_.trace("the network is healed");
    network.heal();
  });
}

// The newest view that anybody has installed; null before there is one.
const ring::Roles* Faults::newest() const {
  const ring::Roles* newest = nullptr;
  for (std::size_t i = 0; i < simulation_.members(); ++i) {
    const node::Node* node = simulation_.node(i);
    if (!node || !node->roles()) continue;
    if (!newest || newest->view().epoch < node->roles()->view().epoch) newest = node->roles().get();
  }
  return newest;
}

// Whether that process is up and in the newest view.
bool Faults::counts(std::size_t index) const {
  const node::Node* node = simulation_.node(index);
  const ring::Roles* roles = newest();
  if (!node || !node->roles() || !roles) return false;
  const Member* member = roles->view().find(simulation_.name(index));
  return member && member->incarnation == node->incarnation().value;
}

// Whether the newest view still has a quorum of its processes without that member; and so every
// view in which somebody of these still is: the news of a later one may go with that member. And
// every one that somebody has voted for: it may become the newest without anybody's doing.
bool Faults::leaves_quorum(std::size_t member) const {
  const auto is_up = [&](const Member& voter) {
    const std::size_t index = simulation_.member_called(voter.name);
    const node::Node* node = simulation_.node(index);
    return index != member && node && node->incarnation().value == voter.incarnation;
  };
  const auto holds_in = [&](const View& view) {
    // Those that leave may have gone by then, and those that were about to and died may not.
    const auto leaves = [&](const Member& voter) {
      const node::Node* node = simulation_.node(simulation_.member_called(voter.name));
      return voter.leaving || (node && node->leaving());
    };
    View staying = view;
    std::erase_if(staying.members, leaves);
    View remaining = view;
    std::erase_if(remaining.members,
                  [&](const Member& voter) { return is_up(voter) && leaves(voter); });
    return membership::is_quorum(view, is_up) && !staying.members.empty() &&
           membership::is_quorum(staying, is_up) && membership::is_quorum(remaining, is_up);
  };
  const ring::Roles* roles = newest();
  if (roles && !holds_in(roles->view())) return false;
  if (roles && !holds_in(with_newcomers(roles->view()))) return false;
  for (std::size_t i = 0; i < simulation_.members(); ++i) {
    if (!simulation_.node(i)) continue;
    if (i != member && counts(i) && !holds_in(simulation_.node(i)->roles()->view())) return false;
    const ring::Layout* pending = simulation_.node(i)->membership().pending();
    if (pending && !holds_in(pending->view)) return false;
  }
  return true;
}

// With all that may be admitted to it soon: also those that have died, as long as nobody can know.
View Faults::with_newcomers(View view) const {
  const Time now = simulation_.now();
  const Duration unnoticed = 20 * simulation_.options().node.membership.heartbeat_interval;
  for (std::size_t i = 0; i < simulation_.members(); ++i) {
    if (view.find(simulation_.name(i))) continue;
    const node::Node* node = simulation_.node(i);
    const auto crashed = crashed_at_.find(i);
    if (!node && (crashed == crashed_at_.end() || now - crashed->second > unnoticed)) continue;
    view.members.push_back({.name = simulation_.name(i),
                            .incarnation = node ? node->incarnation().value : 0,
                            .joined = view.epoch + 1});
  }
  return view;
}

// Whether nobody else would know for long that there ever was a cluster.
bool Faults::is_last_witness(std::size_t member) const {
  if (!simulation_.node(member)->roles()) return false;
  for (std::size_t i = 0; i < simulation_.members(); ++i) {
    if (i != member && counts(i) && !simulation_.node(i)->leaving()) return false;
  }
  return true;
}

void Faults::crash() {
  const std::size_t member = any_member();
  if (!simulation_.node(member) || is_last_witness(member)) return;
  if (!leaves_quorum(member)) {
    if (!options_.lose_majority) return;
    lost_majority_ = true;
  }
  simulation_.crash(member);
  crashed_at_[member] = simulation_.now();
  start_later(member);
}

void Faults::leave() {
  const std::size_t first = any_member();
  const std::size_t count = 1 + random_.below(simulation_.members());
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t member = (first + i) % simulation_.members();
    if (!simulation_.node(member)) continue;
    // Somebody stays.
    std::size_t staying = 0;
    for (std::size_t other = 0; other < simulation_.members(); ++other) {
      staying += other != member && simulation_.holds_sessions(other) && simulation_.node(other) &&
                 simulation_.node(other)->roles() && !simulation_.node(other)->leaving();
    }
    if (staying == 0 || !simulation_.node(member)->roles()) continue;
    simulation_.leave(member);
    start_later(member);
  }
}

void Faults::lie() { simulation_.deceive(any_member(), absl::StrFormat("ghost%d", ++lies_)); }

// It starts if it is down by then; otherwise it is looked at again.
void Faults::start_later(std::size_t member) {
  simulation_.events().after(up_to(options_.down_max), [this, member] {
    if (stopped_) return;
    if (simulation_.node(member)) {
      if (simulation_.node(member)->leaving()) start_later(member);
      return;
    }
    simulation_.start(member);
  });
}

Duration Faults::up_to(Duration longest) {
  return Duration(
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(longest.count()) + 1)));
}

}  // namespace sojourn::simulation
