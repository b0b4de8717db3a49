#include "store/departure.h"

#include <algorithm>
#include <chrono>

#include "base/counted.h"
#include "runtime/clock.h"
#include "sojourn/metrics.h"

namespace sojourn::store {
namespace {

// How often a departure looks whether anybody still stays: those who leave together learn of each
// other from a view that says so.
constexpr Duration kLook = std::chrono::milliseconds(100);

}  // namespace

bool nobody_stays(const View& view, std::string_view name) {
  bool is_alone = true;
  for (const Member& member : view.members) {
    if (member.name == name || member.capacity == 0) continue;
    if (!member.leaving) return false;
    is_alone = false;
  }
  // Others that leave would hand over to this one for as long as they take it for one that stays.
  const Member* self = view.find(name);
  return is_alone || (self != nullptr && self->leaving);
}

void Departure::begin(runtime::Host& host, std::string name, Duration timeout, Done done) {
  std::shared_ptr<Departure>(
      new Departure(host, std::move(name), runtime::now() + timeout, std::move(done)))
      ->wait(Duration::zero());
}

void Departure::wait(Duration timeout) {
  host_.drain(timeout, [self = shared_from_this()](absl::Status drained) {
    self->look(std::move(drained));
  });
}

void Departure::look(absl::Status drained) {
  if (!absl::IsDeadlineExceeded(drained)) return std::move(done_)(std::move(drained));
  const auto roles = host_.roles();
  if (roles && nobody_stays(roles->view(), name_)) {
    Metrics metrics;
    host_.add_to(metrics);
    return std::move(done_)(absl::FailedPreconditionError(
        "no other member stays, so what it holds ends with this one: " +
        counted(metrics.sessions_active + metrics.sessions_login, "session")));
  }
  const Time now = runtime::now();
  if (now >= end_) return std::move(done_)(std::move(drained));
  wait(std::min(kLook, end_ - now));
}

}  // namespace sojourn::store
