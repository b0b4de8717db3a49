#include "membership/paxos.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "support/catch.h"
#include "unit/membership/views.h"

namespace sojourn::membership {
namespace {

bool always(const ring::Layout& /*layout*/) { return true; }
bool never(const ring::Layout& /*layout*/) { return false; }

// A layout that no other number gives.
ring::Layout layout(std::uint64_t number) {
  ring::Layout layout;
  layout.view.epoch = 2;
  layout.view.members.push_back({.name = "z", .incarnation = 1000 + number});
  return layout;
}

// All members of one view, and the messages under way between them.
class Group {
 public:
  struct Sent {
    Incarnation from = {};
    Paxos::Outgoing outgoing = {};
  };

  explicit Group(std::size_t members, Rules rules = {}) : view_(view_of(members)) {
    for (const Member& member : view_.members) {
      members_.push_back(std::make_unique<Paxos>(view_, Incarnation{member.incarnation}, rules));
    }
  }

  std::size_t size() const { return members_.size(); }
  // By place in the view; the incarnation is one more.
  Paxos& operator[](std::size_t member) { return *members_[member]; }

  void propose(std::size_t member, std::uint64_t number) {
    members_[member]->propose(Time(), layout(number));
    members_[member]->accept_own(always);
    collect(member);
  }

  std::vector<Sent>& under_way() { return under_way_; }

  void deliver(const Sent& sent) {
    const std::size_t to = sent.outgoing.to.value - 1;
    Paxos& paxos = *members_[to];
    std::visit(
        [&](const auto& body) {
          if constexpr (std::is_same_v<std::decay_t<decltype(body)>, Propose>) {
            paxos.receive(sent.from, body, may_accept[to] ? always : never);
          } else {
            paxos.receive(sent.from, body);
          }
        },
        sent.outgoing.message);
    if (may_accept[to]) paxos.accept_own(always);
    collect(to);
  }

  // Delivers everything in order, but nothing to or from those.
  void deliver_all(const std::set<std::size_t>& cut_off = {}) {
    while (!under_way_.empty()) {
      const Sent sent = under_way_.front();
      under_way_.erase(under_way_.begin());
      if (cut_off.contains(sent.from.value - 1) || cut_off.contains(sent.outgoing.to.value - 1)) {
        continue;
      }
      deliver(sent);
    }
  }

  void ask_again(std::size_t member) {
    members_[member]->ask_again();
    collect(member);
  }

  // What was decided, as far as members know.
  std::vector<ring::Layout> decisions() const {
    std::vector<ring::Layout> all;
    for (const auto& member : members_) {
      const std::optional<ring::Layout>& decided = member->decided();
      if (decided && std::find(all.begin(), all.end(), *decided) == all.end()) {
        all.push_back(*decided);
      }
    }
    return all;
  }

  std::map<std::size_t, bool> may_accept = {{0, true}, {1, true}, {2, true}, {3, true}, {4, true}};

 private:
  void collect(std::size_t member) {
    for (Paxos::Outgoing& outgoing : members_[member]->take_outgoing()) {
      under_way_.push_back({Incarnation{member + 1}, std::move(outgoing)});
    }
  }

  const View view_;
  std::vector<std::unique_ptr<Paxos>> members_;
  std::vector<Sent> under_way_;
};

using Layouts = std::vector<ring::Layout>;

TEST_CASE("a layout that nobody disputes is decided", "[membership]") {
  for (std::size_t members = 1; members <= 5; ++members) {
    Group group(members);

    group.propose(0, 7);
    group.deliver_all();

    CHECK(group[0].decided() == layout(7));
  }
}

TEST_CASE("a member that is a quorum by itself decides at once", "[membership]") {
  Group group(2);

  group.propose(0, 7);

  CHECK(group[0].decided() == layout(7));
}

TEST_CASE("half of the members decide nothing without the oldest", "[membership]") {
  Group two(2);
  two.propose(1, 7);
  two.deliver_all({0});
  CHECK_FALSE(two[1].decided());

  Group four(4);
  four.propose(1, 7);
  four.deliver_all({0, 3});
  CHECK_FALSE(four[1].decided());

  four.ask_again(1);
  four.deliver_all({3});
  CHECK(four[1].decided() == layout(7));
}

TEST_CASE("a quorum decides without the others", "[membership]") {
  Group group(5);

  group.propose(4, 7);
  group.deliver_all({0, 1});

  CHECK(group[4].decided() == layout(7));
}

TEST_CASE("a layout that may have been decided is adopted by whoever proposes next",
          "[membership]") {
  Group group(3);
  group.propose(0, 7);
  group.deliver_all({2});
  REQUIRE(group[0].decided() == layout(7));

  group.propose(2, 8);
  group.deliver_all({0});

  CHECK(group[2].decided() == layout(7));
}

TEST_CASE("of several accepted layouts that of the highest ballot is adopted", "[membership]") {
  Group group(5);
  // Accepted by one member each, who then falls silent for the next proposer.
  group.propose(0, 7);
  group.deliver_all();
  Group other(5);
  other[1].receive(Incarnation{1}, Propose{{1, Incarnation{1}}, layout(7)}, always);
  other[2].receive(Incarnation{5}, Propose{{2, Incarnation{5}}, layout(8)}, always);
  other[1].take_outgoing();
  other[2].take_outgoing();

  other.propose(3, 9);
  other.deliver_all({0, 4});

  // Its ballot was the lowest: it is refused, and knows how high to go.
  CHECK_FALSE(other[3].is_proposing());
  other.propose(3, 9);
  other.deliver_all({0, 4});
  CHECK(other[3].decided() == layout(8));
}

TEST_CASE("who has promised itself to a higher ballot refuses lower ones and says which",
          "[membership]") {
  Group group(3);
  group[1].receive(Incarnation{3}, Prepare{{5, Incarnation{3}}});
  group[1].take_outgoing();

  group[1].receive(Incarnation{1}, Prepare{{4, Incarnation{1}}});
  group[1].receive(Incarnation{1}, Propose{{4, Incarnation{1}}, layout(7)}, always);

  const std::vector<Paxos::Outgoing> answers = group[1].take_outgoing();
  REQUIRE(answers.size() == 2);
  for (const Paxos::Outgoing& answer : answers) {
    CHECK(answer.to == Incarnation{1});
    REQUIRE(std::holds_alternative<Refuse>(answer.message));
    CHECK(std::get<Refuse>(answer.message).ballot == Ballot{4, Incarnation{1}});
    CHECK(std::get<Refuse>(answer.message).promised == Ballot{5, Incarnation{3}});
  }
  CHECK_FALSE(group[1].has_accepted());
}

TEST_CASE("a refused proposer gives up, and its next ballot is higher than the refuser's",
          "[membership]") {
  Group group(3);
  group.propose(0, 7);
  group[0].receive(Incarnation{2}, Refuse{{1, Incarnation{1}}, {5, Incarnation{3}}});
  CHECK_FALSE(group[0].is_proposing());
  group.under_way().clear();

  group.propose(0, 7);

  REQUIRE_FALSE(group.under_way().empty());
  const auto& message = group.under_way().front().outgoing.message;
  REQUIRE(std::holds_alternative<Prepare>(message));
  CHECK(std::get<Prepare>(message).ballot > Ballot{5, Incarnation{3}});
}

TEST_CASE("a refusal of an earlier ballot does not stop the present one", "[membership]") {
  Group group(3);
  group.propose(0, 7);
  group.propose(0, 7);

  group[0].receive(Incarnation{2}, Refuse{{1, Incarnation{1}}, {1, Incarnation{3}}});

  CHECK(group[0].is_proposing());
}

TEST_CASE("who may not accept stays silent, and answers when it is asked again later",
          "[membership]") {
  Group group(3);
  group.may_accept[1] = false;
  group.propose(0, 7);
  group.deliver_all({2});
  CHECK_FALSE(group[0].decided());
  CHECK_FALSE(group[1].has_accepted());

  group.may_accept[1] = true;
  group.ask_again(0);
  group.deliver_all({2});

  CHECK(group[0].decided() == layout(7));
}

TEST_CASE("a proposer that may not accept its own layout still counts the others' votes",
          "[membership]") {
  Group group(3);
  group.may_accept[0] = false;
  group[0].propose(Time(), layout(7));
  group.ask_again(0);

  group.deliver_all();

  CHECK(group[0].decided() == layout(7));
  CHECK_FALSE(group[0].has_accepted());
}

TEST_CASE("what was accepted is acknowledged again also when it would not be accepted now",
          "[membership]") {
  Group group(3);
  group.propose(0, 7);
  group.deliver_all({2});
  group.may_accept[1] = false;

  const Ballot ballot{1, Incarnation{1}};
  group[1].receive(Incarnation{1}, Propose{ballot, layout(7)}, never);

  const std::vector<Paxos::Outgoing> answers = group[1].take_outgoing();
  REQUIRE(answers.size() == 1);
  CHECK(std::holds_alternative<Accept>(answers.front().message));
}

TEST_CASE("only those that have not answered are asked again", "[membership]") {
  Group group(5);
  group.propose(0, 7);
  group.deliver_all({2, 3, 4});

  group.ask_again(0);

  std::set<Incarnation> asked;
  for (const Group::Sent& sent : group.under_way()) asked.insert(sent.outgoing.to);
  CHECK(asked == std::set{Incarnation{3}, Incarnation{4}, Incarnation{5}});
}

TEST_CASE("votes of strangers decide nothing", "[membership]") {
  Group group(3);
  group.propose(0, 7);
  const Ballot ballot{1, Incarnation{1}};

  group[0].receive(Incarnation{99}, Promise{.ballot = ballot});
  group[0].receive(Incarnation{99}, Accept{ballot});

  CHECK_FALSE(group[0].decided());
}

// One random walk: members propose whatever they like, messages are lost, repeated and delivered in
// any order, members may and may not accept. Returns how many different layouts were decided.
std::size_t decided_by_chance(std::uint64_t seed, std::size_t members, Rules rules) {
  SeededRandom random(seed);
  Group group(members, rules);
  std::uint64_t proposals = 0;
  // Members that fell silent for good: they have crashed.
  std::set<std::uint64_t> crashed;
  for (int step = 0; step < 120; ++step) {
    const std::size_t member = random.below(members);
    const std::uint64_t choice = random.below(20);
    if (choice == 0 || proposals == 0) {
      if (!crashed.contains(member)) group.propose(member, ++proposals);
    } else if (choice == 1) {
      if (!crashed.contains(member)) group.ask_again(member);
    } else if (choice == 2) {
      group.may_accept[member] = !group.may_accept[member];
    } else if (choice == 3 && random.one_in(10)) {
      crashed.insert(member);
    } else if (!group.under_way().empty()) {
      const std::size_t which = random.below(group.under_way().size());
      const Group::Sent sent = group.under_way()[which];
      // Most are delivered once, some again later, some never.
      if (!random.one_in(5)) {
        group.under_way().erase(group.under_way().begin() + static_cast<std::ptrdiff_t>(which));
      }
      if (random.one_in(6) || crashed.contains(sent.outgoing.to.value - 1)) continue;
      group.deliver(sent);
    }
  }
  return group.decisions().size();
}

struct Tally {
  int decided = 0;
  int torn = 0;
};

Tally walk(std::size_t members, std::uint64_t walks, Rules rules = {}) {
  Tally tally;
  for (std::uint64_t seed = 0; seed < walks; ++seed) {
    const std::size_t decisions = decided_by_chance(seed, members, rules);
    if (decisions > 0) ++tally.decided;
    if (decisions > 1) ++tally.torn;
  }
  return tally;
}

TEST_CASE("whatever the network does, two different layouts are never decided", "[membership]") {
  for (std::size_t members = 2; members <= 5; ++members) {
    const Tally tally = walk(members, 4000);

    INFO(members << " members");
    CHECK(tally.torn == 0);
    CHECK(tally.decided > 2000);  // or nothing was tried
  }
}

TEST_CASE("without adoption, or without quorums, two layouts are decided some time",
          "[membership]") {
  CHECK(walk(3, 4000, {.without = Rule::kAdoptAccepted}).torn > 0);
  CHECK(walk(3, 4000, {.without = Rule::kQuorum}).torn > 0);
}

}  // namespace
}  // namespace sojourn::membership
