#include "ring/roles.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "support/catch.h"
#include "unit/ring/ownership.h"

namespace sojourn::ring {
namespace {

constexpr MemberIndex k0{0};
constexpr MemberIndex k1{1};
constexpr MemberIndex k2{2};

std::shared_ptr<const Roles> roles_of(View view, std::vector<Holders> base,
                                      std::map<SegmentId, Loss> losses = {}) {
  return Roles::of(
      std::make_shared<const Layout>(Layout{std::move(view), std::move(base), std::move(losses)}));
}

std::shared_ptr<const Roles> settled(View view) {
  std::vector<Holders> base = first_base(view);
  return roles_of(std::move(view), std::move(base));
}

std::set<MemberIndex> set_of(std::span<const MemberIndex> members) {
  return {members.begin(), members.end()};
}

std::set<MemberIndex> both(std::span<const MemberIndex> one, std::span<const MemberIndex> other) {
  std::set<MemberIndex> all = set_of(one);
  all.insert(other.begin(), other.end());
  return all;
}

// Bases at random, of one to three members.
std::vector<Holders> some_bases(const View& view, std::uint64_t seed) {
  std::vector<Holders> base(view.segments);
  for (std::uint32_t i = 0; i < view.segments; ++i) {
    std::set<MemberIndex> members;
    for (std::uint64_t n = 0; n <= (i + seed) % 3; ++n) {
      members.insert({static_cast<std::uint32_t>((seed + i * 7 + n * 5) % view.members.size())});
    }
    base[i].assign(members.begin(), members.end());
  }
  return base;
}

TEST_CASE("in a first view everybody holds what it should, and nobody learns", "[ring]") {
  for (const std::size_t members : {1, 2, 3, 7}) {
    const auto roles = settled(view_of({.members = members, .segments = 64}));
    for (std::uint32_t i = 0; i < 64; ++i) {
      const SegmentId segment{i};
      CHECK(roles->primary(segment) == roles->ideal(segment).front());
      CHECK(set_of(roles->writers(segment)) == set_of(roles->ideal(segment)));
      CHECK(std::is_sorted(roles->base(segment).begin(), roles->base(segment).end()));
      CHECK_FALSE(roles->needs_repair(segment));
      CHECK_FALSE(roles->is_lost(segment));
    }
  }
}

TEST_CASE("writers are those that hold a segment and those that should", "[ring]") {
  const View view = view_of({.members = 6, .segments = 64});
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto roles = roles_of(view, some_bases(view, seed));
    for (std::uint32_t i = 0; i < 64; ++i) {
      const SegmentId segment{i};
      const Holders& writers = roles->writers(segment);
      CHECK(set_of(writers) == both(roles->base(segment), roles->ideal(segment)));
      CHECK(set_of(writers).size() == writers.size());
      for (std::uint32_t m = 0; m < 6; ++m) {
        const MemberIndex member{m};
        const bool holds = set_of(roles->base(segment)).contains(member);
        const bool should = set_of(roles->ideal(segment)).contains(member);
        CHECK(roles->is_holder(member, segment) == holds);
        CHECK(roles->is_learner(member, segment) == (should && !holds));
        CHECK(roles->is_writer(member, segment) == (holds || should));
        CHECK(roles->is_primary(member, segment) == (roles->primary(segment) == member));
      }
    }
  }
}

TEST_CASE("the primary holds the segment, and is the best owner that does", "[ring]") {
  const View view = view_of({.members = 6, .segments = 64});
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto roles = roles_of(view, some_bases(view, seed));
    for (std::uint32_t i = 0; i < 64; ++i) {
      const SegmentId segment{i};
      const auto ideal = roles->ideal(segment);
      const auto best = std::find_if(ideal.begin(), ideal.end(), [&](MemberIndex member) {
        return roles->is_holder(member, segment);
      });
      REQUIRE(roles->primary(segment));
      CHECK(roles->is_holder(*roles->primary(segment), segment));
      if (best != ideal.end()) CHECK(roles->primary(segment) == *best);
    }
  }
}

TEST_CASE("a primary stays when a better owner only learns", "[ring]") {
  View view = view_of({.members = 3, .segments = 64});
  const auto before = settled(view_of({.members = 2, .segments = 64}));

  const auto roles = roles_of(view, before->layout().base);

  int learned = 0;
  for (std::uint32_t i = 0; i < 64; ++i) {
    CHECK(roles->primary({i}) != k2);
    learned += roles->is_learner(k2, {i}) ? 1 : 0;
  }
  CHECK(learned > 0);
}

TEST_CASE("a member that leaves is the primary only where nobody else holds the segment",
          "[ring]") {
  View view = view_of({.members = 3, .segments = 64});
  std::vector<Holders> base = first_base(view);
  view.members[1].leaving = true;
  base[0] = {k1};

  const auto roles = roles_of(view, base);

  CHECK(roles->primary({0}) == k1);
  for (std::uint32_t i = 1; i < 64; ++i) {
    CHECK(roles->primary({i}) != k1);
    CHECK_FALSE(set_of(roles->ideal({i})).contains(k1));
  }
}

TEST_CASE("a segment needs repair when fewer members hold it than should, and stay", "[ring]") {
  struct Row {
    std::size_t members;
    Holders base;
    std::optional<std::uint32_t> leaving;
    bool needs_repair;
  };
  const std::vector<Row> rows = {
      {3, {k0}, {}, true},    {3, {k0, k1}, {}, false},    {3, {k0, k1, k2}, {}, false},
      {3, {k0, k1}, 1, true}, {3, {k0, k1, k2}, 1, false}, {1, {k0}, {}, false},
      {2, {k1}, {}, true},
  };
  for (const Row& row : rows) {
    View view = view_of({.members = row.members, .segments = 1});
    if (row.leaving) view.members[*row.leaving].leaving = true;

    CHECK(roles_of(view, {row.base})->needs_repair({0}) == row.needs_repair);
  }
}

TEST_CASE("segments that need repair are counted", "[ring]") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const View view = view_of({.members = 5, .segments = 32});
    const auto roles = roles_of(view, some_bases(view, seed));
    std::uint32_t short_of = 0;
    for (std::uint32_t i = 0; i < 32; ++i) short_of += roles->needs_repair({i}) ? 1 : 0;

    CHECK(short_of > 0);
    CHECK(roles->segments_short() == short_of);
  }
}

TEST_CASE("without members that have a capacity nobody has a role", "[ring]") {
  const View view = view_of({.members = 2, .segments = 4, .capacities = {0}});

  const auto roles = roles_of(view, std::vector<Holders>(4));

  for (std::uint32_t i = 0; i < 4; ++i) {
    CHECK_FALSE(roles->primary({i}));
    CHECK(roles->writers({i}).empty());
    CHECK_FALSE(roles->is_primary(k0, {i}));
    CHECK_FALSE(roles->needs_repair({i}));
  }
}

TEST_CASE("a loss is one until it is acknowledged", "[ring]") {
  const View view = view_of({.members = 2, .segments = 4});

  const auto roles =
      roles_of(view, first_base(view),
               {{SegmentId{1}, {.epoch = 3}}, {SegmentId{2}, {.epoch = 3, .acknowledged = true}}});

  CHECK_FALSE(roles->is_lost({0}));
  CHECK(roles->is_lost({1}));
  CHECK_FALSE(roles->is_lost({2}));
}

TEST_CASE("roles are those of the layout, in whatever order members are listed", "[ring]") {
  const View view = view_of({.members = 5, .segments = 64});
  const auto roles = roles_of(view, some_bases(view, 2));
  View reversed = view;
  std::reverse(reversed.members.begin(), reversed.members.end());
  const auto mirrored = [&](MemberIndex member) { return MemberIndex{4 - member.value}; };
  std::vector<Holders> base;
  for (const Holders& holders : roles->layout().base) {
    Holders moved;
    for (const MemberIndex holder : holders) moved.push_back(mirrored(holder));
    std::sort(moved.begin(), moved.end());
    base.push_back(moved);
  }

  const auto other = roles_of(reversed, base);

  for (std::uint32_t i = 0; i < 64; ++i) {
    Holders writers = other->writers({i});
    for (MemberIndex& writer : writers) writer = mirrored(writer);
    CHECK(writers == roles->writers({i}));
  }
}

}  // namespace
}  // namespace sojourn::ring
