#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/time.h"
#include "runtime/host.h"
#include "sojourn/view.h"

namespace sojourn::store {

// Whether the member of that name has nobody to hand its sessions over to, and the others know that
// it does not stay for theirs.
bool nobody_stays(const View& view, std::string_view name);

// One call of Store::async_drain: leaves the cluster, and waits for it for no longer than somebody
// stays who can take what this member holds.
//
// Runs on the host's thread, and keeps itself until `done` was called, which the host does at the
// latest when it is stopped.
class Departure : public std::enable_shared_from_this<Departure> {
 public:
  using Done = absl::AnyInvocable<void(absl::Status) &&>;

  static void begin(runtime::Host& host, std::string name, Duration timeout, Done done);

 private:
  Departure(runtime::Host& host, std::string name, Time end, Done done)
      : host_(host), name_(std::move(name)), end_(end), done_(std::move(done)) {}

  void wait(Duration timeout);
  void look(absl::Status drained);

  runtime::Host& host_;
  const std::string name_;
  const Time end_;
  Done done_;
};

}  // namespace sojourn::store
