#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sojourn/companions.h>
#include <sojourn/export.h>
#include <sojourn/store.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sojourn {

// The same calls as Store's, each blocking until it is answered, for servers with a thread per
// request. Needs no event loop of the user's. Safe from any thread; every call returns within its
// timeout. Contracts and errors are those of the Store calls of the same name.
class SOJOURN_EXPORT SyncStore {
 public:
  static absl::StatusOr<SyncStore> open(StoreOptions options);

  SyncStore(SyncStore&&) noexcept;
  SyncStore& operator=(SyncStore&&) noexcept;
  ~SyncStore();

  // Waits until this member serves; kDeadlineExceeded, with what it waits for, after `timeout`.
  absl::Status wait_ready(std::chrono::milliseconds timeout = std::chrono::seconds(10));

  absl::StatusOr<Session> create(NewSession session, WriteOptions options = {});
  absl::StatusOr<Session> get(const SessionId& id, ReadOptions options = {});
  absl::StatusOr<Session> update(Session session, WriteOptions options = {});
  absl::StatusOr<Session> patch(const SessionId& id, Patch patch, WriteOptions options = {});
  absl::Status erase_tab(const SessionId& id, std::string tab, WriteOptions options = {});
  absl::StatusOr<Session> authenticate(const SessionId& id, std::string subject, Patch patch = {},
                                       AuthenticateOptions options = {});
  absl::StatusOr<Session> rotate(const SessionId& id, RotateOptions options = {});
  absl::Status touch(const SessionId& id, ReadOptions options = {});
  absl::Status revoke(const SessionId& id, WriteOptions options = {});

  absl::Status put_once(std::string name, std::string value, std::chrono::seconds lifetime,
                        WriteOptions options = {});
  absl::StatusOr<std::string> take(std::string name, WriteOptions options = {});
  absl::StatusOr<std::string> peek(std::string name, ReadOptions options = {});
  absl::StatusOr<Counter> add(std::string name, std::uint64_t amount, std::chrono::seconds lifetime,
                              WriteOptions options = {});
  absl::StatusOr<Counter> read_counter(std::string name, ReadOptions options = {});
  absl::Status reset_counter(std::string name, WriteOptions options = {});
  absl::Status revoke_token(std::string token_id, std::chrono::seconds lifetime,
                            WriteOptions options = {});
  absl::StatusOr<bool> is_token_revoked(std::string token_id, ReadOptions options = {});
  absl::StatusOr<SessionPage> list(std::string subject, ListOptions options = {});
  absl::StatusOr<std::uint64_t> count(std::string subject,
                                      ReadOptions options = {.timeout = std::chrono::seconds(1)});
  absl::StatusOr<std::uint64_t> revoke_all(std::string subject, RevokeOptions options = {});
  absl::Status not_before(std::string subject, WriteOptions options = {});
  absl::StatusOr<SessionPage> list_labelled(std::string name, std::string value,
                                            ListOptions options = {});
  absl::StatusOr<std::uint64_t> count_labelled(std::string name, std::string value,
                                               ReadOptions options = {
                                                   .timeout = std::chrono::seconds(1)});
  absl::StatusOr<std::uint64_t> revoke_labelled(std::string name, std::string value,
                                                RevokeOptions options = {});

  absl::Status drain(DrainOptions options = {});
  absl::Status recover();

  // As Store::subscribe, but that the handler runs on a thread of its own, which all subscriptions
  // of this store share: it may block, and make calls to this store. When the store is destroyed, a
  // call that is running is waited for.
  [[nodiscard]] Subscription subscribe(absl::AnyInvocable<void(const Event&)> handler,
                                       SubscribeOptions options = {});

  // The store itself, for everything that does not wait: owner_of, view, health, metrics.
  Store& store();

 private:
  struct State;
  explicit SyncStore(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace sojourn
