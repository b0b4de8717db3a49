#include "simulation/linearizability.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "simulation/session_model.h"
#include "support/catch.h"

namespace sojourn::simulation {
namespace {

using replication::Operation;
using replication::Verb;
using Kind = Verdict::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A small language for histories. Times are milliseconds, versions and values plain numbers, and a
// session has one attribute, x.

struct During {
  int from = 0;
  int to = 0;
};

Version v(std::uint64_t sequence) { return {1, sequence}; }

Call call(During during, Operation operation) {
  return {.client = "client",
          .called = Time(milliseconds(during.from)),
          .returned = Time(milliseconds(during.to)),
          .operation = std::move(operation),
          .status = absl::StatusCode::kOk};
}

SeenSession seen(std::string id, std::uint64_t version, std::string x = "") {
  SeenSession session = {.id = std::move(id), .version = v(version)};
  if (!x.empty()) session.attributes["x"] = std::move(x);
  return session;
}

SeenSession active(SeenSession session, std::string subject) {
  session.phase = Phase::kActive;
  session.subject = std::move(subject);
  return session;
}

Call answered(Call call, SeenSession session) {
  call.session = std::move(session);
  return call;
}

Call ended(Call call, absl::StatusCode status) {
  call.status = status;
  call.session.reset();
  return call;
}

Call absent(Call call) { return ended(std::move(call), absl::StatusCode::kNotFound); }
Call aborted(Call call) { return ended(std::move(call), absl::StatusCode::kAborted); }
Call timed_out(Call call) { return ended(std::move(call), absl::StatusCode::kDeadlineExceeded); }

Call never_answered(Call call) {
  call.returned = Time::max();
  return ended(std::move(call), absl::StatusCode::kUnknown);
}

Call create(During during, const std::string& id, std::uint64_t version) {
  return answered(call(during, {.verb = Verb::kCreate, .id = id}), seen(id, version));
}

Call get(During during, const std::string& id) {
  return call(during, {.verb = Verb::kGet, .id = id});
}

Call get(During during, const SeenSession& session) {
  return answered(get(during, session.id), session);
}

Call patch(During during, const std::string& id, const std::string& x, std::uint64_t version) {
  return answered(call(during, {.verb = Verb::kPatch, .id = id, .steps = {{"x", x}}}),
                  seen(id, version, x));
}

Call update(During during, const std::string& id, std::uint64_t expected, const std::string& x,
            std::uint64_t version) {
  return answered(call(during, {.verb = Verb::kUpdate,
                                .id = id,
                                .attributes = {{"x", x}},
                                .expected_version = v(expected)}),
                  seen(id, version, x));
}

Call rotate(During during, const std::string& id, SeenSession renamed) {
  return answered(call(during, {.verb = Verb::kRotate, .id = id}), std::move(renamed));
}

Call authenticate(During during, const std::string& id, SeenSession renamed) {
  const Call asked =
      call(during, {.verb = Verb::kAuthenticate, .id = id, .subject = renamed.subject});
  return answered(asked, std::move(renamed));
}

Call revoke(During during, const std::string& id) {
  return call(during, {.verb = Verb::kRevoke, .id = id});
}

void accepted(const History& history) {
  const Verdict verdict = check_linearizable(history);
  INFO(verdict.explanation);
  CHECK(verdict.kind == Kind::kLinearizable);
}

void refused(const History& history) {
  CHECK(check_linearizable(history).kind == Kind::kViolation);
}

TEST_CASE("a history in which each call sees the one before is accepted", "[linearizability]") {
  accepted({create({0, 1}, "a", 1), patch({2, 3}, "a", "1", 2), get({4, 5}, seen("a", 2, "1")),
            update({6, 7}, "a", 2, "2", 3), rotate({8, 9}, "a", seen("b", 4, "2")),
            absent(get({10, 11}, "a")), get({12, 13}, seen("b", 4, "2")), revoke({14, 15}, "b"),
            absent(get({16, 17}, "b"))});
}

Call rotate_with_overlap(During during, const std::string& id, SeenSession renamed) {
  Call rotation = rotate(during, id, std::move(renamed));
  rotation.operation.overlap = std::chrono::seconds(1);
  return rotation;
}

// What a read by that alias shows of the session.
SeenSession by_alias(SeenSession session, const std::string& alias) {
  session.id = session.alias_of = alias;
  return session;
}

TEST_CASE("an id that was given up with an overlap is read until its time is up, and no longer",
          "[linearizability]") {
  const History begin = {create({0, 1}, "a", 1), rotate_with_overlap({2, 3}, "a", seen("b", 2)),
                         patch({4, 5}, "b", "1", 3)};
  const auto with = [&](std::vector<Call> more) {
    History history = begin;
    history.insert(history.end(), more.begin(), more.end());
    return history;
  };
  constexpr int kSoon = 900;
  constexpr int kLate = 1100;

  accepted(
      with({get({kSoon, kSoon + 1}, by_alias(seen("b", 3, "1"), "a")),
            absent(get({kLate, kLate + 1}, "a")), get({kLate + 2, kLate + 3}, seen("b", 3, "1"))}));
  refused(with({get({kSoon, kSoon + 1}, by_alias(seen("b", 2), "a"))}));
  refused(with({get({kSoon, kSoon + 1}, seen("a", 3, "1"))}));
  refused(with({absent(get({kSoon, kSoon + 1}, "a"))}));
  refused(with({get({kLate, kLate + 1}, by_alias(seen("b", 3, "1"), "a"))}));
  refused(with({patch({kSoon, kSoon + 1}, "a", "2", 4)}));
  accepted(
      with({ended(patch({kSoon, kSoon + 1}, "a", "2", 4), absl::StatusCode::kFailedPrecondition)}));
  accepted(with({revoke({6, 7}, "a"), absent(get({8, 9}, "b"))}));
  refused(with({revoke({6, 7}, "a"), get({8, 9}, seen("b", 3, "1"))}));
  refused(with({revoke({6, 7}, "b"), get({8, 9}, by_alias(seen("b", 3, "1"), "a"))}));
  accepted(with({rotate({6, 7}, "b", seen("c", 4, "1")), absent(get({8, 9}, "a"))}));
  refused(with(
      {rotate({6, 7}, "b", seen("c", 4, "1")), get({8, 9}, by_alias(seen("c", 4, "1"), "a"))}));
}

TEST_CASE("a login ends with its last tab, and not before", "[linearizability]") {
  const auto with_tab = [](SeenSession session, const std::string& tab) {
    session.tabs.push_back({.name = tab});
    return session;
  };
  const auto open = [&](During during, const std::string& tab, SeenSession opened) {
    return answered(
        call(during, {.verb = Verb::kPatch, .id = "a", .steps = {{"", std::nullopt, tab}}}),
        std::move(opened));
  };
  const auto erase = [&](During during, const std::string& tab) {
    return call(during, {.verb = Verb::kEraseTab, .id = "a", .tab = tab});
  };
  const SeenSession one = with_tab(seen("a", 2), "t1");
  const History opened = {create({0, 1}, "a", 1), open({2, 3}, "t1", one)};
  const auto with = [&](std::vector<Call> more) {
    History history = opened;
    history.insert(history.end(), more.begin(), more.end());
    return history;
  };

  accepted(with({get({4, 5}, one), erase({6, 7}, "t1"), absent(get({8, 9}, "a"))}));
  refused(with({erase({6, 7}, "t1"), get({8, 9}, seen("a", 3))}));
  refused(with({answered(erase({6, 7}, "t2"), one), absent(get({8, 9}, "a"))}));
  SeenSession two = with_tab(one, "t2");
  two.version = v(3);
  SeenSession left = with_tab(seen("a", 4), "t2");
  accepted(with({open({4, 5}, "t2", two), answered(erase({6, 7}, "t1"), left)}));
  refused(with({open({4, 5}, "t2", one)}));
  std::swap(two.tabs[0], two.tabs[1]);
  refused(with({open({4, 5}, "t2", two)}));
}

TEST_CASE("a life that was shortened is over in time, and not before", "[linearizability]") {
  Call shorten = patch({2, 3}, "a", "1", 2);
  shorten.operation.time_left = std::chrono::seconds(1);
  const History begin = {create({0, 1}, "a", 1), shorten};
  const auto with = [&](const Call& more) { return History{begin[0], begin[1], more}; };

  accepted(with(get({900, 901}, seen("a", 2, "1"))));
  refused(with(absent(get({900, 901}, "a"))));
  accepted(with(absent(get({1100, 1101}, "a"))));
  refused(with(get({1100, 1101}, seen("a", 2, "1"))));
}

TEST_CASE("a read may see either side of a concurrent write", "[linearizability]") {
  const History before = {create({0, 1}, "a", 1), patch({2, 9}, "a", "1", 2)};

  for (const SeenSession& session : {seen("a", 1), seen("a", 2, "1")}) {
    History history = before;
    history.push_back(get({3, 4}, session));
    accepted(history);
  }
}

TEST_CASE("a stale read is refused", "[linearizability]") {
  refused({create({0, 1}, "a", 1), patch({2, 3}, "a", "1", 2), get({4, 5}, seen("a", 1))});
}

TEST_CASE("a value that was never written is refused", "[linearizability]") {
  refused({create({0, 1}, "a", 1), get({4, 5}, seen("a", 2, "1"))});
}

TEST_CASE("a read that is undone later is refused", "[linearizability]") {
  refused({create({0, 1}, "a", 1), never_answered(patch({2, 3}, "a", "1", 2)),
           get({4, 5}, seen("a", 2, "1")), get({6, 7}, seen("a", 1))});
}

TEST_CASE("an update that was answered and then lost is refused", "[linearizability]") {
  const SeenSession last = seen("a", 3, "2");

  // Both compared with version 1, and both were told that they came first.
  refused({create({0, 1}, "a", 1), update({2, 8}, "a", 1, "1", 2), update({2, 9}, "a", 1, "2", 3),
           get({10, 11}, last)});
}

TEST_CASE("of two concurrent updates one is aborted", "[linearizability]") {
  accepted({create({0, 1}, "a", 1), aborted(update({2, 8}, "a", 1, "1", 0)),
            update({2, 9}, "a", 1, "2", 2), get({10, 11}, seen("a", 2, "2"))});
}

TEST_CASE("an abort without another write is refused", "[linearizability]") {
  refused({create({0, 1}, "a", 1), aborted(update({2, 3}, "a", 1, "1", 0))});
  refused({create({0, 1}, "a", 1), aborted(patch({2, 3}, "a", "1", 0))});
}

TEST_CASE("an abort that a write of unknown outcome explains is accepted", "[linearizability]") {
  accepted({create({0, 1}, "a", 1), timed_out(patch({2, 3}, "a", "1", 0)),
            aborted(update({4, 5}, "a", 1, "2", 0)), get({6, 7}, seen("a", 7, "1"))});
}

TEST_CASE("a write of unknown outcome may have happened or not, or happen later",
          "[linearizability]") {
  const History before = {create({0, 1}, "a", 1), timed_out(patch({2, 3}, "a", "1", 0))};
  const Call old_value = get({4, 5}, seen("a", 1));
  const Call new_value = get({6, 7}, seen("a", 2, "1"));

  History never = before;
  never.push_back(old_value);
  accepted(never);

  History happened = before;
  happened.push_back(new_value);
  accepted(happened);

  History later = before;
  later.push_back(old_value);
  later.push_back(new_value);
  accepted(later);
}

TEST_CASE("a write that was refused must not show", "[linearizability]") {
  const Call full = ended(patch({2, 3}, "a", "1", 0), absl::StatusCode::kResourceExhausted);
  const Call unavailable = ended(patch({2, 3}, "a", "1", 0), absl::StatusCode::kUnavailable);

  for (const Call& write : {full, unavailable}) {
    accepted({create({0, 1}, "a", 1), write, get({4, 5}, seen("a", 1))});
    refused({create({0, 1}, "a", 1), write, get({4, 5}, seen("a", 2, "1"))});
  }
}

TEST_CASE("a session that comes back after its revocation is refused", "[linearizability]") {
  refused({create({0, 1}, "a", 1), revoke({2, 3}, "a"), get({4, 5}, seen("a", 1))});
}

TEST_CASE("a revocation of unknown outcome is for ever once it is seen", "[linearizability]") {
  accepted({create({0, 1}, "a", 1), timed_out(revoke({2, 3}, "a")), get({4, 5}, seen("a", 1)),
            absent(get({6, 7}, "a"))});
  refused({create({0, 1}, "a", 1), timed_out(revoke({2, 3}, "a")), absent(get({4, 5}, "a")),
           get({6, 7}, seen("a", 1))});
}

TEST_CASE("not found for a session that is alive is refused", "[linearizability]") {
  refused({create({0, 1}, "a", 1), absent(get({2, 3}, "a"))});
  refused({create({0, 1}, "a", 1), absent(get({2, 3}, "a")), get({4, 5}, seen("a", 1))});
}

TEST_CASE("not found before the session was made is accepted", "[linearizability]") {
  accepted({create({2, 9}, "a", 1), absent(get({0, 1}, "a")), absent(get({3, 4}, "a")),
            get({5, 6}, seen("a", 1))});
}

TEST_CASE("a second create of one id is refused, as is one whose id was not taken",
          "[linearizability]") {
  refused({create({0, 1}, "a", 1), create({2, 3}, "a", 2)});
  refused({create({0, 1}, "a", 1), revoke({2, 3}, "a"), create({4, 5}, "a", 3)});
  refused({aborted(create({0, 1}, "a", 1))});
  accepted({create({0, 1}, "a", 1), aborted(create({2, 3}, "a", 1))});
}

TEST_CASE("a renamed session is dead under its old id and alive under its new one",
          "[linearizability]") {
  const Call created = create({0, 1}, "a", 1);
  const Call login = authenticate({2, 3}, "a", active(seen("b", 2), "ana"));

  accepted({created, login, absent(get({4, 5}, "a")), get({4, 5}, active(seen("b", 2), "ana"))});
  refused({created, login, get({4, 5}, seen("a", 1))});
  refused({created, login, absent(get({4, 5}, "b"))});
  refused({created, authenticate({2, 3}, "a", active(seen("a", 2), "ana"))});
}

TEST_CASE("a session is authenticated once", "[linearizability]") {
  const History before = {create({0, 1}, "a", 1),
                          authenticate({2, 3}, "a", active(seen("b", 2), "ana"))};
  const SeenSession again = active(seen("c", 3), "eve");

  History twice = before;
  twice.push_back(authenticate({4, 5}, "b", again));
  refused(twice);

  History refused_the_second = before;
  refused_the_second.push_back(
      ended(authenticate({4, 5}, "b", again), absl::StatusCode::kFailedPrecondition));
  accepted(refused_the_second);

  refused({create({0, 1}, "a", 1),
           ended(authenticate({4, 5}, "a", again), absl::StatusCode::kFailedPrecondition)});
}

TEST_CASE("after a rename whose answer was lost nobody need find the session",
          "[linearizability]") {
  const Call created = create({0, 1}, "a", 1);
  const Call lost = timed_out(rotate({2, 3}, "a", seen("b", 2)));

  accepted({created, lost, get({4, 5}, seen("a", 1)), absent(get({6, 7}, "a"))});
  refused({created, lost, absent(get({4, 5}, "a")), get({6, 7}, seen("a", 1))});
}

TEST_CASE("an id whose telling was lost may become known later", "[linearizability]") {
  const History before = {create({0, 1}, "a", 1), timed_out(rotate({2, 3}, "a", seen("b", 2)))};

  History found = before;
  found.push_back(get({4, 5}, seen("b", 2)));
  found.push_back(absent(get({6, 7}, "a")));
  accepted(found);

  History revoked = before;
  revoked.push_back(revoke({4, 5}, "b"));
  revoked.push_back(absent(get({6, 7}, "b")));
  accepted(revoked);

  History both_alive = before;
  both_alive.push_back(get({4, 5}, seen("b", 2)));
  both_alive.push_back(get({6, 7}, seen("a", 1)));
  refused(both_alive);
}

TEST_CASE("versions grow with each change", "[linearizability]") {
  refused({create({0, 1}, "a", 5), patch({2, 3}, "a", "1", 5)});
  refused({create({0, 1}, "a", 5), patch({2, 3}, "a", "1", 4)});
  refused({create({0, 1}, "a", 5), get({2, 3}, seen("a", 6))});
  refused({create({0, 1}, "a", 5), timed_out(patch({2, 3}, "a", "1", 0)),
           get({4, 5}, seen("a", 5, "1"))});
  accepted({create({0, 1}, "a", 5), patch({2, 3}, "a", "1", 9)});
}

// A login of 2 s idle and 10 s at all, made at 0 s.
Call create_short_lived(const std::string& id) {
  Call made = create({0, 1}, id, 1);
  made.operation.lifetime = {seconds(2), seconds(10)};
  made.session->lifetime = made.operation.lifetime;
  return made;
}

Call get_short_lived(During during, bool touch = true) {
  Call read = get(during, seen("a", 1));
  read.session->lifetime = {seconds(2), seconds(10)};
  read.operation.touch = touch;
  return read;
}

TEST_CASE("a session may be gone when its idle time is over, but not before", "[linearizability]") {
  const Call created = create_short_lived("a");

  refused({created, absent(get({1000, 1999}, "a"))});
  accepted({created, absent(get({1000, 2000}, "a"))});
  accepted({created, absent(get({3000, 3001}, "a"))});
  refused({created, absent(get({3000, 3001}, "a")), get_short_lived({3002, 3003})});
}

TEST_CASE("use moves the idle time, looking does not", "[linearizability]") {
  const Call created = create_short_lived("a");
  const Call later = absent(get({3000, 3001}, "a"));

  refused({created, get_short_lived({1500, 1501}), later});
  accepted({created, get_short_lived({1500, 1501}, false), later});
}

TEST_CASE("a session must be gone when its time is over", "[linearizability]") {
  const Call created = create_short_lived("a");

  accepted({created, get_short_lived({2000, 2001})});
  refused({created, get_short_lived({2001, 2002})});

  History used_often = {created};
  for (int at = 1000; at < 10'000; at += 1000) used_often.push_back(get_short_lived({at, at + 1}));
  accepted(used_often);
  used_often.push_back(get_short_lived({10'001, 10'002}));
  refused(used_often);
}

TEST_CASE("clocks that drift widen what is accepted", "[linearizability]") {
  const History early = {create_short_lived("a"), absent(get({1900, 1901}, "a"))};
  const History late = {create_short_lived("a"), get_short_lived({2050, 2051})};

  for (const History& history : {early, late}) {
    refused(history);
    CHECK(check_linearizable(history, {.tolerance = {.drift = 0.05}}).kind == Kind::kLinearizable);
  }
}

TEST_CASE("a repetition of a read may count as a use later", "[linearizability]") {
  const History history = {create_short_lived("a"), get_short_lived({1000, 1001}),
                           get_short_lived({3100, 3101})};

  refused(history);
  CHECK(check_linearizable(history, {.tolerance = {.late_use = milliseconds(100)}}).kind ==
        Kind::kLinearizable);
}

TEST_CASE("a search that takes too long says so", "[linearizability]") {
  History history = {create({0, 1}, "a", 1), get({50, 51}, seen("a", 1, "never written"))};
  for (int i = 0; i < 20; ++i) {
    history.push_back(timed_out(patch({2, 3}, "a", std::to_string(i), 0)));
  }

  CHECK(check_linearizable(history, {.steps_max = 1000}).kind == Kind::kUndecided);
}

// The search against all orders, on small histories: those of a register that really carried the
// calls out one after another, and the same with one answer changed.

// A register of one session, told apart from SessionModel on purpose: values only, nothing unknown.
struct Register {
  std::string id = {};
  bool born = false;
  std::uint64_t version = 0;
  std::string x = {};

  void carry_out(Call& call) {
    const Operation& operation = call.operation;
    const bool found = !id.empty() && id == operation.id;
    if (operation.verb == Verb::kRevoke) {
      if (found) id.clear();
      return;
    }
    if (operation.verb == Verb::kCreate) {
      if (found) return void(call = aborted(std::move(call)));
      if (!std::exchange(born, true)) id = operation.id;
    } else if (!found) {
      return void(call = absent(std::move(call)));
    }
    if (operation.expected_version && *operation.expected_version != v(version)) {
      return void(call = aborted(std::move(call)));
    }
    if (operation.verb != Verb::kGet) ++version;
    if (operation.verb == Verb::kUpdate) x = operation.attributes.front().value;
    if (operation.verb == Verb::kPatch) x = *operation.steps.front().value;
    if (operation.verb == Verb::kRotate) id += "'";
    call.session = seen(id, version, x);
  }
};

Call random_call(SeededRandom& random, int number) {
  const int from = static_cast<int>(random.below(12));
  const int to = from + static_cast<int>(random.below(6));
  const std::string id = random.one_in(3) ? "a'" : "a";
  const std::uint64_t expected = 1 + random.below(3);
  switch (random.below(5)) {
    case 0:
      return patch({from, to}, id, std::to_string(number), 0);
    case 1:
      return update({from, to}, id, expected, std::to_string(number), 0);
    case 2:
      return rotate({from, to}, id, {});
    case 3:
      return revoke({from, to}, id);
    default:
      return get({from, to}, id);
  }
}

// What a real register would have answered, each call carried out at some instant while it ran;
// some answers lost, some of these before they took effect.
History random_history(SeededRandom& random) {
  struct Planned {
    Call call;
    std::uint64_t instant = 0;
  };
  std::vector<Planned> plan = {{create({0, 3}, "a", 0), 0}};
  const std::uint64_t count = 3 + random.below(4);
  for (std::uint64_t i = 1; i < count; ++i) {
    plan.push_back({random_call(random, static_cast<int>(i))});
  }
  for (auto& [call, instant] : plan) {
    const auto length = static_cast<std::uint64_t>((call.returned - call.called).count());
    instant = static_cast<std::uint64_t>(call.called.time_since_epoch().count()) +
              random.below(length + 1);
  }
  std::stable_sort(plan.begin(), plan.end(),
                   [](const Planned& a, const Planned& b) { return a.instant < b.instant; });
  History history;
  Register session;
  for (Planned& planned : plan) {
    const bool lost = random.one_in(5);
    if (!lost || random.one_in(2)) session.carry_out(planned.call);
    if (lost) planned.call = never_answered(std::move(planned.call));
    history.push_back(std::move(planned.call));
  }
  return history;
}

void change_one_answer(History& history, SeededRandom& random) {
  Call& call = history[random.below(history.size())];
  if (call.returned == Time::max()) return;
  if (call.session && random.one_in(2)) {
    call.session->version.sequence += 1 + random.below(2);
  } else if (call.session && random.one_in(2)) {
    call.session->attributes["x"] = std::to_string(random.below(4));
  } else if (call.status == absl::StatusCode::kNotFound) {
    call = answered(get({0, 0}, call.operation.id), seen(call.operation.id, 1));
  } else {
    call = absent(std::move(call));
  }
}

// Tries every order without any cleverness.
bool some_order_fits(const History& history, const SessionModel& model, const ModelState& state,
                     std::vector<bool>& done) {
  bool complete = true;
  for (std::size_t i = 0; i < history.size(); ++i) {
    complete = complete && (done[i] || history[i].outcome_unknown());
  }
  if (complete) return true;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (done[i]) continue;
    bool may_come_next = true;
    for (std::size_t j = 0; j < history.size(); ++j) {
      const bool must_come_before =
          !history[j].outcome_unknown() && !done[j] && history[j].returned < history[i].called;
      may_come_next = may_come_next && !must_come_before;
    }
    if (!may_come_next) continue;
    done[i] = true;
    for (const ModelState& next : model.after(state, i)) {
      if (some_order_fits(history, model, next, done)) return true;
    }
    done[i] = false;
  }
  return false;
}

TEST_CASE("the search finds an order exactly when there is one", "[linearizability]") {
  SeededRandom random(20230704);
  int violations = 0;
  for (int i = 0; i < 4000; ++i) {
    History history = random_history(random);
    const bool changed = random.one_in(2);
    if (changed) change_one_answer(history, random);

    const SessionModel model(history, {});
    std::vector<bool> done(history.size());
    const bool expected = some_order_fits(history, model, ModelState{}, done);
    const Verdict verdict = check_linearizable(history);

    INFO("history " << i << "\n" << verdict.explanation);
    REQUIRE((verdict.kind == Kind::kLinearizable) == expected);
    if (!changed) REQUIRE(expected);
    violations += !expected;
  }
  CHECK(violations > 500);
}

}  // namespace
}  // namespace sojourn::simulation
