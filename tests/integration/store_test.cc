// The public API over real loopback connections: several stores in one process, each with threads
// and sockets of its own.

#include "sojourn/store.h"

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <thread>

#include "integration/cluster.h"
#include "sojourn/cookie.h"
#include "sojourn/sync_store.h"
#include "support/catch.h"
#include "support/ports.h"

#if defined(ASIO_HAS_CO_AWAIT)
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#endif

namespace sojourn {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a login at one member is seen by every other at once", "[integration]") {
  Cluster cluster(3);

  for (std::size_t at = 0; at < cluster.size(); ++at) {
    auto made = cluster[at].create(NewSession("ana").with("role", "admin"), kPatient);
    REQUIRE(made.ok());
    for (std::size_t i = 0; i < cluster.size(); ++i) {
      auto seen = cluster[i].get(made->id(), kPatientRead);
      REQUIRE(seen.ok());
      CHECK(seen->subject() == "ana");
      CHECK(seen->attribute("role") == "admin");
      CHECK(seen->version() == made->version());
    }
  }
}

TEST_CASE("a session is created where it is asked for", "[integration]") {
  Cluster cluster(3);

  for (std::size_t i = 0; i < cluster.size(); ++i) {
    auto made = cluster[i].create(NewSession("ana"), kPatient);
    REQUIRE(made.ok());
    CHECK(cluster[0].store().owner_of(made->id()) == cluster.members()[i].name);
    CHECK(cluster[i].store().get_local(made->id()));
  }
}

TEST_CASE("a login becomes a session under a new id with the same owner", "[integration]") {
  Cluster cluster(3);
  auto login = cluster[0].create(NewSession().with("next", "/app"), kPatient);
  REQUIRE(login.ok());

  auto session =
      cluster[1].authenticate(login->id(), "ana", Patch().set("role", "user"), kPatientLogin);

  REQUIRE(session.ok());
  CHECK(session->phase() == Phase::kActive);
  CHECK(session->attribute("next") == "/app");
  CHECK(session->id() != login->id());
  CHECK(cluster[2].store().owner_of(session->id()) == cluster[2].store().owner_of(login->id()));
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    CHECK(absl::IsNotFound(cluster[i].get(login->id(), kPatientRead).status()));
  }
  CHECK(absl::IsNotFound(cluster[1].authenticate(login->id(), "eve", {}, kPatientLogin).status()));
  CHECK(absl::IsFailedPrecondition(
      cluster[1].authenticate(session->id(), "eve", {}, kPatientLogin).status()));
}

TEST_CASE("tabs of one login do not disturb each other, whichever members they come to",
          "[integration]") {
  Cluster cluster(3);
  auto login = cluster[0].create(NewSession().in_tab("t1").with("client", "shop"), kPatient);
  REQUIRE(login.ok());
  CHECK(explain(*login).by == EndsBy::kAbsolute);
  CHECK(explain(*login).at == login->created_at() + 30min);

  REQUIRE(cluster[1].patch(login->id(), Patch().in_tab("t2").set("client", "mail"), kPatient).ok());
  auto both = cluster[2].patch(login->id(), Patch().in_tab("t1").set("step", "otp"), kPatient);
  REQUIRE(both.ok());
  CHECK(both->tabs() == std::vector<Tab>{{"t2", {{"client", "mail"}}},
                                         {"t1", {{"client", "shop"}, {"step", "otp"}}}});

  CHECK(cluster[1].erase_tab(login->id(), "t1", kPatient).ok());
  CHECK(cluster[0].erase_tab(login->id(), "t2", kPatient).ok());
  CHECK(absl::IsNotFound(cluster[1].get(login->id(), kPatientRead).status()));
}

TEST_CASE("a session lasts as its user asked, or as long as its server says", "[integration]") {
  Cluster cluster(2);
  auto login = cluster[0].create(NewSession(), kPatient);
  REQUIRE(login.ok());

  auto session = cluster[1].authenticate(login->id(), "ana", {},
                                         {.timeout = 10s, .remembered = true, .keep_id = true});
  REQUIRE(session.ok());
  CHECK(session->id() == login->id());
  CHECK(session->is_remembered());
  CHECK(session->lifetime() == Lifetime{24h * 7, 24h * 30});
  CHECK(explain(*session).by == EndsBy::kIdle);

  auto renewed = cluster[0].rotate(session->id(), {.timeout = 10s, .overlap = 60s});
  REQUIRE(renewed.ok());
  auto by_alias = cluster[1].get(session->id(), kPatientRead);
  REQUIRE(by_alias.ok());
  CHECK(by_alias->is_alias());
  CHECK(explain(*by_alias).by == EndsBy::kAlias);
  CHECK_FALSE(renewed->is_alias());
  auto shortened = cluster[1].patch(renewed->id(), Patch().ends_within(1h), kPatient);
  REQUIRE(shortened.ok());
  CHECK(explain(*shortened).by == EndsBy::kShortened);
  CHECK(cluster[1].revoke(session->id(), kPatient).ok());
  CHECK(absl::IsNotFound(cluster[0].get(renewed->id(), kPatientRead).status()));

  const Lifetime own = {5min, 1h};
  CHECK(cluster[0].create(NewSession("ana").remembered().lasting(own), kPatient)->lifetime() ==
        own);
  auto second = cluster[0].create(NewSession(), kPatient);
  CHECK(cluster[1]
            .authenticate(second->id(), "ana", {}, {.timeout = 10s, .lifetime = own})
            ->lifetime() == own);
}

TEST_CASE("200 patches at the same time through four members lose nothing", "[integration]") {
  Cluster cluster(4);
  auto made = cluster[0].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());

  std::vector<std::future<absl::StatusOr<Session>>> patches;
  for (std::size_t i = 0; i < 200; ++i) {
    Patch patch = Patch().set("n" + std::to_string(i % 50), std::to_string(i));
    patches.push_back(cluster[i % 4].store().async_patch(
        made->id(), std::move(patch), WriteOptions{.timeout = 30s}, asio::use_future));
  }

  for (std::size_t i = 0; i < 200; ++i) {
    const auto patched = patches[i].get();
    REQUIRE(patched.ok());
    CHECK(patched->attribute("n" + std::to_string(i % 50)) == std::to_string(i));
  }
  CHECK(cluster[3].get(made->id(), kPatientRead)->attributes().size() == 50);
}

TEST_CASE("every verb works through any member", "[integration]") {
  Cluster cluster(3);
  for (std::size_t owner = 0; owner < cluster.size(); ++owner) {
    for (std::size_t i = 0; i < cluster.size(); ++i) {
      SyncStore& through = cluster[i];
      auto made = cluster[owner].create(NewSession("ana").with("a", "1"), kPatient);
      REQUIRE(made.ok());

      auto patched = through.patch(made->id(), Patch().set("b", "2"), kPatient);
      REQUIRE(patched.ok());
      CHECK(patched->version() > made->version());

      Session stale = *made;
      stale.set("a", "stale");
      CHECK(absl::IsAborted(through.update(stale, kPatient).status()));
      patched->set("a", "3");
      auto updated = through.update(*patched, kPatient);
      REQUIRE(updated.ok());
      CHECK(updated->attribute("a") == "3");
      CHECK(updated->attribute("b") == "2");

      CHECK(through.touch(made->id(), kPatientRead).ok());
      auto rotated = through.rotate(made->id(), {.timeout = 10s});
      REQUIRE(rotated.ok());
      CHECK(absl::IsNotFound(through.touch(made->id(), kPatientRead)));

      CHECK(through.revoke(rotated->id(), kPatient).ok());
      CHECK(through.revoke(rotated->id(), kPatient).ok());
      for (std::size_t j = 0; j < cluster.size(); ++j) {
        CHECK(absl::IsNotFound(cluster[j].get(rotated->id(), kPatientRead).status()));
      }
    }
  }
}

TEST_CASE("200 parallel patches from all members lose no update", "[integration]") {
  Cluster cluster(3);
  auto made = cluster[0].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());

  std::vector<std::future<absl::StatusOr<Session>>> patches;
  for (int i = 0; i < 200; ++i) {
    // Ten attributes, each set by twenty.
    patches.push_back(cluster[i % 3].store().async_patch(
        made->id(), Patch().set("name" + std::to_string(i % 10), std::to_string(i)), kPatient,
        asio::use_future));
  }
  std::set<std::uint64_t> sequences;
  for (auto& patch : patches) {
    auto session = patch.get();
    REQUIRE(session.ok());
    sequences.insert(session->version().sequence);
  }

  CHECK(sequences.size() == 200);
  auto last = cluster[1].get(made->id(), kPatientRead);
  REQUIRE(last.ok());
  CHECK(last->attributes().size() == 10);
}

TEST_CASE("an expired session is not found, and leaves no memory behind", "[integration]") {
  Cluster cluster(2);
  auto made = cluster[0].create(NewSession("ana").lasting({1s, 1h}), kPatient);
  REQUIRE(made.ok());

  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (cluster[1].get(made->id(), {.timeout = 10s, .touch = false}).ok()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
  }
  const auto held = [&] {
    return cluster[0].store().metrics().sessions_active +
           cluster[1].store().metrics().sessions_active;
  };
  while (held() != 0) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
  CHECK(absl::IsNotFound(cluster[0].get(made->id(), kPatientRead).status()));
}

TEST_CASE("a member whose owner is gone says unavailable, never not found", "[integration]") {
  Cluster cluster(3);
  auto made = cluster[2].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());

  cluster.close(2);

  const absl::Status status = cluster[0].get(made->id(), {.timeout = 300ms}).status();
  INFO(status);
  CHECK((absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)));
}

TEST_CASE("a session outlives the member that owned it, and the restart of its name",
          "[integration]") {
  Cluster cluster(3);
  auto made = cluster[2].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());
  cluster.close(2);

  const auto survivor = cluster[0].get(made->id(), kPatientRead);
  INFO(survivor.status());
  REQUIRE(survivor.ok());
  CHECK(survivor->subject() == "ana");

  auto again = SyncStore::open(options_of(cluster.members(), 2));
  REQUIRE(again.ok());
  REQUIRE(again->wait_ready(20s).ok());
  CHECK(again->get(made->id(), kPatientRead).ok());
}

TEST_CASE("a drained member takes nothing with it, and its name may come back", "[integration]") {
  Cluster cluster(3);
  auto made = cluster[2].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());

  const absl::Status drained = cluster[2].drain({.timeout = 20s});

  INFO(drained);
  REQUIRE(drained.ok());
  CHECK(cluster[2].store().health().left);
  CHECK(absl::IsUnavailable(cluster[2].create(NewSession("bob"), kPatient).status()));
  CHECK(cluster[0].store().owner_of(made->id()) != "auth-2");
  CHECK(cluster[0].get(made->id(), kPatientRead).ok());
  cluster.close(2);
  auto again = SyncStore::open(options_of(cluster.members(), 2));
  REQUIRE(again.ok());
  REQUIRE(again->wait_ready(20s).ok());
  CHECK(again->get(made->id(), kPatientRead).ok());
}

TEST_CASE("calls before the first view wait for it within their time", "[integration]") {
  const auto members = loopback_members(2);
  auto alone = SyncStore::open(options_of(members, 0));
  REQUIRE(alone.ok());

  const absl::Status status = alone->create(NewSession("ana"), {.timeout = 100ms}).status();

  CHECK(absl::IsUnavailable(status));
  CHECK(status.message().find("auth-1") != std::string::npos);
}

// Completion tokens.

TEST_CASE("closing the store completes what is unfinished with cancelled", "[integration]") {
  const auto members = loopback_members(2);
  asio::thread_pool pool(1);
  auto store = Store::open(pool.get_executor(), options_of(members, 0));
  REQUIRE(store.ok());
  std::vector<std::future<absl::StatusOr<Session>>> calls;
  for (int i = 0; i < 10; ++i) {
    calls.push_back(store->async_create(NewSession("ana"), {.timeout = 1h}, asio::use_future));
  }
  std::future<absl::Status> ready = store->async_ready(asio::use_future);

  { Store closing = *std::move(store); }

  for (auto& call : calls) CHECK(absl::IsCancelled(call.get().status()));
  CHECK(absl::IsCancelled(ready.get()));
}

TEST_CASE("handlers run once, never inside the call, on their own executor", "[integration]") {
  Cluster cluster(2);
  asio::io_context context;
  auto strand = asio::make_strand(context);
  auto made = cluster[1].create(NewSession("ana"), kPatient);
  REQUIRE(made.ok());

  int local = 0;
  int remote = 0;
  bool inside = true;
  const auto handler = [&](int& count) {
    return asio::bind_executor(strand, [&](absl::StatusOr<Session> session) {
      CHECK(session.ok());
      CHECK_FALSE(inside);
      CHECK(strand.running_in_this_thread());
      ++count;
    });
  };
  for (int i = 0; i < 100; ++i) {
    inside = true;
    cluster[1].store().async_get(made->id(), kPatientRead, handler(local));
    cluster[0].store().async_get(made->id(), kPatientRead, handler(remote));
    inside = false;
    // The context is kept running by the calls until both handlers have run.
    context.run();
    context.restart();
  }
  CHECK(local == 100);
  CHECK(remote == 100);
}

TEST_CASE(
    "handlers on the store's own executor may each make the next call, and never run inside one",
    "[integration]") {
  constexpr int kCalls = 5'000;
  constexpr int kCallers = 8;
  // Alone, where each call ends within the step that begins it; and with a backup.
  const auto members = loopback_members(GENERATE(1, 2));
  std::vector<Store> stores;
  for (std::size_t i = 0; i < members.size(); ++i) {
    auto store = Store::open(options_of(members, i));
    REQUIRE(store.ok());
    stores.push_back(*std::move(store));
  }
  for (Store& store : stores) REQUIRE(store.async_ready(asio::use_future).get().ok());
  std::atomic<int> left{kCalls};
  std::atomic<int> failed{0};
  std::latch ended(kCallers);
  thread_local int depth = 0;

  const auto call = [&](const auto& again) -> void {
    if (left.fetch_sub(1) <= 0) return ended.count_down();
    ++depth;
    stores[0].async_create(NewSession("ana"), kPatient, [&, again](absl::StatusOr<Session> made) {
      if (!made.ok() || depth != 0) ++failed;
      again(again);
    });
    --depth;
  };
  for (int i = 0; i < kCallers; ++i) call(call);
  ended.wait();

  CHECK(failed == 0);
}

TEST_CASE("a plain callback runs on the executor given to open", "[integration]") {
  const auto members = loopback_members(1);
  asio::io_context context;
  auto store = Store::open(context.get_executor(), options_of(members, 0));
  REQUIRE(store.ok());
  const auto here = std::this_thread::get_id();
  bool done = false;

  store->async_create(NewSession("ana"), kPatient, [&](absl::StatusOr<Session> session) {
    CHECK(session.ok());
    CHECK(std::this_thread::get_id() == here);
    done = true;
  });
  context.run();

  CHECK(done);
}

TEST_CASE("a call may outlive the store's being moved", "[integration]") {
  const auto members = loopback_members(1);
  asio::thread_pool pool(1);
  auto opened = Store::open(pool.get_executor(), options_of(members, 0));
  REQUIRE(opened.ok());

  auto future = opened->async_create(NewSession("ana"), kPatient, asio::use_future);
  Store moved = *std::move(opened);

  CHECK(future.get().ok());
}

TEST_CASE("companions are the same through every member, and no sessions", "[integration]") {
  Cluster cluster(3);

  for (std::size_t i = 0; i < cluster.size(); ++i) {
    const std::string name = "name-" + std::to_string(i);
    SyncStore& here = cluster[i];
    SyncStore& there = cluster[(i + 1) % 3];
    SyncStore& elsewhere = cluster[(i + 2) % 3];

    REQUIRE(here.put_once(name, "value", 60s, kPatient).ok());
    CHECK(absl::IsAborted(there.put_once(name, "other", 60s, kPatient)));
    CHECK(there.peek(name, kPatientRead).value() == "value");
    CHECK(elsewhere.take(name, kPatient).value() == "value");
    CHECK(absl::IsNotFound(here.take(name, kPatient).status()));
    CHECK(absl::IsNotFound(there.peek(name, kPatientRead).status()));

    CHECK(there.read_counter(name, kPatientRead).value() == Counter());
    CHECK(here.add(name, 2, 60s, kPatient)->count == 2);
    const absl::StatusOr<Counter> counter = there.add(name, 3, 3600s, kPatient);
    REQUIRE(counter.ok());
    CHECK(counter->count == 5);
    CHECK(counter->remaining > 0s);
    CHECK(counter->remaining <= 60s);
    CHECK(elsewhere.read_counter(name, kPatientRead)->count == 5);
    CHECK(elsewhere.reset_counter(name, kPatient).ok());
    CHECK(here.read_counter(name, kPatientRead)->count == 0);

    CHECK_FALSE(here.is_token_revoked(name, kPatientRead).value());
    REQUIRE(there.revoke_token(name, 60s, kPatient).ok());
    for (std::size_t j = 0; j < cluster.size(); ++j) {
      CHECK(cluster[j].is_token_revoked(name, kPatientRead).value());
    }
  }

  std::uint64_t revoked = 0;
  int local = 0;
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    const Metrics metrics = cluster[i].store().metrics();
    CHECK(metrics.sessions_login + metrics.sessions_active == 0);
    CHECK(metrics.reads_local_hit + metrics.reads_remote_hit + metrics.writes_local == 0);
    CHECK(metrics.companions_single_use + metrics.companions_counters == 0);
    CHECK(metrics.companion_calls_local + metrics.companion_calls_remote > 0);
    revoked += metrics.companions_revoked;
    for (std::size_t j = 0; j < cluster.size(); ++j) {
      const auto answer = cluster[i].store().is_token_revoked_local("name-" + std::to_string(j));
      if (answer) local += answer->value() ? 1 : 0;
    }
  }
  CHECK(revoked == 3 * 2);
  CHECK(local == 3);  // the owner of each answers at once, and nobody else
}

TEST_CASE("what is wrong with a companion is said at once", "[integration]") {
  Cluster cluster(1);
  const std::string too_long(kCompanionNameBytesMax + 1, 'n');

  CHECK(absl::IsInvalidArgument(cluster[0].put_once("", "value", 60s)));
  CHECK(absl::IsInvalidArgument(cluster[0].put_once("name", "value", 0s)));
  CHECK(absl::IsInvalidArgument(cluster[0].take(too_long).status()));
  CHECK(absl::IsInvalidArgument(cluster[0].add("name", 0, 60s).status()));
  CHECK(absl::IsInvalidArgument(cluster[0].is_token_revoked(too_long).status()));
  CHECK(absl::IsInvalidArgument(cluster[0].revoke_token("", 60s)));
}

#if defined(ASIO_HAS_CO_AWAIT)
asio::awaitable<void> login_and_logout(Store& a, Store& b, bool& done) {
  auto login = co_await a.async_create(NewSession(), kPatient, asio::use_awaitable);
  CHECK(login.ok());
  auto session = co_await b.async_authenticate(login->id(), "ana",
                                               Patch().set("device", "phone").erase("nothing"),
                                               kPatientLogin, asio::use_awaitable);
  CHECK(session.ok());
  auto seen = co_await a.async_get(session->id(), kPatientRead, asio::use_awaitable);
  CHECK(seen.ok());
  seen->set("device", "laptop");
  auto updated = co_await b.async_update(*seen, kPatient, asio::use_awaitable);
  CHECK(updated.ok());
  CHECK((co_await a.async_revoke(session->id(), kPatient, asio::use_awaitable)).ok());
  auto gone = co_await b.async_get(session->id(), kPatientRead, asio::use_awaitable);
  CHECK(absl::IsNotFound(gone.status()));
  done = true;
}

TEST_CASE("coroutines read like the story they tell", "[integration]") {
  Cluster cluster(2);
  asio::io_context context;
  bool done = false;

  asio::co_spawn(context, login_and_logout(cluster[0].store(), cluster[1].store(), done),
                 asio::detached);
  context.run();

  CHECK(done);
}
#endif

// Bounds and options.

TEST_CASE("at the memory bound new sessions are refused and old ones stay", "[integration]") {
  const auto members = loopback_members(1);
  StoreOptions options = options_of(members, 0);
  options.memory_bytes = std::size_t{2} << 20;
  auto store = SyncStore::open(options);
  REQUIRE(store.ok());
  REQUIRE(store->wait_ready(10s).ok());

  std::vector<SessionId> ids;
  absl::Status refused;
  while (ids.size() < 10000) {
    auto made = store->create(NewSession("ana").with("load", std::string(1000, 'x')), kPatient);
    if (!made.ok()) {
      refused = made.status();
      break;
    }
    ids.push_back(made->id());
  }

  CHECK(absl::IsResourceExhausted(refused));
  CHECK(ids.size() > 1000);
  CHECK(store->store().metrics().bytes <= options.memory_bytes);
  for (const SessionId& id : ids) CHECK(store->get(id).ok());
  REQUIRE(store->revoke(ids.front(), kPatient).ok());
  REQUIRE(store->revoke(ids.back(), kPatient).ok());
  CHECK(store->create(NewSession("ana").with("load", std::string(1000, 'x')), kPatient).ok());
}

TEST_CASE("calls beyond the bound of calls in flight are refused at once", "[integration]") {
  const auto members = loopback_members(2);
  asio::thread_pool pool(1);
  StoreOptions options = options_of(members, 0);
  options.calls_in_flight_max = 5;
  auto store = Store::open(pool.get_executor(), options);
  REQUIRE(store.ok());
  std::vector<std::future<absl::StatusOr<Session>>> waiting;
  for (int i = 0; i < 5; ++i) {
    waiting.push_back(store->async_create(NewSession("ana"), {.timeout = 1h}, asio::use_future));
  }

  const absl::Status refused =
      store->async_create(NewSession("ana"), {.timeout = 1h}, asio::use_future).get().status();

  CHECK(absl::IsResourceExhausted(refused));
  { Store closing = *std::move(store); }
  for (auto& call : waiting) CHECK(absl::IsCancelled(call.get().status()));
}

TEST_CASE("what is out of bounds is refused where it is asked for", "[integration]") {
  const auto members = loopback_members(1);
  auto store = SyncStore::open(options_of(members, 0));
  REQUIRE(store.ok());
  REQUIRE(store->wait_ready(10s).ok());
  auto made = store->create(NewSession("ana"));
  REQUIRE(made.ok());

  CHECK(absl::IsInvalidArgument(store->create(NewSession("")).status()));
  CHECK(absl::IsInvalidArgument(store->create(NewSession("ana").with("", "x")).status()));
  CHECK(absl::IsInvalidArgument(store->create(NewSession("ana").lasting({0s, 1h})).status()));
  CHECK(absl::IsInvalidArgument(
      store->patch(made->id(), Patch().set("a", std::string(16 * 1024 + 1, 'x'))).status()));
  CHECK(absl::IsInvalidArgument(store->authenticate(made->id(), "").status()));
  CHECK(absl::IsInvalidArgument(store->create(NewSession().in_tab("")).status()));
  CHECK(absl::IsInvalidArgument(store->create(NewSession("ana").in_tab("t1")).status()));
  CHECK(absl::IsInvalidArgument(store->create(NewSession().remembered()).status()));
  CHECK(absl::IsInvalidArgument(
      store->patch(made->id(), Patch().in_tab(std::string(65, 't'))).status()));
  CHECK(absl::IsInvalidArgument(store->patch(made->id(), Patch().ends_within(0s)).status()));
  CHECK(absl::IsInvalidArgument(store->erase_tab(made->id(), "")));
  CHECK(absl::IsInvalidArgument(
      store->authenticate(made->id(), "ana", Patch().in_tab("t1")).status()));
  CHECK(absl::IsInvalidArgument(
      store->authenticate(made->id(), "ana", {}, {.lifetime = Lifetime{0s, 1h}}).status()));
  CHECK(absl::IsInvalidArgument(store->rotate(made->id(), {.overlap = 61s}).status()));
  CHECK(absl::IsInvalidArgument(store->rotate(made->id(), {.overlap = -1s}).status()));
  Session large = *made;
  for (int i = 0; i < 65; ++i) large.set("name" + std::to_string(i), "x");
  CHECK(absl::IsResourceExhausted(store->update(large).status()));
}

TEST_CASE("a session's times are near the wall clock's", "[integration]") {
  const auto members = loopback_members(1);
  auto store = SyncStore::open(options_of(members, 0));
  REQUIRE(store.ok());
  REQUIRE(store->wait_ready(10s).ok());
  const auto before = std::chrono::system_clock::now();

  auto made = store->create(NewSession("ana").lasting({600s, 1h}));

  REQUIRE(made.ok());
  CHECK(made->created_at() >= before - 1s);
  CHECK(made->created_at() <= std::chrono::system_clock::now() + 1s);
  CHECK(made->expires_at() - made->created_at() == 600s);
}

TEST_CASE("each mistake in the options is named", "[integration]") {
  struct Row {
    void (*change)(StoreOptions&);
    std::string says;
  };
  const Row rows[] = {
      {[](StoreOptions& o) { o.cluster = "Upper"; }, "cluster: \"Upper\""},
      {[](StoreOptions& o) { o.name = "a.b"; }, "name: \"a.b\""},
      {[](StoreOptions& o) { o.name = "other"; }, "name: other is not in the list of members"},
      {[](StoreOptions& o) { o.members.clear(); }, "members: the list is empty"},
      {[](StoreOptions& o) { o.members.push_back(o.members[0]); }, "is listed twice"},
      {[](StoreOptions& o) { o.members[1].address = "nowhere"; }, "\"nowhere\" is not host:port"},
      {[](StoreOptions& o) { o.members[1].address = "h:99999"; }, "is not host:port"},
      {[](StoreOptions& o) { o.members[1].zone = "z z"; }, "members: auth-1: zone"},
      {[](StoreOptions& o) { o.copies = 0; }, "copies: 0"},
      {[](StoreOptions& o) { o.segments = 100; }, "segments: 100"},
      {[](StoreOptions& o) { o.session_lifetime.idle = 0s; }, "session_lifetime"},
      {[](StoreOptions& o) { o.memory_bytes = 1000; }, "memory_bytes"},
      {[](StoreOptions& o) { o.insecure = false; }, "insecure"},
      {[](StoreOptions& o) { o.members[0].address = "192.0.2.1:7701"; },
       "insecure_beyond_loopback"},
  };
  for (const Row& row : rows) {
    StoreOptions options = options_of(loopback_members(2), 0);
    row.change(options);
    const absl::Status status = SyncStore::open(options).status();
    INFO(row.says << " / " << status);
    CHECK(absl::IsInvalidArgument(status));
    CHECK(std::string(status.message()).find(row.says) != std::string::npos);
  }
}

}  // namespace
}  // namespace sojourn
