#include "simulation/subscribers.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace sojourn::simulation {
namespace {

using replication::Cause;
using replication::Plane;
using std::chrono::milliseconds;

// After how long a subscriber that may not have its next event asks again.
constexpr Duration kAskAgain = milliseconds(20);

}  // namespace

SubscriberOptions SubscriberOptions::draw(Random& random) {
  SubscriberOptions options;
  options.listen = !random.one_in(8);
  options.handling_max = milliseconds(random.below(random.one_in(4) ? 500 : 60));
  if (random.one_in(6)) options.queue_max = 1 + random.below(6);
  return options;
}

std::string SubscriberOptions::describe() const {
  return absl::StrFormat("listen=%d handling=%dms queue=%d", listen, handling_max / milliseconds(1),
                         queue_max);
}

Subscribers::Subscribers(SubscriberOptions options, Simulation& simulation, Random& random)
    : options_(options),
      simulation_(simulation),
      random_(random),
      subscribers_(simulation.members()) {
  if (!options_.listen) return;
  simulation_.listen(
      [this](std::size_t member, const node::Event& event) { offered(member, event); });
}

bool Subscribers::idle() const {
  for (std::size_t i = 0; i < subscribers_.size(); ++i) {
    if (is_there(i) && (!subscribers_[i].queue.empty() || subscribers_[i].busy)) return false;
  }
  return true;
}

bool Subscribers::is_there(std::size_t member) const {
  return simulation_.node(member) && simulation_.starts(member) == subscribers_[member].start;
}

void Subscribers::offered(std::size_t member, const node::Event& event) {
  if (!is_there(member)) subscribers_[member] = {.start = simulation_.starts(member)};
  const auto* of_session = std::get_if<Plane::Offered>(&event);
  if (!of_session) return;
  Subscriber& subscriber = subscribers_[member];
  if (subscriber.queue.size() >= options_.queue_max) drop_recalled(member);
  if (subscriber.queue.size() >= options_.queue_max) {
    gaps_.insert(of_session->segment);
    simulation_.events().after(
        Duration(1), [this, member, start = subscriber.start, segment = of_session->segment,
                      number = of_session->event.number] {
          if (!is_there(member) || subscribers_[member].start != start) return;
          simulation_.delivered(member, segment, number);
        });
    return;
  }
  subscriber.queue.push_back(*of_session);
  if (!subscriber.busy) later(member);
}

void Subscribers::later(std::size_t member) {
  subscribers_[member].busy = true;
  const auto handling =
      random_.below(static_cast<std::uint64_t>(options_.handling_max.count()) + 1);
  simulation_.events().after(Duration(1 + static_cast<std::int64_t>(handling)),
                             [this, member, start = subscribers_[member].start] {
                               if (is_there(member) && subscribers_[member].start == start)
                                 step(member);
                             });
}

void Subscribers::step(std::size_t member) {
  Subscriber& subscriber = subscribers_[member];
  const auto again_at = [&](Time time) {
    simulation_.events().at(time, [this, member, start = subscriber.start] {
      if (is_there(member) && subscribers_[member].start == start) step(member);
    });
  };
  if (simulation_.asleep(member)) return again_at(simulation_.awake_at(member));
  drop_recalled(member);
  if (!subscriber.queue.empty()) {
    if (permission(member, subscriber.queue.front()) == Plane::Permission::kWait) {
      return again_at(simulation_.now() + kAskAgain);
    }
    const Plane::Offered offered = std::move(subscriber.queue.front());
    subscriber.queue.pop_front();
    deliver(member, offered);
  }
  subscriber.busy = false;
  if (!subscriber.queue.empty()) later(member);
}

Plane::Permission Subscribers::permission(std::size_t member, const Plane::Offered& offered) const {
  return simulation_.node(member)->plane().permission(offered, simulation_.local_time(member));
}

// What was recalled is offered again, here or elsewhere.
void Subscribers::drop_recalled(std::size_t member) {
  std::erase_if(subscribers_[member].queue, [&](const Plane::Offered& offered) {
    return permission(member, offered) == Plane::Permission::kDrop;
  });
}

void Subscribers::deliver(std::size_t member, const Plane::Offered& offered) {
  const SegmentId segment = offered.segment;
  simulation_.trace(absl::StrFormat("%s delivers event %d of segment %d, %d.%d %s",
                                    simulation_.name(member), static_cast<int>(offered.event.cause),
                                    segment.value, offered.event.number.epoch,
                                    offered.event.number.sequence, offered.event.id.substr(0, 8)));
  for (std::size_t other = 0; other < simulation_.members(); ++other) {
    if (other == member || !simulation_.node(other)) continue;
    if (!simulation_.node(other)->plane().is_serving(segment, simulation_.local_time(other))) {
      continue;
    }
    simulation_.violation(absl::StrFormat("%s delivers an event of segment %d, which %s serves",
                                          simulation_.name(member), segment.value,
                                          simulation_.name(other)));
  }
  if (offered.event.cause == Cause::kMissed) gaps_.insert(segment);
  deliveries_.push_back({.member = member,
                         .start = subscribers_[member].start,
                         .serving = offered.serving,
                         .segment = segment,
                         .event = offered.event});
  // What was handled is told after a while. Until then the process may be gone.
  const auto told = random_.below(static_cast<std::uint64_t>(options_.handling_max.count()) + 1);
  simulation_.events().after(
      Duration(static_cast<std::int64_t>(told)),
      [this, member, start = subscribers_[member].start, segment, number = offered.event.number] {
        if (!is_there(member) || subscribers_[member].start != start) return;
        simulation_.delivered(member, segment, number);
      });
}

}  // namespace sojourn::simulation
