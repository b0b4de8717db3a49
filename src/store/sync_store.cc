#include "sojourn/sync_store.h"

#include <asio/async_result.hpp>
#include <asio/bind_executor.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <utility>

namespace sojourn {
namespace {

// Somebody who waits for a result, on the stack.
template <typename Result>
class Waiter {
 public:
  void take(Result result) {
    // Under the lock to the end: whoever waits may be gone as soon as it is released.
    std::lock_guard lock(mutex_);
    result_.emplace(std::move(result));
    arrived_.notify_one();
  }
  Result wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return result_.has_value(); });
    return *std::move(result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<Result> result_;
};

template <typename Result>
struct Tell {
  using RunsAnywhere = void;
  Waiter<Result>* waiter = nullptr;
  void operator()(Result result) const { waiter->take(std::move(result)); }
};

// The completion token that waits: the operation's result is that of the call.
struct Block {};
constexpr Block block;

}  // namespace
}  // namespace sojourn

template <typename Result>
class asio::async_result<sojourn::Block, void(Result)> {
 public:
  using return_type = Result;

  template <typename Initiation>
  static return_type initiate(Initiation&& initiation, const sojourn::Block&) {
    sojourn::Waiter<Result> waiter;
    std::forward<Initiation>(initiation)(sojourn::Tell<Result>{&waiter});
    return waiter.wait();
  }
};

namespace sojourn {

struct SyncStore::State {
  // Runs handlers of events, which may wait for completions. From the first subscription on.
  std::mutex mutex;
  std::optional<asio::thread_pool> events;
  std::optional<Store> store;

  ~State() {
    store.reset();
    if (events) events->join();
  }
};

absl::StatusOr<SyncStore> SyncStore::open(StoreOptions options) {
  auto state = std::make_unique<State>();
  absl::StatusOr<Store> store = Store::open(std::move(options));
  if (!store.ok()) return store.status();
  state->store.emplace(*std::move(store));
  return SyncStore(std::move(state));
}

SyncStore::SyncStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
SyncStore::SyncStore(SyncStore&&) noexcept = default;
SyncStore& SyncStore::operator=(SyncStore&&) noexcept = default;
SyncStore::~SyncStore() = default;

absl::Status SyncStore::wait_ready(std::chrono::milliseconds timeout) {
  std::future<absl::Status> ready = store().async_ready(asio::use_future);
  if (ready.wait_for(timeout) == std::future_status::ready) return ready.get();
  return absl::DeadlineExceededError(store().health().reason);
}

absl::StatusOr<Session> SyncStore::create(NewSession session, WriteOptions options) {
  return store().async_create(std::move(session), options, block);
}

absl::StatusOr<Session> SyncStore::get(const SessionId& id, ReadOptions options) {
  if (auto session = store().get_local(id, options)) return *std::move(session);
  return store().async_get(id, options, block);
}

absl::StatusOr<Session> SyncStore::update(Session session, WriteOptions options) {
  return store().async_update(std::move(session), options, block);
}

absl::StatusOr<Session> SyncStore::patch(const SessionId& id, Patch patch, WriteOptions options) {
  return store().async_patch(id, std::move(patch), options, block);
}

absl::Status SyncStore::erase_tab(const SessionId& id, std::string tab, WriteOptions options) {
  return store().async_erase_tab(id, std::move(tab), options, block);
}

absl::StatusOr<Session> SyncStore::authenticate(const SessionId& id, std::string subject,
                                                Patch patch, AuthenticateOptions options) {
  return store().async_authenticate(id, std::move(subject), std::move(patch), options, block);
}

absl::StatusOr<Session> SyncStore::rotate(const SessionId& id, RotateOptions options) {
  return store().async_rotate(id, options, block);
}

absl::Status SyncStore::touch(const SessionId& id, ReadOptions options) {
  return store().async_touch(id, options, block);
}

absl::Status SyncStore::revoke(const SessionId& id, WriteOptions options) {
  return store().async_revoke(id, options, block);
}

absl::Status SyncStore::put_once(std::string name, std::string value, std::chrono::seconds lifetime,
                                 WriteOptions options) {
  return store().async_put_once(std::move(name), std::move(value), lifetime, options, block);
}

absl::StatusOr<std::string> SyncStore::take(std::string name, WriteOptions options) {
  return store().async_take(std::move(name), options, block);
}

absl::StatusOr<std::string> SyncStore::peek(std::string name, ReadOptions options) {
  return store().async_peek(std::move(name), options, block);
}

absl::StatusOr<Counter> SyncStore::add(std::string name, std::uint64_t amount,
                                       std::chrono::seconds lifetime, WriteOptions options) {
  return store().async_add(std::move(name), amount, lifetime, options, block);
}

absl::StatusOr<Counter> SyncStore::read_counter(std::string name, ReadOptions options) {
  return store().async_read_counter(std::move(name), options, block);
}

absl::Status SyncStore::reset_counter(std::string name, WriteOptions options) {
  return store().async_reset_counter(std::move(name), options, block);
}

absl::Status SyncStore::revoke_token(std::string token_id, std::chrono::seconds lifetime,
                                     WriteOptions options) {
  return store().async_revoke_token(std::move(token_id), lifetime, options, block);
}

absl::StatusOr<bool> SyncStore::is_token_revoked(std::string token_id, ReadOptions options) {
  if (auto revoked = store().is_token_revoked_local(token_id)) return *std::move(revoked);
  return store().async_is_token_revoked(std::move(token_id), options, block);
}

absl::StatusOr<SessionPage> SyncStore::list(std::string subject, ListOptions options) {
  return store().async_list(std::move(subject), options, block);
}

absl::StatusOr<std::uint64_t> SyncStore::count(std::string subject, ReadOptions options) {
  return store().async_count(std::move(subject), options, block);
}

absl::StatusOr<std::uint64_t> SyncStore::revoke_all(std::string subject, RevokeOptions options) {
  return store().async_revoke_all(std::move(subject), options, block);
}

absl::Status SyncStore::not_before(std::string subject, WriteOptions options) {
  return store().async_not_before(std::move(subject), options, block);
}

absl::StatusOr<SessionPage> SyncStore::list_labelled(std::string name, std::string value,
                                                     ListOptions options) {
  return store().async_list_labelled(std::move(name), std::move(value), options, block);
}

absl::StatusOr<std::uint64_t> SyncStore::count_labelled(std::string name, std::string value,
                                                        ReadOptions options) {
  return store().async_count_labelled(std::move(name), std::move(value), options, block);
}

absl::StatusOr<std::uint64_t> SyncStore::revoke_labelled(std::string name, std::string value,
                                                         RevokeOptions options) {
  return store().async_revoke_labelled(std::move(name), std::move(value), options, block);
}

absl::Status SyncStore::drain(DrainOptions options) { return store().async_drain(options, block); }

Subscription SyncStore::subscribe(absl::AnyInvocable<void(const Event&)> handler,
                                  SubscribeOptions options) {
  std::lock_guard lock(state_->mutex);
  if (!state_->events) state_->events.emplace(1);
  return store().subscribe(asio::bind_executor(state_->events->get_executor(), std::move(handler)),
                           options);
}

absl::Status SyncStore::recover() { return store().async_recover(block); }

Store& SyncStore::store() { return *state_->store; }

}  // namespace sojourn
