#include "ring/placement.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "support/catch.h"
#include "unit/ring/ownership.h"

namespace sojourn::ring {
namespace {

// Clusters of 1 to 100 members.
const std::vector<std::size_t> kSizes = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
                                         14, 15, 16, 20, 25, 32, 41, 50, 64, 75, 90, 99, 100};

std::string describe(const Cluster& cluster) {
  std::string text = std::to_string(cluster.members) + " members, " +
                     std::to_string(cluster.segments) + " segments, " +
                     std::to_string(cluster.copies) + " copies, capacities";
  for (const std::uint32_t capacity : cluster.capacities) text += ' ' + std::to_string(capacity);
  text += ", zones";
  for (const std::string& zone : cluster.zones) text += ' ' + zone;
  return text;
}

// The limits of a load, given what it should be and the average of all members.
struct Limits {
  double least;
  double most;
};

// Those of Infinispan's SyncConsistentHashFactoryTest, for its placement that knows no history
// either.
Limits sync_limits(double expected, double average) {
  if (expected == 0) return {0, 0};
  const double above = expected >= average ? 0.10 * expected : 0.10 * (expected + average);
  const double below = expected >= average ? 0.15 * expected : 0.05 * (expected + average);
  constexpr double kRounding = 1e-6;
  return {std::floor(expected - std::max(below, 1.0) + kRounding),
          std::ceil(expected + std::max(above, 1.0) - kRounding)};
}

// Those of Infinispan's TopologyAwareSyncConsistentHashFactoryTest.
Limits topology_limits(double expected, double /*average*/) {
  return {std::floor(0.7 * expected), std::ceil(1.2 * expected)};
}

// The loads that are beyond the limits, in words; empty if none is.
template <typename LimitsOf>
std::string out_of_limits(const Placement& placement, LimitsOf limits_of) {
  const View& view = placement.view();
  const Loads actual = actual_loads(placement);
  const Loads expected = expected_loads(view);
  const auto holding = static_cast<double>(members_with_capacity(view));
  const double copies = std::min<double>(view.copies, holding);

  std::string text;
  const auto check = [&](const std::string& what, double load, double share, double average) {
    const Limits limits = limits_of(share, average);
    if (load >= limits.least && load <= limits.most) return;
    text += what + " " + std::to_string(load) + " should be " + std::to_string(limits.least) +
            " to " + std::to_string(limits.most) + "; ";
  };
  for (std::size_t i = 0; i < view.members.size(); ++i) {
    const std::string& name = view.members[i].name;
    check(name + " is primary of", actual.primary[i], expected.primary[i], view.segments / holding);
    check(name + " owns", actual.owned[i], expected.owned[i], view.segments * copies / holding);
  }
  return text;
}

// Each segment has as many owners as it can have, all different, all with a capacity.
bool well_formed(const Placement& placement) {
  const View& view = placement.view();
  const std::size_t wanted = std::min<std::size_t>(view.copies, members_with_capacity(view));
  for (std::uint32_t segment = 0; segment < view.segments; ++segment) {
    const auto owners = placement.owners({segment});
    if (owners.size() != wanted) return false;
    if (std::set<MemberIndex>(owners.begin(), owners.end()).size() != wanted) return false;
    for (const MemberIndex owner : owners) {
      if (view.members.at(owner.value).capacity == 0) return false;
    }
    if (wanted > 0 && placement.primary({segment}) != owners.front()) return false;
  }
  return true;
}

// The view with some members gone and some added, which are like those it had first.
View changed(const View& view, std::size_t add, std::size_t remove) {
  View result = view;
  for (std::size_t i = 0; i < remove; ++i) {
    const std::size_t which = stable_hash(std::to_string(i)) % result.members.size();
    result.members.erase(result.members.begin() + static_cast<std::ptrdiff_t>(which));
  }
  for (std::size_t i = 0; i < add; ++i) {
    Member member = view.members[i % view.members.size()];
    member.name = "new-" + std::to_string(i);
    result.members.push_back(member);
  }
  return result;
}

std::string hex(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[value >> shift & 15];
  return text;
}

}  // namespace

// --- The function itself -------------------------------------------------------------------------

TEST_CASE("placements are those that all versions agree on", "[ring]") {
  // Members of one cluster may run different versions. If this test fails, the new version gives
  // segments to other members than the old one: a new protocol version, not new values here.
  CHECK(owners_by_name(*place(view_of({.members = 3, .segments = 8, .copies = 2}))) ==
        "auth-1 auth-0|auth-0 auth-1|auth-1 auth-2|auth-2 auth-0|"
        "auth-2 auth-0|auth-2 auth-1|auth-0 auth-1|auth-0 auth-1");

  struct Row {
    Cluster cluster;
    std::string digest;
  };
  const std::vector<Row> rows = {
      {{.members = 3}, "9e4ce512fe6177fa"},
      {{.members = 3, .segments = 65536, .copies = 3}, "5f0128eb655c19ac"},
      {{.members = 10, .copies = 1}, "21d3655dbf2d42b6"},
      {{.members = 16}, "207b0d8a04b214c1"},
      {{.members = 16, .copies = 5}, "9f9f245712d3f223"},
      {{.members = 50, .segments = 256}, "baf833a7dfe1c399"},
      {{.members = 100, .segments = 512, .copies = 3}, "c10a17ceb62c04ad"},
      {{.members = 7, .capacities = {1, 2, 3}}, "390a908f87323aee"},
      {{.members = 9, .copies = 3, .capacities = {2, 0, 1}}, "4e110fa18d7c4458"},
      {{.members = 6, .capacities = {1, 4294967295}}, "e8d42b82b019b01b"},
      {{.members = 7, .zones = {"east", "west"}}, "9d89ebf1c7f90546"},
      {{.members = 9, .copies = 5, .zones = {"east", "west", "north"}}, "3ac23a37c391743f"},
      {{.members = 9, .copies = 3, .capacities = {3, 1}, .zones = {"east", "", "west", "west"}},
       "e0e4376c5179a98d"},
  };
  for (const Row& row : rows) {
    INFO(describe(row.cluster));
    CHECK(hex(stable_hash(owners_by_name(*place(view_of(row.cluster))))) == row.digest);
  }
}

TEST_CASE("owners depend on nothing but names, capacities, zones, segments and copies", "[ring]") {
  const View view = view_of({.members = 12,
                             .segments = 512,
                             .copies = 3,
                             .capacities = {2, 0, 1},
                             .zones = {"east", "west", "", "north", "west"}});
  const std::string owners = owners_by_name(*place(view));

  View shuffled = view;
  std::reverse(shuffled.members.begin(), shuffled.members.end());
  std::rotate(shuffled.members.begin(), shuffled.members.begin() + 5, shuffled.members.end());
  CHECK(owners_by_name(*place(shuffled)) == owners);

  View restarted = view;
  restarted.epoch = 99;
  restarted.generation = 7;
  for (Member& member : restarted.members) {
    member.incarnation += 1000;
    member.address = "[::1]:" + std::to_string(member.incarnation);
  }
  CHECK(owners_by_name(*place(restarted)) == owners);

  View rezoned = view;
  for (Member& member : rezoned.members) {
    if (!member.zone.empty()) member.zone = "eu-" + member.zone;
  }
  CHECK(owners_by_name(*place(rezoned)) == owners);

  View larger = view;
  for (Member& member : larger.members) member.capacity *= 3;
  CHECK(actual_loads(*place(larger)).owned == actual_loads(*place(view)).owned);
}

TEST_CASE("without members that have a capacity, segments have no owners", "[ring]") {
  CHECK(place(view_of({.members = 0}))->owners({0}).empty());
  CHECK(place(view_of({.members = 3, .capacities = {0}}))->owners({4095}).empty());
  CHECK(place(view_of({.members = 3, .copies = 0}))->owners({0}).empty());
}

TEST_CASE("a placement keeps the view it was made from", "[ring]") {
  const auto view = std::make_shared<const View>(view_of({.members = 4}));

  const auto placement = Placement::of(view);

  CHECK(&placement->view() == view.get());
}

// --- Balance -------------------------------------------------------------------------------------

TEST_CASE("1 to 100 members own their shares within the limits of SyncConsistentHashFactoryTest",
          "[ring]") {
  for (const std::vector<std::uint32_t>& capacities :
       std::vector<std::vector<std::uint32_t>>{{1}, {1, 100}, {2, 0, 1}}) {
    for (const std::size_t members : kSizes) {
      for (const std::uint32_t copies : {1, 2, 3, 4, 5}) {
        const Cluster cluster{
            .members = members, .segments = 256, .copies = copies, .capacities = capacities};
        const auto placement = place(view_of(cluster));

        INFO(describe(cluster));
        CHECK(well_formed(*placement));
        CHECK(out_of_limits(*placement, sync_limits) == "");
      }
    }
  }
}

TEST_CASE("any number of segments keeps within the limits of SyncConsistentHashFactoryTest",
          "[ring]") {
  for (const std::vector<std::uint32_t>& capacities :
       std::vector<std::vector<std::uint32_t>>{{1}, {2}, {1, 100}, {2, 0, 1}}) {
    for (const std::uint32_t segments : {1, 2, 4, 8, 16, 64, 512}) {
      for (const std::size_t members : {1, 2, 3, 4, 7, 10, 100}) {
        if (members >= segments) continue;
        for (const std::uint32_t copies : {1, 2, 3, 5}) {
          const Cluster cluster{
              .members = members, .segments = segments, .copies = copies, .capacities = capacities};
          const auto placement = place(view_of(cluster));

          INFO(describe(cluster));
          CHECK(well_formed(*placement));
          CHECK(out_of_limits(*placement, sync_limits) == "");
        }
      }
    }
  }
}

TEST_CASE("4096 segments keep within the limits of SyncConsistentHashFactoryTest", "[ring]") {
  for (const std::size_t members : {2, 3, 8, 20, 50, 100}) {
    const Cluster cluster{.members = members, .segments = 4096};

    INFO(describe(cluster));
    CHECK(out_of_limits(*place(view_of(cluster)), sync_limits) == "");
  }
}

TEST_CASE("zones keep within the limits of TopologyAwareSyncConsistentHashFactoryTest", "[ring]") {
  for (const std::vector<std::string>& zones :
       std::vector<std::vector<std::string>>{{"a", "b"},
                                             {"a", "b", "c"},
                                             {"a", "b", "c", "d", "e"},
                                             {"a", "a", "b"},
                                             {"a", "b", "c", "c", "c", "c"}}) {
    for (const std::size_t members : {1, 2, 3, 4, 5, 6, 7, 8, 10, 16, 25, 50, 100}) {
      for (const std::uint32_t copies : {1, 2, 3, 4, 5}) {
        const Cluster cluster{
            .members = members, .segments = 512, .copies = copies, .zones = zones};
        const auto placement = place(view_of(cluster));

        INFO(describe(cluster));
        CHECK(well_formed(*placement));
        CHECK(out_of_limits(*placement, topology_limits) == "");
      }
    }
  }
}

TEST_CASE("more segments than members or more members than segments do no harm", "[ring]") {
  CHECK(well_formed(*place(view_of({.members = 100, .segments = 1, .copies = 5}))));
  CHECK(well_formed(*place(view_of({.members = 300, .segments = 64, .copies = 300}))));
  CHECK(well_formed(*place(view_of({.members = 3, .segments = 65536}))));
}

TEST_CASE("capacities of any size are shared out", "[ring]") {
  const auto placement = place(
      view_of({.members = 4, .copies = 1, .capacities = {4294967295, 1, 4294967295, 2147483648}}));

  const Loads loads = actual_loads(*placement);

  CHECK(loads.primary[0] == Approx(4096 * 0.4).epsilon(0.1));
  CHECK(loads.primary[1] <= 1);
  CHECK(loads.primary[2] == Approx(4096 * 0.4).epsilon(0.1));
  CHECK(loads.primary[3] == Approx(4096 * 0.2).epsilon(0.1));
}

// --- Zones and witnesses -------------------------------------------------------------------------

TEST_CASE("copies are in different zones, or spread evenly over too few", "[ring]") {
  const std::vector<std::string> zones = {"a", "b", "c", "c", "c", "b"};
  for (const std::size_t members : {3, 6, 11, 30}) {
    for (const std::uint32_t copies : {1, 2, 3, 4, 5}) {
      const Cluster cluster{.members = members, .segments = 256, .copies = copies, .zones = zones};
      const auto placement = place(view_of(cluster));

      std::size_t uneven = 0;
      for (std::uint32_t segment = 0; segment < cluster.segments; ++segment) {
        std::array<std::size_t, 3> in_zone = {};
        for (const MemberIndex owner : placement->owners({segment})) {
          ++in_zone.at(static_cast<std::size_t>(zones[owner.value % zones.size()][0] - 'a'));
        }
        // A zone has fewer copies than another by two or more only if it has no more members.
        for (std::size_t zone = 0; zone < in_zone.size(); ++zone) {
          const std::string name(1, static_cast<char>('a' + zone));
          std::size_t size = 0;
          for (const Member& member : placement->view().members) size += member.zone == name;
          const std::size_t most = *std::max_element(in_zone.begin(), in_zone.end());
          if (most > in_zone[zone] + 1 && in_zone[zone] < size) ++uneven;
        }
      }

      INFO(describe(cluster));
      CHECK(uneven == 0);
    }
  }
}

TEST_CASE("members without a zone are each in one of their own", "[ring]") {
  const Cluster alone{.members = 6, .segments = 1024, .copies = 3, .zones = {""}};
  const Cluster each_in_one{
      .members = 6, .segments = 1024, .copies = 3, .zones = {"a", "b", "c", "d", "e", "f"}};

  CHECK(owners_by_name(*place(view_of(alone))) == owners_by_name(*place(view_of(each_in_one))));
}

TEST_CASE("a witness changes nothing for the others", "[ring]") {
  View view = view_of({.members = 5, .segments = 1024, .zones = {"a", "b"}});
  const std::string owners = owners_by_name(*place(view));

  Member witness;
  witness.name = "observer";
  witness.capacity = 0;
  witness.zone = "c";
  view.members.insert(view.members.begin(), witness);

  CHECK(owners_by_name(*place(view)) == owners);
}

// --- Members that leave --------------------------------------------------------------------------

TEST_CASE("who leaves owns nothing where enough others are there", "[ring]") {
  View view = view_of({.members = 5, .segments = 512, .zones = {"a", "b"}});
  View without = view;
  without.members.erase(without.members.begin() + 2);
  view.members[2].leaving = true;

  CHECK(owners_by_name(*place(view)) == owners_by_name(*place(without)));
}

TEST_CASE("who leaves fills up where too few others are there, and comes last", "[ring]") {
  View view = view_of({.members = 5, .segments = 256, .copies = 4});
  for (const std::size_t leaving : {0, 1, 3}) view.members[leaving].leaving = true;

  const auto placement = place(view);

  for (std::uint32_t segment = 0; segment < 256; ++segment) {
    const auto owners = placement->owners({segment});
    REQUIRE(owners.size() == 4);
    CHECK(std::set<MemberIndex>(owners.begin(), owners.end()).size() == 4);
    for (std::size_t i = 0; i < owners.size(); ++i) {
      CHECK(view.members[owners[i].value].leaving == (i >= 2));
    }
  }
  // Each of the three takes its part.
  const Loads loads = actual_loads(*placement);
  for (const std::size_t leaving : {0, 1, 3}) {
    CHECK(loads.owned[leaving] > 100);
    CHECK(loads.primary[leaving] == 0);
  }
}

TEST_CASE("when all members leave, all segments still have owners", "[ring]") {
  View view = view_of({.members = 3, .segments = 256});
  for (Member& member : view.members) member.leaving = true;

  const auto placement = place(view);

  for (std::uint32_t segment = 0; segment < 256; ++segment) {
    CHECK(placement->owners({segment}).size() == 2);
  }
}

TEST_CASE("a witness that leaves owns no more than before", "[ring]") {
  View view = view_of({.members = 2, .segments = 64, .copies = 2, .capacities = {1, 0}});
  view.members[1].leaving = true;

  for (std::uint32_t segment = 0; segment < 64; ++segment) {
    const auto owners = place(view)->owners({segment});
    CHECK(owners.size() == 1);
  }
}

// --- Changes of the view -------------------------------------------------------------------------

TEST_CASE("few copies move without need, by the limits of SyncConsistentHashFactoryTest",
          "[ring]") {
  constexpr std::array<std::pair<std::size_t, std::size_t>, 8> kAddedAndRemoved = {
      {{1, 0}, {2, 0}, {0, 1}, {0, 2}, {2, 1}, {1, 2}, {10, 0}, {0, 10}}};
  for (const std::vector<std::uint32_t>& capacities :
       std::vector<std::vector<std::uint32_t>>{{1}, {1, 100}, {2, 0, 1}}) {
    for (const std::size_t members : {2, 3, 4, 7, 10, 40}) {
      for (const std::uint32_t copies : {1, 2, 3, 5}) {
        const Cluster cluster{
            .members = members, .segments = 256, .copies = copies, .capacities = capacities};
        const auto before = place(view_of(cluster));
        for (const auto& [added, removed] : kAddedAndRemoved) {
          if (removed >= members) continue;
          const auto after = place(changed(before->view(), added, removed));
          if (members_with_capacity(after->view()) == 0) continue;

          const Changes changes = changes_between(*before, *after);

          const double all = copies * cluster.segments;
          const double extra_max =
              std::max<double>(static_cast<double>(members + added), 0.15 * all);
          INFO(describe(cluster) << ", " << added << " added, " << removed << " removed");
          CHECK(static_cast<double>(changes.extra_moves()) <= std::ceil(extra_max));
          // The source only warns at 5 %, and its limit is no limit. With as few segments for a
          // member as here it is some more.
          CHECK(static_cast<double>(changes.swapped) <= 0.1 * cluster.segments);
        }
      }
    }
  }
}

TEST_CASE("with few equal members, copies move only to joiners and from leavers", "[ring]") {
  for (const std::size_t members : {1, 2, 3, 4, 5}) {
    for (const std::uint32_t copies : {1, 2, 3}) {
      const auto before = place(view_of({.members = members, .copies = copies}));

      const auto joined = place(changed(before->view(), 1, 0));
      const Changes at_join = changes_between(*before, *joined);
      const Changes at_leave = changes_between(*joined, *before);

      INFO(members << " members, " << copies << " copies");
      CHECK(at_join.gained == 0);
      CHECK(at_join.swapped == 0);
      CHECK(at_leave.extra_moves() == 0);
      CHECK(at_leave.lost == 0);
      CHECK(at_leave.swapped == 0);
    }
  }
}

TEST_CASE("when one of few equal members goes, a backup becomes primary", "[ring]") {
  for (const std::size_t members : {2, 3, 4, 5}) {
    const auto before = place(view_of({.members = members}));
    for (std::size_t gone = 0; gone < members; ++gone) {
      View view = before->view();
      view.members.erase(view.members.begin() + static_cast<std::ptrdiff_t>(gone));

      const Changes changes = changes_between(*before, *place(view));

      INFO("auth-" << gone << " of " << members << " goes");
      CHECK(changes.kept_a_copy == 4096);
      CHECK(changes.from_holders == changes.kept_a_copy);
    }
  }
}

TEST_CASE("when a member goes, nearly every primary held the segment before", "[ring]") {
  struct Row {
    Cluster cluster;
    double least;
  };
  const std::vector<Row> rows = {
      {{.members = 8}, 0.995},
      {{.members = 16}, 0.995},
      {{.members = 50}, 0.995},
      {{.members = 8, .copies = 3}, 0.999},
      {{.members = 50, .copies = 3}, 0.999},
      // Small clusters of unequal members correct the most.
      {{.members = 3, .capacities = {1, 2, 3}}, 0.95},
      {{.members = 8, .capacities = {1, 2, 3}}, 0.995},
      // A zone replaces its copy from within, and half of the time by a member that comes before
      // the backups: no function of the view alone can avoid that.
      {{.members = 4, .zones = {"a", "b"}}, 0.85},
      {{.members = 9, .zones = {"a", "b", "c"}}, 0.9},
      {{.members = 9, .copies = 3, .zones = {"a", "b", "c"}}, 0.9},
  };
  for (const Row& row : rows) {
    const auto before = place(view_of(row.cluster));
    for (const std::size_t gone : {0, 1, 2}) {
      View view = before->view();
      view.members.erase(view.members.begin() + static_cast<std::ptrdiff_t>(gone));

      const Changes changes = changes_between(*before, *place(view));

      INFO(describe(row.cluster) << ", auth-" << gone << " goes");
      CHECK(static_cast<double>(changes.from_holders) >=
            row.least * static_cast<double>(changes.kept_a_copy));
    }
  }
}

// --- Segments ------------------------------------------------------------------------------------

TEST_CASE("the segment of an id is the top of its hash", "[ring]") {
  const std::string id = "wPJZsMvSh0tdWB2cBsmM3bQW0YJ9GkTq";

  CHECK(segment_of(id, 1) == SegmentId{0});
  CHECK(segment_of(id, 65536).value == stable_hash(id) >> 48);
  for (std::uint32_t segments = 1; segments < kSegmentsMax; segments *= 2) {
    CHECK(segment_of(id, segments).value == segment_of(id, 2 * segments).value / 2);
  }
  CHECK(place(view_of({.segments = 256}))->segment_of(id) == segment_of(id, 256));
}

TEST_CASE("segments of ids are those that all versions agree on", "[ring]") {
  struct Row {
    std::string id;
    std::uint32_t segment;
  };
  const std::vector<Row> rows = {
      {"", 720},
      {"a", 3692},
      {"wPJZsMvSh0tdWB2cBsmM3bQW0YJ9GkTq", 3778},
      {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 428},
      {"________________________________", 1054},
  };
  for (const Row& row : rows) {
    INFO(row.id);
    CHECK(segment_of(row.id, 4096).value == row.segment);
  }
}

TEST_CASE("ids fall into all segments alike", "[ring]") {
  constexpr std::uint32_t kSegments = 256;
  constexpr double kIds = 100'000;
  std::vector<double> counts(kSegments);
  for (int i = 0; i < static_cast<int>(kIds); ++i) {
    ++counts[segment_of("id-" + std::to_string(i), kSegments).value];
  }

  double chi_square = 0;
  for (const double count : counts) {
    chi_square += (count - kIds / kSegments) * (count - kIds / kSegments) / (kIds / kSegments);
  }

  // 255 on average, above 348 one time in 10,000.
  CHECK(chi_square < 348);
  CHECK(chi_square > 176);
}

}  // namespace sojourn::ring
