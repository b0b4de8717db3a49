#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <sojourn/options.h>
#include <sojourn/session.h>
#include <sojourn/session_id.h>

#include <memory>
#include <optional>
#include <string>

namespace beast_example {

// The store, without a word of Asio: Boost's Asio and the standalone one of the store give the same
// global names to different things in some of their versions (Boost 1.74 and Asio 1.22), so no file
// may include both.
//
// Safe from any thread. Handlers are called once, on a thread of the store's; ask.h brings them
// back to where they belong.
class Sessions {
 public:
  using SessionHandler = absl::AnyInvocable<void(absl::StatusOr<sojourn::Session>)>;
  using StatusHandler = absl::AnyInvocable<void(absl::Status)>;

  static absl::StatusOr<std::unique_ptr<Sessions>> open(sojourn::StoreOptions options);
  // Calls that are not answered yet are, with kCancelled, or their handlers are destroyed.
  ~Sessions();

  // If this member has it: on the caller's thread, without waiting.
  std::optional<absl::StatusOr<sojourn::Session>> get_local(const sojourn::SessionId& id) const;
  void get(const sojourn::SessionId& id, SessionHandler done);
  void create(sojourn::NewSession session, SessionHandler done);
  void revoke(const sojourn::SessionId& id, StatusHandler done);
  // Hands everything over to the other members.
  void drain(StatusHandler done);

  std::string owner_of(const sojourn::SessionId& id) const;
  // Whether the balancer should send requests here.
  bool takes_requests() const;

 private:
  struct State;
  explicit Sessions(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace beast_example
