#include "membership/membership.h"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "support/catch.h"

namespace sojourn::membership {
namespace {

using namespace std::chrono_literals;

// Members of one list, with a network between them that delivers when told to.
class Cluster {
 public:
  explicit Cluster(std::vector<std::string> names) : names_(std::move(names)) {
    for (const std::string& name : names_) start(name);
  }

  static MembershipOptions options(const std::string& self, const std::vector<std::string>& names) {
    MembershipOptions options{.cluster = "test", .self = self, .segments = 16, .copies = 2};
    for (const std::string& name : names) {
      options.members.push_back({.name = name, .address = name + ":1"});
    }
    return options;
  }

  // A new process of that name; what the old one knew is gone.
  void start(const std::string& name) { start(options(name, names_)); }
  void start(MembershipOptions options) {
    const std::string name = options.self;
    incarnations_[name] = Incarnation{next_incarnation_++};
    members_[name] = std::make_unique<Membership>(std::move(options), incarnations_[name]);
    members_[name]->start(now_);
    collect(name);
  }

  Membership& operator[](const std::string& name) { return *members_.at(name); }

  // Delivers what is under way, and what that causes, but nothing to members that are cut off.
  void deliver() {
    while (!under_way_.empty()) {
      Sent sent = std::move(under_way_.front());
      under_way_.pop_front();
      deliver(sent);
    }
  }

  struct Sent {
    std::string from, to;
    Incarnation incarnation;
    std::uint64_t epoch;
    Message message;
  };

  void deliver(const Sent& sent) {
    if (cut_off_.contains(sent.to) || cut_off_.contains(sent.from)) return;
    members_.at(sent.to)->receive(now_, sent.from, sent.incarnation, sent.epoch, sent.message);
    collect(sent.to);
  }

  void pass(Duration duration) {
    for (Duration passed{}; passed < duration; passed += 200ms) {
      now_ += 200ms;
      for (const std::string& name : names_) {
        members_[name]->tick(now_);
        collect(name);
      }
      deliver();
    }
  }

  std::deque<Sent>& under_way() { return under_way_; }
  std::set<std::string>& cut_off() { return cut_off_; }
  Time now() const { return now_; }
  std::vector<Notice> notices;

 private:
  void collect(const std::string& name) {
    Effects effects = members_[name]->take_effects();
    for (Outgoing& outgoing : effects.outgoing) {
      under_way_.push_back({name, outgoing.to, incarnations_[name], members_[name]->epoch(),
                            std::move(outgoing.message)});
    }
    for (Notice& notice : effects.notices) notices.push_back(std::move(notice));
  }

  const std::vector<std::string> names_;
  Time now_ = Time(1h);
  std::uint64_t next_incarnation_ = 1;
  std::map<std::string, Incarnation> incarnations_;
  std::map<std::string, std::unique_ptr<Membership>> members_;
  std::deque<Sent> under_way_;
  std::set<std::string> cut_off_;
};

TEST_CASE("members that hear each other install the same first view", "[membership]") {
  Cluster cluster({"a", "b", "c"});

  cluster.pass(1s);

  REQUIRE(cluster["a"].view());
  CHECK(cluster["a"].view()->epoch == 1);
  CHECK(*cluster["a"].view() == *cluster["b"].view());
  CHECK(*cluster["a"].view() == *cluster["c"].view());
  CHECK(cluster["b"].waiting_for() == "ready");
}

TEST_CASE("a member alone in its list needs nobody for its view", "[membership]") {
  Cluster cluster({"a"});

  CHECK(cluster["a"].view());
}

TEST_CASE("there is no view while one member of the list is silent", "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.cut_off().insert("c");

  cluster.pass(5s);

  CHECK_FALSE(cluster["a"].view());
  CHECK(cluster["a"].waiting_for() == "waiting for the first word from c");
  CHECK(cluster["a"].connected_count(cluster.now()) == 1);

  cluster.cut_off().clear();
  cluster.pass(1s);
  CHECK(cluster["c"].view());
}

TEST_CASE("a member that restarts before the view is decided is in it as it is now",
          "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.start("c");

  cluster.pass(2s);

  REQUIRE(cluster["c"].view());
  CHECK(*cluster["a"].view() == *cluster["c"].view());
}

TEST_CASE("a member that restarts under a running view stays out and says why", "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.pass(1s);
  const View before = *cluster["a"].view();

  cluster.start("b");
  cluster.pass(2s);

  CHECK_FALSE(cluster["b"].view());
  CHECK(cluster["b"].waiting_for().find("member b restarted") == 0);
  CHECK(*cluster["a"].view() == before);
}

TEST_CASE("when all members have restarted a new first view begins", "[membership]") {
  Cluster cluster({"a", "b", "c"});
  cluster.pass(1s);
  const View before = *cluster["a"].view();

  for (const char* name : {"a", "b", "c"}) {
    cluster.start(name);
    cluster.pass(1s);
  }

  REQUIRE(cluster["a"].view());
  CHECK(*cluster["a"].view() == *cluster["b"].view());
  CHECK_FALSE(*cluster["a"].view() == before);
}

TEST_CASE("what is still under way from an earlier incarnation changes nothing", "[membership]") {
  Cluster cluster({"a", "b"});
  std::vector<Cluster::Sent> late(cluster.under_way().begin(), cluster.under_way().end());
  cluster.pass(1s);
  cluster.start("a");
  cluster.start("b");
  cluster.pass(1s);
  const View view = *cluster["b"].view();

  for (const Cluster::Sent& sent : late) cluster.deliver(sent);
  cluster.pass(1s);

  CHECK(*cluster["a"].view() == view);
  CHECK(*cluster["b"].view() == view);
}

TEST_CASE("a decision that overtakes its proposal is not installed", "[membership]") {
  Cluster cluster({"a", "b"});
  View view = {.epoch = 1, .generation = 1, .segments = 16, .copies = 2};
  view.members = {{.name = "a", .address = "a:1", .incarnation = 1},
                  {.name = "b", .address = "b:1", .incarnation = 2}};

  cluster.deliver({"a", "b", Incarnation{1}, 1, Decide{view}});

  CHECK_FALSE(cluster["b"].view());
}

TEST_CASE("members with another configuration get no view together", "[membership]") {
  struct Row {
    const char* wrong;
    void (*change)(MembershipOptions&);
    std::string says;
  };
  const Row rows[] = {
      {"cluster", [](MembershipOptions& o) { o.cluster = "other"; },
       "member b belongs to cluster other, not test"},
      {"segments", [](MembershipOptions& o) { o.segments = 32; },
       "member b has 32 segments, not 16"},
      {"copies", [](MembershipOptions& o) { o.copies = 3; }, "member b keeps 3 copies, not 2"},
      {"members", [](MembershipOptions& o) { o.members.back().capacity = 7; },
       "member b has another list of members"},
      {"wire", [](MembershipOptions& o) { o.wire_version_min = o.wire_version_max = 9; },
       "member b speaks wire versions 9 to 9, not 1 to 1"},
  };
  for (const Row& row : rows) {
    INFO(row.wrong);
    Cluster cluster({"a", "b"});
    MembershipOptions options = Cluster::options("b", {"a", "b"});
    row.change(options);
    cluster.start(options);

    cluster.pass(1s);

    CHECK_FALSE(cluster["a"].view());
    CHECK(cluster["a"].waiting_for() == row.says);
  }
}

TEST_CASE("a member that has not been heard for the silence limit is not connected",
          "[membership]") {
  Cluster cluster({"a", "b"});
  cluster.pass(1s);
  REQUIRE(cluster["a"].connected(cluster.now(), "b"));

  cluster.cut_off().insert("b");
  cluster.pass(2s);

  CHECK_FALSE(cluster["a"].connected(cluster.now(), "b"));
}

}  // namespace
}  // namespace sojourn::membership
