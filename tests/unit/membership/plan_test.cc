#include "membership/plan.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "unit/membership/views.h"

namespace sojourn::membership {
namespace {

constexpr std::uint32_t kSegments = 64;
constexpr Incarnation kA{1};
constexpr Incarnation kB{2};
constexpr Incarnation kC{3};
constexpr Incarnation kD{4};

std::shared_ptr<const ring::Roles> roles_of(ring::Layout layout) {
  return ring::Roles::of(std::make_shared<const ring::Layout>(std::move(layout)));
}

// A cluster of members a, b, c, ... that all hold what they should.
ring::Layout settled(std::size_t members, std::uint32_t copies = 2) {
  return layout_of(view_of(members, kSegments, copies));
}

// All members of the layout have received everything.
Facts complete(const ring::Layout& layout) {
  Facts facts;
  for (const Member& member : layout.view.members) facts.progress[{member.incarnation}] = {};
  return facts;
}

std::optional<ring::Layout> next(const ring::Layout& layout, const Facts& facts) {
  return next_layout(*roles_of(layout), facts, {});
}

// The layout that follows when there must be one.
ring::Layout after(const ring::Layout& layout, const Facts& facts) {
  std::optional<ring::Layout> result = next(layout, facts);
  REQUIRE(result);
  REQUIRE(result->view.epoch == layout.view.epoch + 1);
  REQUIRE(result->view.generation == layout.view.generation);
  REQUIRE(result->base.size() == layout.base.size());
  return *std::move(result);
}

Member newcomer(const std::string& name, std::uint64_t incarnation) {
  return {.name = name, .address = name + ":1", .incarnation = incarnation};
}

// By name, which does not change when the list of members does.
std::set<std::string> holders(const ring::Layout& layout, std::uint32_t segment) {
  std::set<std::string> names;
  for (const MemberIndex holder : layout.base[segment]) {
    names.insert(layout.view.members[holder.value].name);
  }
  return names;
}

std::set<std::string> without(std::set<std::string> names, const std::string& name) {
  names.erase(name);
  return names;
}

bool is_ideal(const ring::Layout& layout) { return layout.base == layout_of(layout.view).base; }

int segments_with_fewer_than(const ring::Layout& layout, std::size_t copies) {
  return static_cast<int>(
      std::count_if(layout.base.begin(), layout.base.end(),
                    [&](const ring::Holders& holders) { return holders.size() < copies; }));
}

TEST_CASE("a cluster in which all is as it should be needs no other layout", "[membership]") {
  for (std::size_t members = 1; members <= 5; ++members) {
    const ring::Layout layout = settled(members);

    CHECK_FALSE(next(layout, complete(layout)));
    CHECK_FALSE(next(layout, {}));
  }
}

TEST_CASE("a crashed member goes, and the others keep what they hold", "[membership]") {
  const ring::Layout before = settled(3);
  Facts facts;
  facts.dropped = {kB};

  const ring::Layout layout = after(before, facts);

  CHECK(names_of(layout.view) == "a c");
  CHECK(layout.losses.empty());
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    CHECK(holders(layout, i) == without(holders(before, i), "b"));
  }
}

TEST_CASE("a joiner comes under the next epoch, in the order of names, and holds nothing yet",
          "[membership]") {
  const ring::Layout before = settled(2);
  Facts facts = complete(before);
  facts.joining = {newcomer("aa", 7)};

  const ring::Layout layout = after(before, facts);

  CHECK(names_of(layout.view) == "a aa b");
  CHECK(layout.view.find("aa")->joined == 2);
  CHECK(layout.view.find("a")->joined == 1);
  for (std::uint32_t i = 0; i < kSegments; ++i) CHECK(holders(layout, i) == holders(before, i));
}

TEST_CASE("a restarted member takes its name's place and holds nothing of what it held",
          "[membership]") {
  const ring::Layout before = settled(3);
  Facts facts;
  facts.dropped = {kB};
  facts.joining = {newcomer("b", 12)};

  const ring::Layout layout = after(before, facts);

  CHECK(names_of(layout.view) == "a b c");
  CHECK(layout.view.find("b")->incarnation == 12);
  CHECK(layout.view.find("b")->joined == 2);
  CHECK(layout.losses.empty());
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    CHECK(holders(layout, i) == without(holders(before, i), "b"));
  }
}

TEST_CASE("owners change when all members are complete, and not before", "[membership]") {
  Facts joins;
  joins.joining = {newcomer("c", 3)};
  const ring::Layout layout = after(settled(2), joins);
  REQUIRE_FALSE(is_ideal(layout));

  Facts facts = complete(layout);
  facts.progress[kC] = {.repairs_left = 0, .segments_left = 1};
  CHECK_FALSE(next(layout, facts));

  facts.progress.erase(kC);
  CHECK_FALSE(next(layout, facts));

  CHECK(is_ideal(after(layout, complete(layout))));
}

TEST_CASE("when owners have changed there is nothing left to do", "[membership]") {
  Facts joins;
  joins.joining = {newcomer("c", 3)};
  const ring::Layout joined = after(settled(2), joins);

  const ring::Layout layout = after(joined, complete(joined));

  CHECK_FALSE(next(layout, complete(layout)));
}

TEST_CASE("missing copies are made good before the rest is balanced", "[membership]") {
  Facts crash_and_join;
  crash_and_join.dropped = {kB};
  crash_and_join.joining = {newcomer("d", 4)};
  const ring::Layout before = after(settled(3), crash_and_join);
  const auto roles = roles_of(before);
  Facts facts = complete(before);
  facts.progress[kD] = {.repairs_left = 0, .segments_left = 5};

  const ring::Layout layout = after(before, facts);

  CHECK(segments_with_fewer_than(before, 2) > 0);
  CHECK(segments_with_fewer_than(layout, 2) == 0);
  int kept = 0;
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    if (roles->needs_repair({i})) continue;
    CHECK(holders(layout, i) == holders(before, i));
    ++kept;
  }
  CHECK(kept > 0);
  CHECK_FALSE(is_ideal(layout));
}

TEST_CASE("nothing is made good while a copy is under way", "[membership]") {
  Facts crash;
  crash.dropped = {kB};
  const ring::Layout layout = after(settled(3), crash);
  Facts facts = complete(layout);
  facts.progress[kC] = {.repairs_left = 1, .segments_left = 1};

  CHECK_FALSE(next(layout, facts));
}

TEST_CASE("nobody waits for the progress of a member that is dropped", "[membership]") {
  Facts joins;
  joins.joining = {newcomer("c", 3)};
  const ring::Layout joined = after(settled(2), joins);
  Facts facts = complete(joined);
  facts.progress[kC] = {.repairs_left = 0, .segments_left = 9};
  facts.dropped = {kC};

  const ring::Layout layout = after(joined, facts);

  CHECK(names_of(layout.view) == "a b");
}

TEST_CASE("owners do not change in the view that drops one of the new owners", "[membership]") {
  Facts joins;
  joins.joining = {newcomer("c", 3), newcomer("d", 4)};
  const std::uint32_t copies = GENERATE(1, 2);
  const ring::Layout joined = after(settled(2, copies), joins);
  Facts facts = complete(joined);
  facts.dropped = {kC, kD};

  const ring::Layout layout = after(joined, facts);

  CHECK(layout.losses.empty());
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    CHECK(holders(layout, i) == holders(joined, i));
  }
}

TEST_CASE("a member that wants to go is marked, hands over, and goes", "[membership]") {
  ring::Layout layout = settled(3);
  Facts facts = complete(layout);
  facts.leaving = {kC};

  layout = after(layout, facts);
  CHECK(names_of(layout.view) == "a b (c)");
  CHECK(layout.base == settled(3).base);

  // It does not go while others have not received what it holds.
  Facts incomplete = facts;
  incomplete.progress[kA] = {.repairs_left = 3, .segments_left = 3};
  CHECK_FALSE(next(layout, incomplete));

  layout = after(layout, facts);
  CHECK(names_of(layout.view) == "a b (c)");
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    CHECK(holders(layout, i) == std::set<std::string>{"a", "b"});
  }

  layout = after(layout, facts);
  CHECK(names_of(layout.view) == "a b");
  CHECK(layout.losses.empty());
  CHECK(is_ideal(layout));
  CHECK_FALSE(next(layout, complete(layout)));
}

TEST_CASE("nobody goes in the view that drops those who hold what it handed over", "[membership]") {
  const std::uint32_t copies = GENERATE(1, 2);
  Facts leave;
  leave.leaving = {kC};
  ring::Layout layout = after(settled(3, copies), leave);
  // The others hold everything by now, and c still does.
  for (ring::Holders& base : layout.base) base = {{0}, {1}, {2}};
  Facts facts;
  facts.dropped = {kA, kB};

  layout = after(layout, facts);

  CHECK(names_of(layout.view) == "(c)");
  CHECK(layout.losses.empty());
}

TEST_CASE("nobody goes while another member is down and not dropped yet", "[membership]") {
  Facts leave;
  leave.leaving = {kC};
  ring::Layout layout = after(settled(3), leave);
  layout = after(layout, complete(layout));
  Facts facts = complete(layout);
  facts.others_down = true;
  CHECK_FALSE(next(layout, facts));

  facts.others_down = false;
  CHECK(names_of(after(layout, facts).view) == "a b");
}

TEST_CASE("a mark of leaving stays when its bearer is not heard of any more", "[membership]") {
  Facts facts;
  facts.leaving = {kC};
  const ring::Layout layout = after(settled(3), facts);

  CHECK_FALSE(next(layout, {}));
}

TEST_CASE("several members leave at once and lose nothing", "[membership]") {
  ring::Layout layout = settled(4);
  Facts facts = complete(layout);
  facts.leaving = {kB, kC, kD};

  layout = after(layout, facts);
  CHECK(names_of(layout.view) == "a (b) (c) (d)");
  layout = after(layout, facts);
  for (std::uint32_t i = 0; i < kSegments; ++i) CHECK(holders(layout, i).contains("a"));
  layout = after(layout, facts);

  CHECK(names_of(layout.view) == "a");
  CHECK(layout.losses.empty());
}

TEST_CASE("when all members leave, those that hold something stay", "[membership]") {
  ring::Layout layout = settled(3);
  layout.view.members[2].capacity = 0;
  layout = layout_of(layout.view);
  Facts facts = complete(layout);
  facts.leaving = {kA, kB, kC};

  layout = after(layout, facts);
  CHECK(names_of(layout.view) == "(a) (b) (c)");
  layout = after(layout, facts);

  CHECK(names_of(layout.view) == "(a) (b)");
  CHECK_FALSE(next(layout, complete(layout)));
  CHECK(layout.losses.empty());
}

TEST_CASE("a member that leaves may go when those that stay hold as many copies as they can",
          "[membership]") {
  struct Row {
    // Members whose names are in it leave.
    std::string leaving;
    std::uint32_t copies;
    // Who holds the only segment.
    std::string base;
    // Whether member c may go.
    bool may_go;
  };
  const std::vector<Row> rows = {
      {"c", 2, "ab", true},   // it holds nothing
      {"c", 2, "bc", false},  // a is to receive it
      {"c", 2, "abc", true},  {"c", 1, "c", false},    {"c", 1, "ac", true},
      {"bc", 2, "bc", false},  // nobody who stays holds it
      {"bc", 2, "ac", true},   // a is the only one who stays
      {"bc", 2, "abc", true}, {"abc", 2, "ac", false}, {"abc", 2, "abc", false},
  };
  for (const Row& row : rows) {
    View view = view_of(3, 1, row.copies);
    ring::Layout layout = {.view = view, .base = {ring::Holders()}};
    for (std::uint32_t i = 0; i < 3; ++i) {
      Member& member = layout.view.members[i];
      member.leaving = row.leaving.find(member.name) != std::string::npos;
      if (row.base.find(member.name) != std::string::npos) layout.base[0].push_back({i});
    }

    INFO(row.leaving << " leave, " << row.base << " hold, " << row.copies << " copies");
    CHECK(may_go(*roles_of(layout), MemberIndex{2}) == row.may_go);
  }
}

TEST_CASE("when all copies of a segment are lost it begins anew, and that is said",
          "[membership]") {
  const ring::Layout before = settled(4);
  Facts facts;
  facts.dropped = {kA, kB};

  const ring::Layout layout = after(before, facts);

  int lost = 0;
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    const bool all_gone = holders(before, i) == std::set<std::string>{"a", "b"};
    CHECK(layout.losses.contains({i}) == all_gone);
    CHECK(roles_of(layout)->is_lost({i}) == all_gone);
    if (!all_gone) continue;
    ++lost;
    CHECK(layout.losses.at({i}) == ring::Loss{.epoch = 2, .acknowledged = false});
    CHECK(holders(layout, i) == std::set<std::string>{"c", "d"});
  }
  CHECK(lost > 0);
}

TEST_CASE("a loss that an operator has acknowledged is none any more", "[membership]") {
  Facts crash;
  crash.dropped = {kA, kB};
  ring::Layout layout = after(settled(4), crash);
  layout = after(layout, complete(layout));
  CHECK_FALSE(next(layout, complete(layout)));

  Facts facts = complete(layout);
  facts.losses_acknowledged = true;
  const ring::Layout acknowledged = after(layout, facts);

  for (std::uint32_t i = 0; i < kSegments; ++i) CHECK_FALSE(roles_of(acknowledged)->is_lost({i}));
  CHECK(acknowledged.base == layout.base);
  CHECK(acknowledged.view.members == layout.view.members);
  // When it happened is remembered: members that were away must forget what they hold.
  CHECK(acknowledged.losses.size() == layout.losses.size());
  CHECK(acknowledged.losses.begin()->second.epoch == 2);
  CHECK_FALSE(next(acknowledged, facts));
}

TEST_CASE("an acknowledgement without any loss changes nothing", "[membership]") {
  const ring::Layout layout = settled(3);
  Facts facts = complete(layout);
  facts.losses_acknowledged = true;

  CHECK_FALSE(next(layout, facts));
}

TEST_CASE("an acknowledgement does not cover a loss that the same view declares", "[membership]") {
  Facts facts;
  facts.dropped = {kA, kB};
  facts.losses_acknowledged = true;

  const ring::Layout layout = after(settled(4), facts);

  REQUIRE_FALSE(layout.losses.empty());
  for (const auto& [segment, loss] : layout.losses) CHECK_FALSE(loss.acknowledged);
}

TEST_CASE("a segment that is lost a second time is lost again", "[membership]") {
  Facts crash;
  crash.dropped = {kA, kB};
  ring::Layout layout = after(settled(4), crash);
  const SegmentId segment = layout.losses.begin()->first;
  Facts acknowledgement;
  acknowledgement.losses_acknowledged = true;
  layout = after(layout, acknowledgement);

  Facts join;
  join.joining = {newcomer("e", 5)};
  layout = after(layout, join);
  Facts second;
  second.dropped = {kC, kD};
  layout = after(layout, second);

  CHECK(layout.losses.at(segment) == ring::Loss{.epoch = 5, .acknowledged = false});
}

TEST_CASE("so many are admitted at once that those that were there could go on without them",
          "[membership]") {
  struct Row {
    std::size_t members;
    std::size_t admitted;
  };
  for (const Row& row : {Row{1, 1}, Row{2, 2}, Row{3, 3}, Row{4, 4}}) {
    Facts facts;
    for (std::uint64_t i = 0; i < 5; ++i) {
      facts.joining.push_back(newcomer("n" + std::to_string(i), 100 + i));
    }

    const ring::Layout layout = after(settled(row.members), facts);

    CHECK(layout.view.members.size() == row.members + row.admitted);
  }
}

TEST_CASE("there is no layout without members", "[membership]") {
  Facts facts;
  facts.dropped = {kA, kB};

  CHECK_FALSE(next(settled(2), facts));
}

TEST_CASE("witnesses hold nothing, and the first member with a capacity loses nothing",
          "[membership]") {
  View view = view_of(2, kSegments);
  for (Member& member : view.members) member.capacity = 0;
  const ring::Layout witnesses = layout_of(view);
  Facts facts;
  facts.joining = {newcomer("c", 3)};

  const ring::Layout layout = after(witnesses, facts);

  CHECK(layout.losses.empty());
  for (std::uint32_t i = 0; i < kSegments; ++i) {
    CHECK(holders(layout, i) == std::set<std::string>{"c"});
  }
}

TEST_CASE("when only a witness is left everything is lost", "[membership]") {
  View view = view_of(3, kSegments);
  view.members[2].capacity = 0;
  Facts facts;
  facts.dropped = {kA, kB};

  const ring::Layout layout = after(layout_of(view), facts);

  CHECK(layout.losses.size() == kSegments);
  CHECK(std::all_of(layout.base.begin(), layout.base.end(),
                    [](const ring::Holders& base) { return base.empty(); }));
}

// From any situation the planner comes to rest, with every segment where it should be, and declares
// no loss while somebody that holds the segment lives.
TEST_CASE("views follow each other until all is as it should be, and no living copy is lost",
          "[membership]") {
  struct Row {
    std::size_t members;
    std::uint32_t copies;
    std::set<Incarnation> dropped;
    std::set<Incarnation> leaving;
    std::size_t joining;
  };
  const std::vector<Row> rows = {
      {3, 2, {kB}, {}, 0},     {3, 2, {}, {kA}, 1},     {4, 2, {kA}, {kB}, 2},
      {4, 3, {kA, kD}, {}, 1}, {5, 3, {}, {kA, kB}, 0}, {2, 2, {}, {kA, kB}, 1},
      {2, 1, {}, {kA}, 2},     {5, 1, {}, {kC}, 0},
  };
  for (const Row& row : rows) {
    ring::Layout layout = settled(row.members, row.copies);
    Facts first;
    first.dropped = row.dropped;
    first.leaving = row.leaving;
    for (std::size_t i = 0; i < row.joining; ++i) {
      first.joining.push_back(newcomer("new" + std::to_string(i), 100 + i));
    }
    layout = after(layout, first);
    const std::size_t lost = layout.losses.size();

    int steps = 0;
    for (auto more = next(layout, complete(layout)); more; more = next(layout, complete(layout))) {
      layout = *more;
      REQUIRE(++steps < 10);
    }

    INFO("now " << names_of(layout.view));
    CHECK(is_ideal(layout));
    CHECK(layout.losses.size() == lost);
    CHECK(std::none_of(layout.view.members.begin(), layout.view.members.end(),
                       [](const Member& member) { return member.leaving; }));
  }
}

}  // namespace
}  // namespace sojourn::membership
