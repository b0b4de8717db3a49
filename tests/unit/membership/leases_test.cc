#include "membership/leases.h"

#include <string>
#include <vector>

#include "support/catch.h"
#include "unit/membership/views.h"

namespace sojourn::membership {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 1s;
constexpr Time kNow = Time(1h);
constexpr Incarnation kA{1};
constexpr Incarnation kB{2};
constexpr Incarnation kC{3};
constexpr Incarnation kStranger{99};

TEST_CASE("the holder counts a tenth less than the lease, from when it asked", "[membership]") {
  Leases leases(kLease, {});

  leases.granted(kB, kNow);

  CHECK(leases.granted_until(kB) == kNow + 900ms);
  CHECK(leases.granted_until(kC) == Time::min());
}

TEST_CASE("the granter counts a tenth more than the lease, from when it answered", "[membership]") {
  Leases leases(kLease, {});

  leases.grant(kNow, kB);

  CHECK(leases.may_drop_from(kB) == kNow + 1100ms);
  CHECK_FALSE(leases.may_drop(kNow + 1100ms - 1us, kB));
  CHECK(leases.may_drop(kNow + 1100ms, kB));
}

TEST_CASE("the holder's time is over before the granter's whose clocks drift apart by 5 percent",
          "[membership]") {
  // How far a clock has come after some time.
  const auto reading = [](double rate, double time) {
    return Time(Duration(static_cast<Duration::rep>(rate * time)));
  };
  const auto real = [](double rate, Time time) {
    return static_cast<double>(time.time_since_epoch().count()) / rate;
  };
  const View view = view_of(2);
  for (const double holder_rate : {0.95, 1.0, 1.05}) {
    for (const double granter_rate : {0.95, 1.0, 1.05}) {
      for (const double asked : {0.0, 3.6e9}) {
        for (const double under_way : {0.0, 5e5, 5e6}) {
          Leases holder(kLease, {});
          Leases granter(kLease, {});

          granter.grant(reading(granter_rate, asked + under_way), kA);
          holder.granted(kA, reading(holder_rate, asked));
          holder.granted(kB, reading(holder_rate, asked));

          INFO("clocks run at " << holder_rate << " and " << granter_rate);
          CHECK(real(holder_rate, holder.held_until(view)) <
                real(granter_rate, granter.may_drop_from(kA)));
        }
      }
    }
  }
}

TEST_CASE("nobody is bound to a member that it has granted nothing", "[membership]") {
  const Leases leases(kLease, {});

  CHECK(leases.may_drop(Time::min() + 1us, kB));
}

TEST_CASE("a lease is held for as long as the grants of a quorum last", "[membership]") {
  struct Row {
    std::size_t members;
    // When a, b, c, ... were asked, in milliseconds; -1: they granted nothing.
    std::vector<int> asked;
    // Until when the lease is held; -1: it is not.
    int until;
  };
  const std::vector<Row> rows = {
      {1, {100}, 1000},
      {1, {-1}, -1},
      {2, {100, -1}, 1000},
      {2, {-1, 100}, -1},
      {2, {100, 300}, 1000},
      {2, {300, 100}, 1200},
      {3, {100, -1, -1}, -1},
      {3, {100, 200, -1}, 1000},
      {3, {300, 200, 100}, 1100},
      {3, {-1, 200, 100}, 1000},
      {4, {300, 200, -1, -1}, 1100},
      {4, {-1, 200, 300, -1}, -1},
      {4, {100, 200, 300, 400}, 1100},
      {4, {-1, 200, 300, 400}, 1100},
      {5, {100, 200, 300, 400, 500}, 1200},
      {5, {500, 400, -1, -1, -1}, -1},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    Leases leases(kLease, {});
    for (std::size_t member = 0; member < row.asked.size(); ++member) {
      if (row.asked[member] < 0) continue;
      leases.granted(Incarnation{member + 1}, kNow + row.asked[member] * 1ms);
    }

    INFO("row " << i);
    CHECK(leases.held_until(view_of(row.members)) ==
          (row.until < 0 ? Time::min() : kNow + row.until * 1ms));
  }
}

TEST_CASE("grants of strangers count for nothing", "[membership]") {
  Leases leases(kLease, {});
  leases.granted(kA, kNow);
  leases.granted(kStranger, kNow + 10s);
  leases.granted(Incarnation{98}, kNow + 10s);

  CHECK(leases.held_until(view_of(3)) == Time::min());
}

TEST_CASE("a grant that arrives late does not shorten the one that came before it",
          "[membership]") {
  Leases leases(kLease, {});
  leases.granted(kB, kNow + 400ms);

  leases.granted(kB, kNow);

  CHECK(leases.granted_until(kB) == kNow + 1300ms);
}

TEST_CASE("a lease ends with the view under which it was granted", "[membership]") {
  Leases leases(kLease, {});
  leases.granted(kA, kNow);
  leases.granted(kB, kNow);

  leases.install(kNow + 1ms);

  CHECK(leases.held_until(view_of(2)) == Time::min());
  CHECK(leases.granted_until(kB) == Time::min());
}

TEST_CASE("who has installed a view drops nobody for the time of a lease", "[membership]") {
  Leases leases(kLease, {});

  leases.install(kNow);

  CHECK_FALSE(leases.may_drop(kNow + 1100ms - 1us, kStranger));
  CHECK(leases.may_drop(kNow + 1100ms, kStranger));
}

TEST_CASE("a promise outlasts the view under which it was made", "[membership]") {
  Leases leases(kLease, {});
  leases.grant(kNow + 500ms, kB);

  leases.install(kNow + 501ms);
  leases.grant(kNow + 900ms, kC);

  CHECK(leases.may_drop_from(kB) == kNow + 1601ms);
  CHECK(leases.may_drop_from(kC) == kNow + 2000ms);
}

TEST_CASE("without one of their rules leases protect nothing", "[membership]") {
  Leases no_leases(kLease, {.without = Rule::kLease});
  CHECK(no_leases.held_until(view_of(3)) == Time::max());

  Leases no_waiting(kLease, {.without = Rule::kExclusionWaits});
  no_waiting.grant(kNow, kB);
  CHECK(no_waiting.may_drop(kNow, kB));

  Leases no_calm(kLease, {.without = Rule::kCalmAfterInstall});
  no_calm.install(kNow);
  CHECK(no_calm.may_drop(kNow, kB));

  Leases no_epoch(kLease, {.without = Rule::kGrantsOfThisEpoch});
  no_epoch.granted(kA, kNow);
  no_epoch.install(kNow);
  CHECK(no_epoch.held_until(view_of(1)) == kNow + 900ms);
}

}  // namespace
}  // namespace sojourn::membership
