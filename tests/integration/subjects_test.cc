// All sessions of a user, over real loopback connections: what "your sessions", "sign out
// everywhere" and a limit of sessions do, asked of any member.

#include <algorithm>
#include <asio/use_future.hpp>
#include <future>
#include <set>
#include <string>
#include <vector>

#include "integration/cluster.h"
#include "support/catch.h"

namespace sojourn {
namespace {

using namespace std::chrono_literals;

constexpr ListOptions kPatientList{.timeout = 10s, .limit = 1000};
constexpr RevokeOptions kPatientRevoke{.timeout = 10s};

std::set<std::string> ids_of(const SessionPage& page) {
  std::set<std::string> ids;
  for (const Session& session : page.sessions) ids.emplace(session.id().text());
  return ids;
}

std::set<std::string> list(SyncStore& store, const std::string& subject) {
  const auto page = store.list(subject, kPatientList);
  REQUIRE(page.ok());
  REQUIRE_FALSE(page->next);
  return ids_of(*page);
}

using Login = std::future<absl::StatusOr<Session>>;

// So many logins of one user at once, at all members in turn: new sessions, and logins in progress
// that are authenticated, half of which keep their ids.
std::vector<Login> log_in_at_once(Cluster& cluster, std::size_t count, const std::string& subject) {
  constexpr auto kLong = 60s;
  std::vector<SessionId> in_progress;
  for (std::size_t i = 0; i < count / 2; ++i) {
    const auto login = cluster[i % cluster.size()].create(NewSession(), kPatient);
    REQUIRE(login.ok());
    in_progress.push_back(login->id());
  }
  std::vector<Login> logins;
  for (std::size_t i = 0; i < count; ++i) {
    Store& store = cluster[(i / 2) % cluster.size()].store();
    if (i % 2 == 0) {
      logins.push_back(store.async_create(NewSession(subject), WriteOptions{.timeout = kLong},
                                          asio::use_future));
    } else {
      logins.push_back(store.async_authenticate(
          in_progress[i / 2], subject, Patch(),
          AuthenticateOptions{.timeout = kLong, .keep_id = i % 4 == 1}, asio::use_future));
    }
  }
  return logins;
}

TEST_CASE("a user's sessions are listed, counted and ended through any member", "[integration]") {
  Cluster cluster(3);
  std::set<std::string> of_ana;
  for (std::size_t i = 0; i < 12; ++i) {
    auto session = cluster[i % 3].create(NewSession("ana"), kPatient);
    REQUIRE(session.ok());
    of_ana.emplace(session->id().text());
  }
  auto of_bob = cluster[0].create(NewSession("bob"), kPatient);
  REQUIRE(of_bob.ok());

  for (std::size_t i = 0; i < cluster.size(); ++i) {
    CHECK(list(cluster[i], "ana") == of_ana);
    CHECK(*cluster[i].count("ana", kPatientRead) == 12);
    CHECK(*cluster[i].count("eve", kPatientRead) == 0);
  }
  const SessionId here = *SessionId::parse(*of_ana.begin());
  CHECK(*cluster[1].revoke_all("ana", {.timeout = 10s, .except = here}) == 11);
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    CHECK(list(cluster[i], "ana") == std::set<std::string>{*of_ana.begin()});
    for (const std::string& id : of_ana) {
      const auto seen = cluster[i].get(*SessionId::parse(id), kPatientRead);
      CHECK(seen.ok() == (id == here.text()));
    }
  }
  CHECK(cluster[2].not_before("ana", kPatient).ok());
  CHECK(absl::IsNotFound(cluster[0].get(here, kPatientRead).status()));
  CHECK(cluster[0].get(of_bob->id(), kPatientRead).ok());
}

TEST_CASE("the pages of a user's sessions follow each other", "[integration]") {
  Cluster cluster(3);
  std::set<std::string> all;
  for (std::size_t i = 0; i < 25; ++i) {
    auto session = cluster[i % 3].create(NewSession("ana"), kPatient);
    REQUIRE(session.ok());
    all.emplace(session->id().text());
  }

  std::vector<std::string> seen;
  ListOptions options = {.timeout = 10s, .limit = 7};
  do {
    const auto page = cluster[1].list("ana", options);
    REQUIRE(page.ok());
    REQUIRE(page->sessions.size() <= 7);
    for (const Session& session : page->sessions) seen.emplace_back(session.id().text());
    options.after = page->next;
  } while (options.after);

  CHECK(seen == std::vector<std::string>(all.begin(), all.end()));
}

TEST_CASE("sessions are found and ended by labels, which they keep", "[integration]") {
  Cluster cluster(3);
  auto login = cluster[0].create(NewSession().labelled("realm", "blue"), kPatient);
  REQUIRE(login.ok());
  auto session = cluster[1].authenticate(login->id(), "ana", Patch().labelled("client", "shop"),
                                         kPatientLogin);
  REQUIRE(session.ok());
  auto renewed = cluster[2].rotate(session->id(), {.timeout = 10s, .overlap = 30s});
  REQUIRE(renewed.ok());
  auto other = cluster[2].create(NewSession("bob").labelled("realm", "blue"), kPatient);
  REQUIRE(other.ok());

  CHECK(renewed->labels().size() == 2);
  CHECK(cluster[0].get(session->id(), kPatientRead)->labels().size() == 2);  // by the id of before
  CHECK(*cluster[0].count_labelled("realm", "blue", kPatientRead) == 2);
  const auto of_shop = cluster[1].list_labelled("client", "shop", kPatientList);
  REQUIRE(of_shop.ok());
  CHECK(ids_of(*of_shop) == std::set<std::string>{std::string(renewed->id().text())});
  CHECK(*cluster[2].revoke_labelled("client", "shop", kPatientRevoke) == 1);
  CHECK(absl::IsNotFound(cluster[0].get(session->id(), kPatientRead).status()));
  CHECK(*cluster[1].count_labelled("realm", "blue", kPatientRead) == 1);
  CHECK(absl::IsInvalidArgument(
      cluster[0].patch(other->id(), Patch().labelled("client", "shop"), kPatient).status()));
}

TEST_CASE("of 100 logins at once through four members exactly as many succeed as may",
          "[integration]") {
  constexpr std::uint32_t kLimit = 5;
  Cluster cluster(4, [](StoreOptions& options) {
    options.sessions_per_subject = {.maximum = kLimit, .when_full = WhenFull::kRefuseNew};
  });
  std::vector<Login> logins = log_in_at_once(cluster, 100, "ana");

  std::set<std::string> succeeded;
  for (Login& login : logins) {
    const auto session = login.get();
    if (session.ok()) {
      succeeded.emplace(session->id().text());
    } else {
      CHECK(absl::IsResourceExhausted(session.status()));
    }
  }

  CHECK(succeeded.size() == kLimit);
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    CHECK(list(cluster[i], "ana") == succeeded);
    CHECK(*cluster[i].count("ana", kPatientRead) == kLimit);
  }
  // Others have places of their own, and one that becomes free can be taken, once.
  CHECK(cluster[3].create(NewSession("bob"), kPatient).ok());
  REQUIRE(cluster[0].revoke(*SessionId::parse(*succeeded.begin()), kPatient).ok());
  CHECK(cluster[1].create(NewSession("ana"), kPatient).ok());
  CHECK(absl::IsResourceExhausted(cluster[2].create(NewSession("ana"), kPatient).status()));
}

TEST_CASE("of 100 logins at once that may each end the oldest as many live as may",
          "[integration]") {
  constexpr std::uint32_t kLimit = 5;
  Cluster cluster(4, [](StoreOptions& options) {
    options.sessions_per_subject = {.maximum = kLimit, .when_full = WhenFull::kEndOldest};
  });
  std::vector<Login> logins = log_in_at_once(cluster, 100, "ana");

  std::set<std::string> all;
  for (Login& login : logins) {
    const auto session = login.get();
    REQUIRE(session.ok());
    all.emplace(session->id().text());
  }

  CHECK(all.size() == 100);
  const std::set<std::string> alive = list(cluster[0], "ana");
  CHECK(alive.size() == kLimit);
  CHECK(std::includes(all.begin(), all.end(), alive.begin(), alive.end()));
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    CHECK(*cluster[i].count("ana", kPatientRead) == kLimit);
    for (const std::string& id : all) {
      const auto seen = cluster[i].get(*SessionId::parse(id), kPatientRead);
      CHECK(seen.ok() == alive.contains(id));
    }
  }
  const auto newest = cluster[2].create(NewSession("ana"), kPatient);
  REQUIRE(newest.ok());
  const std::set<std::string> then = list(cluster[1], "ana");
  CHECK(then.size() == kLimit);
  CHECK(then.contains(std::string(newest->id().text())));
}

}  // namespace
}  // namespace sojourn
