#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>

#include <utility>
#include <variant>

#include "node/node.h"
#include "sojourn/session.h"

namespace sojourn::runtime {

// Who waits for a read, to be told once. A session's reader is kept as it came: so a read takes no
// memory beside that of the user's own handler.
class ReadWaiter {
 public:
  using Any = absl::AnyInvocable<void(node::Finished) &&>;
  using OfSession = absl::AnyInvocable<void(absl::StatusOr<Session>) &&>;
  // Tells a session's reader what has come of it.
  using Tell = void (*)(const void* teller, OfSession&& waiter, node::Finished&& finished);

  ReadWaiter() = default;
  ReadWaiter(Any waiter) : waiter_(std::move(waiter)) {}  // NOLINT(google-explicit-constructor)
  // `teller` lives until the waiter is told.
  ReadWaiter(OfSession&& waiter, Tell tell, const void* teller)
      : waiter_(Told{std::move(waiter), tell, teller}) {}

  void operator()(node::Finished&& finished) && {
    if (Any* const any = std::get_if<Any>(&waiter_)) return std::move(*any)(std::move(finished));
    Told& told = std::get<Told>(waiter_);
    told.tell(told.teller, std::move(told.waiter), std::move(finished));
  }

 private:
  struct Told {
    OfSession waiter;
    Tell tell;
    const void* teller;
  };
  std::variant<Any, Told> waiter_;
};

}  // namespace sojourn::runtime
