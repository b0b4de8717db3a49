#include "membership/agreement.h"

#include <set>
#include <vector>

#include "support/catch.h"
#include "unit/membership/views.h"

namespace sojourn::membership {
namespace {

constexpr Incarnation kA{1};
constexpr Incarnation kB{2};
constexpr Incarnation kC{3};
constexpr Incarnation kStranger{99};
const std::set<Incarnation> kAll = {kA, kB, kC};

Propose proposal(Incarnation proposer, std::uint64_t round, std::size_t members) {
  return {{round, proposer}, layout_of(view_of(members))};
}

TEST_CASE("an agreement is decided by the last of its voters", "[membership]") {
  Agreement agreement(kA);
  agreement.propose(layout_of(view_of(3)), kAll);
  CHECK(agreement.waits_for() == std::vector{kB, kC});

  const Accept accept{agreement.request().ballot};
  CHECK_FALSE(agreement.accepted(kC, accept));
  CHECK(agreement.waits_for() == std::vector{kB});
  CHECK_FALSE(agreement.accepted(kC, accept));

  CHECK(agreement.accepted(kB, accept));
}

TEST_CASE("a proposer alone waits for nobody", "[membership]") {
  Agreement agreement(kA);

  agreement.propose(layout_of(view_of(1)), {kA});

  CHECK(agreement.waits_for().empty());
  CHECK(agreement.may_install(layout_of(view_of(1))));
}

TEST_CASE("votes for another ballot and votes of strangers do not count", "[membership]") {
  Agreement agreement(kA);
  CHECK_FALSE(agreement.accepted(kB, Accept{{1, kA}}));

  agreement.propose(layout_of(view_of(3)), {kA, kB});
  const Ballot ballot = agreement.request().ballot;

  CHECK_FALSE(agreement.accepted(kStranger, Accept{ballot}));
  CHECK_FALSE(agreement.accepted(kB, Accept{{ballot.round + 1, kA}}));
  CHECK_FALSE(agreement.accepted(kB, Accept{{ballot.round, kB}}));
  CHECK(agreement.waits_for() == std::vector{kB});
}

TEST_CASE("another layout needs all votes anew, the same layout does not", "[membership]") {
  Agreement agreement(kA);
  agreement.propose(layout_of(view_of(3)), kAll);
  const Accept first{agreement.request().ballot};
  agreement.accepted(kB, first);

  agreement.propose(layout_of(view_of(3)), kAll);
  CHECK(agreement.waits_for() == std::vector{kC});

  agreement.propose(layout_of(view_of(2)), kAll);
  CHECK(agreement.request().ballot > first.ballot);
  CHECK_FALSE(agreement.accepted(kC, first));
  CHECK(agreement.waits_for() == std::vector{kB, kC});
}

TEST_CASE("a proposal that was given up gathers no votes", "[membership]") {
  Agreement agreement(kA);
  agreement.propose(layout_of(view_of(2)), {kA, kB});
  const Accept accept{agreement.request().ballot};

  agreement.give_up();

  CHECK_FALSE(agreement.is_proposing());
  CHECK_FALSE(agreement.accepted(kB, accept));
}

TEST_CASE("a voter follows the proposals of one proposer in their order", "[membership]") {
  Agreement agreement(kB);
  CHECK(agreement.accept(proposal(kA, 5, 2), false));
  CHECK(agreement.accept(proposal(kA, 5, 2), false));
  CHECK(agreement.accept(proposal(kA, 6, 3), false));

  CHECK_FALSE(agreement.accept(proposal(kA, 5, 2), false));

  CHECK(agreement.may_install(layout_of(view_of(3))));
  CHECK_FALSE(agreement.may_install(layout_of(view_of(2))));
}

TEST_CASE("a voter takes another proposer's layout only when the earlier one is void",
          "[membership]") {
  Agreement agreement(kC);
  CHECK(agreement.accept(proposal(kB, 9, 2), false));

  CHECK_FALSE(agreement.accept(proposal(kA, 10, 3), false));
  CHECK(agreement.may_install(layout_of(view_of(2))));

  CHECK(agreement.accept(proposal(kA, 1, 3), true));
  CHECK(agreement.may_install(layout_of(view_of(3))));
}

TEST_CASE("who has accepted nothing installs nothing", "[membership]") {
  const Agreement agreement(kA);

  CHECK_FALSE(agreement.accepted());
  CHECK_FALSE(agreement.may_install(layout_of(view_of(1))));
}

}  // namespace
}  // namespace sojourn::membership
