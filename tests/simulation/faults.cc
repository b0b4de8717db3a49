#include "simulation/faults.h"

#include <absl/strings/str_format.h>

namespace sojourn::simulation {
namespace {

using std::chrono::milliseconds;

// How long a crashed member stays away, at most: it may be back before anybody noticed.
constexpr Duration kDownMax = std::chrono::seconds(2);

}  // namespace

FaultOptions FaultOptions::draw(Random& random) {
  FaultOptions options;
  if (random.one_in(2)) options.sleep_every = milliseconds(100 + random.below(3000));
  options.sleep_max = milliseconds(1 + random.below(3000));
  if (random.one_in(2)) options.cut_every = milliseconds(200 + random.below(4000));
  options.cut_max = milliseconds(1 + random.below(5000));
  if (random.one_in(6)) options.crash_every = milliseconds(100 + random.below(10'000));
  options.crashes_max = 1 + random.below(2);
  return options;
}

std::string FaultOptions::describe() const {
  const auto ms = [](Duration duration) { return duration / milliseconds(1); };
  return absl::StrFormat("sleep=%dms/%dms cut=%dms/%dms crash=%dms/%d", ms(sleep_every),
                         ms(sleep_max), ms(cut_every), ms(cut_max), ms(crash_every), crashes_max);
}

Faults::Faults(FaultOptions options, Simulation& simulation, Random& random)
    : options_(options), simulation_(simulation), random_(random) {}

void Faults::start() {
  repeat(options_.sleep_every, &Faults::sleep);
  repeat(options_.cut_every, &Faults::cut);
  repeat(options_.crash_every, &Faults::crash);
}

void Faults::stop() {
  stopped_ = true;
  simulation_.network().heal();
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
  // One direction of one pair, one pair, or one member from everybody.
  const std::uint64_t kind = random_.below(3);
  const std::size_t one = any_member();
  for (std::size_t other = 0; other < simulation_.members(); ++other) {
    if (other == lonely || (kind != 2 && other != one)) continue;
    network.cut(lonely, other);
    if (kind != 0) network.cut(other, lonely);
    simulation_.trace("cut: " + simulation_.name(lonely) + (kind == 0 ? " -> " : " <-> ") +
                      simulation_.name(other));
  }
  simulation_.events().after(up_to(options_.cut_max), [this, &network] {
    simulation_.trace("the network is healed");
    network.heal();
  });
}

// While only some members have installed the first view, the crash of these can make the others
// decide another one, and sessions that only they held are lost. More members than there are spare
// copies must not crash then.
bool Faults::may_crash() const {
  std::size_t ready = 0;
  for (std::size_t i = 0; i < simulation_.members(); ++i) {
    ready += simulation_.node(i) && simulation_.node(i)->ready();
  }
  const bool some_are_not = ready + crashes_ < simulation_.members();
  return ready == 0 || !some_are_not || crashes_ + 1 < simulation_.options().holders();
}

void Faults::crash() {
  if (crashes_ >= options_.crashes_max || crashes_ + 1 >= simulation_.members()) return;
  const std::size_t member = any_member();
  if (!simulation_.node(member) || !may_crash()) return;
  ++crashes_;
  simulation_.crash(member);
  simulation_.events().after(up_to(kDownMax), [this, member] { simulation_.start(member); });
}

Duration Faults::up_to(Duration longest) {
  return Duration(
      static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(longest.count()) + 1)));
}

}  // namespace sojourn::simulation
