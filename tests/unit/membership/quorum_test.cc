#include "membership/quorum.h"

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "support/catch.h"
#include "unit/membership/views.h"

namespace sojourn::membership {
namespace {

bool decides(const View& view, const std::string& votes) {
  return is_quorum(
      view, [&](const Member& member) { return votes.find(member.name) != std::string::npos; });
}

// Those members whose bits are set.
bool decides(const View& view, std::uint32_t votes) {
  return is_quorum(view, [&](const Member& member) {
    return (votes >> (&member - view.members.data()) & 1) != 0;
  });
}

TEST_CASE("more than half of the members decide, or exactly half with the oldest", "[membership]") {
  struct Row {
    // When a, b, c, ... were admitted.
    std::vector<std::uint64_t> joined;
    std::string votes;
    bool decides;
  };
  const std::vector<Row> rows = {
      {{1}, "a", true},
      {{1}, "", false},
      {{1, 1}, "a", true},
      {{1, 1}, "b", false},
      {{3, 2}, "a", false},
      {{3, 2}, "b", true},
      {{1, 1, 1}, "a", false},
      {{1, 1, 1}, "bc", true},
      {{1, 1, 1, 1}, "ad", true},
      {{1, 1, 1, 1}, "bcd", true},
      {{1, 1, 1, 1}, "bc", false},
      {{4, 4, 1, 4}, "bc", true},
      {{4, 4, 1, 4}, "ab", false},
      {{1, 1, 1, 1, 1}, "ab", false},
      {{1, 1, 1, 1, 1}, "cde", true},
  };
  for (const Row& row : rows) {
    View view = view_of(row.joined.size());
    for (std::size_t i = 0; i < row.joined.size(); ++i) view.members[i].joined = row.joined[i];

    INFO(names_of(view) << ", votes of " << row.votes);
    CHECK(decides(view, row.votes) == row.decides);
  }
}

TEST_CASE("of any group of members and all others exactly one decides", "[membership]") {
  for (std::size_t members = 1; members <= 7; ++members) {
    for (std::size_t oldest = 0; oldest < members; ++oldest) {
      View view = view_of(members);
      for (Member& member : view.members) member.joined = 5;
      view.members[oldest].joined = 2;
      const std::uint32_t all = (1u << members) - 1;

      std::uint32_t wrong = 0;
      for (std::uint32_t group = 0; group <= all; ++group) {
        wrong += decides(view, group) == decides(view, all & ~group) ? 1 : 0;
      }

      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("any two groups that decide have a member in common", "[membership]") {
  for (std::size_t members = 1; members <= 6; ++members) {
    const View view = view_of(members);
    std::vector<std::uint32_t> quorums;
    for (std::uint32_t group = 0; group < 1u << members; ++group) {
      if (decides(view, group)) quorums.push_back(group);
    }

    std::uint32_t apart = 0;
    for (const std::uint32_t one : quorums) {
      for (const std::uint32_t other : quorums) apart += (one & other) == 0 ? 1 : 0;
    }

    CHECK(apart == 0);
  }
}

TEST_CASE("the oldest is who was admitted first, of equals the first by name", "[membership]") {
  View view = view_of(3);
  CHECK(oldest(view).name == "a");

  view.members[0].joined = 3;
  CHECK(oldest(view).name == "b");

  view.members[2].joined = 0;
  CHECK(oldest(view).name == "c");
  CHECK(is_older(view.members[2], view.members[1]));
  CHECK_FALSE(is_older(view.members[1], view.members[2]));
  CHECK_FALSE(is_older(view.members[1], view.members[1]));
}

TEST_CASE("a member is found by its incarnation and not by that of the process before it",
          "[membership]") {
  const View view = view_of(2);

  REQUIRE(find(view, Incarnation{2}));
  CHECK(find(view, Incarnation{2})->name == "b");
  CHECK(find(view, Incarnation{3}) == nullptr);
  CHECK(find(view, Incarnation{0}) == nullptr);
}

}  // namespace
}  // namespace sojourn::membership
