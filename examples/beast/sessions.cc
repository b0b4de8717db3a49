#include "beast/sessions.h"

#include <sojourn/store.h>

#include <asio/thread_pool.hpp>
#include <chrono>
#include <utility>

namespace beast_example {
namespace {

// Longer than a failover takes: requests for sessions of a member that died wait, and succeed.
constexpr sojourn::ReadOptions kRead = {.timeout = std::chrono::seconds(2)};
constexpr sojourn::WriteOptions kWrite = {.timeout = std::chrono::seconds(3)};

}  // namespace

struct Sessions::State {
  asio::thread_pool completions{1};
  std::optional<sojourn::Store> store = {};
};

absl::StatusOr<std::unique_ptr<Sessions>> Sessions::open(sojourn::StoreOptions options) {
  auto state = std::make_unique<State>();
  auto store = sojourn::Store::open(state->completions.get_executor(), std::move(options));
  if (!store.ok()) return store.status();
  state->store.emplace(*std::move(store));
  return std::unique_ptr<Sessions>(new Sessions(std::move(state)));
}

Sessions::Sessions(std::unique_ptr<State> state) : state_(std::move(state)) {}

Sessions::~Sessions() = default;

std::optional<absl::StatusOr<sojourn::Session>> Sessions::get_local(
    const sojourn::SessionId& id) const {
  return state_->store->get_local(id, kRead);
}

void Sessions::get(const sojourn::SessionId& id, SessionHandler done) {
  state_->store->async_get(id, kRead, std::move(done));
}

void Sessions::create(sojourn::NewSession session, SessionHandler done) {
  state_->store->async_create(std::move(session), kWrite, std::move(done));
}

void Sessions::revoke(const sojourn::SessionId& id, StatusHandler done) {
  state_->store->async_revoke(id, kWrite, std::move(done));
}

void Sessions::drain(StatusHandler done) { state_->store->async_drain(std::move(done)); }

std::string Sessions::owner_of(const sojourn::SessionId& id) const {
  return state_->store->owner_of(id);
}

bool Sessions::takes_requests() const {
  const sojourn::Health health = state_->store->health();
  return health.ready && !health.leaving;
}

}  // namespace beast_example
