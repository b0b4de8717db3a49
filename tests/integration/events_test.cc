// Subscriptions, over real connections and threads: several stores in one process.

#include <algorithm>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sojourn/store.h"
#include "sojourn/sync_store.h"
#include "support/catch.h"
#include "support/comes_true.h"
#include "support/ports.h"

namespace sojourn {
namespace {

using namespace std::chrono_literals;

constexpr WriteOptions kPatient{.timeout = 10s};

std::vector<std::unique_ptr<SyncStore>> open_cluster(int count, std::uint32_t copies = 2,
                                                     SubjectLimit limit = {}) {
  const std::vector<int> ports = support::free_ports(count);
  StoreOptions options;
  for (int i = 0; i < count; ++i) {
    const auto place = static_cast<std::size_t>(i);
    options.members.push_back({.name = "auth-" + std::to_string(i),
                               .address = "127.0.0.1:" + std::to_string(ports[place])});
  }
  options.insecure = true;
  options.segments = 64;
  options.copies = copies;
  options.sessions_per_subject = limit;
  options.log = std::make_shared<LogSink>([](const LogRecord&) {});
  std::vector<std::unique_ptr<SyncStore>> stores;
  for (const MemberOptions& member : options.members) {
    options.name = member.name;
    auto store = SyncStore::open(options);
    REQUIRE(store.ok());
    stores.push_back(std::make_unique<SyncStore>(*std::move(store)));
  }
  for (const auto& store : stores) REQUIRE(store->wait_ready(30s).ok());
  return stores;
}

// Writes down what it is told, on any thread.
class Listener {
 public:
  auto handler() {
    return [this](const Event& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      news_.notify_all();
    };
  }

  bool wait_until(const std::function<bool(const std::vector<Event>&)>& is_so) {
    std::unique_lock lock(mutex_);
    return news_.wait_for(lock, 30s, [&] { return is_so(events_); });
  }
  bool wait_for(EventKind kind, std::size_t count = 1) {
    return wait_until([&](const std::vector<Event>& events) {
      return static_cast<std::size_t>(
                 std::count_if(events.begin(), events.end(),
                               [&](const Event& event) { return event.kind == kind; })) >= count;
    });
  }
  std::vector<Event> events() {
    const std::lock_guard lock(mutex_);
    return events_;
  }
  std::vector<Event> events_of(const SessionId& id) {
    std::vector<Event> events = this->events();
    std::erase_if(events, [&](const Event& event) { return event.session != id; });
    return events;
  }

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<Event> events_;
};

TEST_CASE("what happens to a session is told in order, where it is owned, whoever asked for it",
          "[integration][events]") {
  auto stores = open_cluster(3);
  std::vector<Listener> listeners(3);
  std::vector<Subscription> subscriptions;
  for (std::size_t i = 0; i < 3; ++i) {
    subscriptions.push_back(stores[i]->subscribe(listeners[i].handler()));
  }

  auto login = stores[0]->create(NewSession(), kPatient);
  REQUIRE(login.ok());
  auto session = stores[1]->authenticate(login->id(), "ana", {}, {.timeout = 10s});
  REQUIRE(session.ok());
  REQUIRE(stores[2]->patch(session->id(), Patch().set("role", "admin"), kPatient).ok());
  auto renewed = stores[0]->rotate(session->id(), {.timeout = 10s});
  REQUIRE(renewed.ok());
  REQUIRE(stores[1]->revoke(renewed->id(), kPatient).ok());

  REQUIRE(listeners[0].wait_for(EventKind::kRevoked));
  const std::vector<Event> events = listeners[0].events();
  std::vector<EventKind> kinds;
  std::set<std::string> ids;
  for (const Event& event : events) {
    kinds.push_back(event.kind);
    ids.insert(event.id);
  }
  REQUIRE(kinds == std::vector{EventKind::kCreated, EventKind::kAuthenticated, EventKind::kChanged,
                               EventKind::kRotated, EventKind::kRevoked});
  CHECK(ids.size() == 5);
  CHECK(events[0].phase == Phase::kLogin);
  CHECK(events[1].phase == Phase::kActive);
  CHECK(events[1].subject == "ana");
  CHECK(events[1].previous_session == login->id());
  CHECK(events[3].previous_session == session->id());
  CHECK(events[3].version == renewed->version());
  CHECK(events[4].session == renewed->id());
  CHECK(events[4].subject == "ana");
  CHECK(events[4].reason == RevokeReason::kRequested);
  CHECK(listeners[1].events().empty());
  CHECK(listeners[2].events().empty());
}

TEST_CASE("a session that ends by itself is told to have expired", "[integration][events]") {
  auto stores = open_cluster(2);
  Listener listener;
  const Subscription subscription = stores[0]->subscribe(listener.handler());
  auto made = stores[0]->create(NewSession("ana").lasting({1s, 1s}), kPatient);
  REQUIRE(made.ok());

  REQUIRE(listener.wait_for(EventKind::kExpired));
  CHECK(listener.events().back().session == made->id());
  CHECK(listener.events().back().subject == "ana");
}

TEST_CASE("why a session was revoked is told", "[integration][events]") {
  auto stores = open_cluster(3, 2, {.maximum = 1, .when_full = WhenFull::kEndOldest});
  Listener listener;
  std::vector<Subscription> subscriptions;
  for (const auto& store : stores) subscriptions.push_back(store->subscribe(listener.handler()));
  const auto reason_of = [&](const SessionId& id) {
    const auto is_revoked = [&](const Event& event) {
      return event.kind == EventKind::kRevoked && event.session == id;
    };
    REQUIRE(listener.wait_until([&](const std::vector<Event>& events) {
      return std::any_of(events.begin(), events.end(), is_revoked);
    }));
    const std::vector<Event> events = listener.events_of(id);
    return std::find_if(events.begin(), events.end(), is_revoked)->reason;
  };

  auto oldest = stores[0]->create(NewSession("ana"), kPatient);
  REQUIRE(oldest.ok());
  auto of_ana = stores[1]->create(NewSession("ana"), kPatient);
  REQUIRE(of_ana.ok());
  auto of_bob = stores[2]->create(NewSession("bob").labelled("app", "mail"), kPatient);
  REQUIRE(of_bob.ok());
  auto login = stores[0]->create(NewSession().in_tab("t1"), kPatient);
  REQUIRE(login.ok());
  REQUIRE(stores[2]->revoke_all("ana", {.timeout = 10s}).ok());
  REQUIRE(stores[0]->revoke_labelled("app", "mail", {.timeout = 10s}).ok());
  REQUIRE(stores[1]->erase_tab(login->id(), "t1", kPatient).ok());

  CHECK(reason_of(oldest->id()) == RevokeReason::kLimit);
  CHECK(reason_of(of_ana->id()) == RevokeReason::kSubject);
  CHECK(reason_of(of_bob->id()) == RevokeReason::kLabel);
  CHECK(reason_of(login->id()) == RevokeReason::kLastTab);
}

TEST_CASE("a slow subscriber slows nobody, and learns what it missed", "[integration][events]") {
  auto stores = open_cluster(1);
  Listener listener;
  // Nothing runs until it is told to.
  asio::io_context context;
  const Subscription subscription = stores[0]->store().subscribe(
      asio::bind_executor(context.get_executor(), listener.handler()), {.queue_max = 10});

  for (int i = 0; i < 100; ++i) REQUIRE(stores[0]->create(NewSession("ana"), kPatient).ok());
  CHECK(subscription.missed() == 90);
  CHECK(stores[0]->store().metrics().events_missed == 90);
  CHECK(stores[0]->store().metrics().events_delivered == 0);
  context.run();

  REQUIRE(listener.events().size() == 11);
  CHECK(listener.events().back().kind == EventKind::kMissed);
  CHECK(listener.events().back().missed == 90);
  CHECK(stores[0]->store().metrics().events_waiting == 0);
}

TEST_CASE("who has subscribed keeps what is written from that moment on", "[integration][events]") {
  auto stores = open_cluster(2);
  // With this one no event counts as delivered.
  asio::io_context stopped;
  const Subscription never = stores[0]->store().subscribe(
      asio::bind_executor(stopped.get_executor(), [](const Event&) {}));
  const auto kept = [&] { return stores[1]->store().metrics().events_kept; };

  for (int i = 0; i < 25; ++i) {
    {
      const Subscription subscription = stores[1]->subscribe([](const Event&) {});
      REQUIRE(stores[0]->create(NewSession("ana"), kPatient).ok());
      REQUIRE(support::comes_true([&] { return kept() > 0; }));
    }
    REQUIRE(support::comes_true([&] { return kept() == 0; }));
  }
}

TEST_CASE("what an owner did not deliver before it was gone the next one does",
          "[integration][events]") {
  auto stores = open_cluster(3);
  Listener delivered;
  Listener never;
  Listener others;
  asio::io_context stopped;
  std::vector<Subscription> subscriptions;
  subscriptions.push_back(stores[0]->subscribe(delivered.handler()));
  subscriptions.push_back(stores[1]->subscribe(others.handler()));
  subscriptions.push_back(stores[2]->subscribe(others.handler()));
  // With this one no event counts as delivered.
  subscriptions.push_back(
      stores[0]->store().subscribe(asio::bind_executor(stopped.get_executor(), never.handler())));
  auto made = stores[0]->create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());
  REQUIRE(stores[0]->patch(made->id(), Patch().set("a", "1"), kPatient).ok());
  REQUIRE(delivered.wait_for(EventKind::kChanged));

  stores[0].reset();
  REQUIRE(others.wait_until([&](const std::vector<Event>& events) {
    return std::count_if(events.begin(), events.end(),
                         [&](const Event& event) { return event.session == made->id(); }) == 2;
  }));

  const std::vector<Event> repeated = others.events_of(made->id());
  const std::vector<Event> first = delivered.events_of(made->id());
  REQUIRE(first.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(repeated[i].id == first[i].id);
    CHECK(repeated[i].kind == first[i].kind);
  }
  CHECK(never.events().empty());
}

TEST_CASE("each member tells of new views, new owners and losses", "[integration][events]") {
  auto stores = open_cluster(3, 1);
  Listener listener;
  const Subscription subscription = stores[1]->subscribe(listener.handler());
  auto made = stores[0]->create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());

  stores[0].reset();
  REQUIRE(listener.wait_for(EventKind::kLost));
  REQUIRE(listener.wait_for(EventKind::kOwnerChanged));

  const std::vector<Event> events = listener.events();
  CHECK(events[0].kind == EventKind::kViewChanged);
  CHECK(events[0].view->members.size() == 2);
  CHECK(events[0].view_before->members.size() == 3);
  CHECK(events[1].kind == EventKind::kLost);
  CHECK(events[1].concerns(made->id()));
  CHECK(events[2].kind == EventKind::kOwnerChanged);
  CHECK(events[2].concerns(made->id()));
  CHECK(events[2].owner_changes.front().from == "auth-0");
}

TEST_CASE("a handler may call the store, and may end its subscription", "[integration][events]") {
  auto stores = open_cluster(1);
  SyncStore& store = *stores[0];
  Subscription subscription;
  std::promise<absl::Status> revoked;
  subscription = store.subscribe([&](const Event& event) {
    if (event.kind != EventKind::kCreated) return;
    absl::Status status = store.revoke(*event.session, kPatient);
    subscription = {};
    revoked.set_value(std::move(status));
  });

  REQUIRE(store.create(NewSession("ana"), kPatient).ok());

  CHECK(revoked.get_future().get().ok());
  CHECK(store.create(NewSession("ana"), kPatient).ok());
}

TEST_CASE("a store may be closed while its events are delivered", "[integration][events]") {
  for (int i = 0; i < 5; ++i) {
    auto stores = open_cluster(2);
    Listener listener;
    Subscription early = stores[0]->subscribe(listener.handler());
    Subscription late = stores[1]->subscribe(listener.handler());
    for (int j = 0; j < 50; ++j) {
      REQUIRE(stores[j % 2]->create(NewSession("ana"), kPatient).ok());
    }
    if (i % 2 == 0) early = {};
    stores.clear();
    const std::size_t told = listener.events().size();
    std::this_thread::yield();
    CHECK(listener.events().size() == told);
  }
}

}  // namespace
}  // namespace sojourn
