#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/session.h"
#include "support/catch.h"

namespace sojourn {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a new session without a subject is a login in progress", "[session]") {
  const NewSession session;
  CHECK(session.phase() == Phase::kLogin);
  CHECK(session.subject().empty());
  CHECK(session.attributes().empty());
  CHECK_FALSE(session.lifetime());
}

TEST_CASE("a new session of a subject is active", "[session]") {
  const NewSession session("ana");
  CHECK(session.phase() == Phase::kActive);
  CHECK(session.subject() == "ana");
}

TEST_CASE("a new session is built in one expression or step by step", "[session]") {
  const NewSession at_once =
      NewSession("ana").with("role", "admin").with("theme", "dark").lasting({5min, 1h});

  NewSession in_steps("ana");
  in_steps.with("role", "admin").with("theme", "dark");
  in_steps.lasting({5min, 1h});

  for (const NewSession& session : {at_once, in_steps}) {
    CHECK(session.subject() == "ana");
    CHECK(session.attributes() == std::vector<Attribute>{{"role", "admin"}, {"theme", "dark"}});
    CHECK(session.lifetime() == Lifetime{5min, 1h});
  }
}

TEST_CASE("the last value given for a name counts", "[session]") {
  const NewSession session = NewSession().with("a", "1").with("b", "2").with("a", "3");
  CHECK(session.attributes() == std::vector<Attribute>{{"a", "3"}, {"b", "2"}});
}

TEST_CASE("a patch keeps its steps in the order given", "[session]") {
  const Patch patch = Patch().set("cart", "3").erase("coupon").set("cart", "");

  CHECK(patch.steps() ==
        std::vector<Patch::Step>{{"cart", "3"}, {"coupon", std::nullopt}, {"cart", ""}});
  CHECK_FALSE(patch.expected_version());
}

TEST_CASE("a new login's attributes belong to the tab that was named last", "[session]") {
  const NewSession login =
      NewSession().with("lang", "de").in_tab("t1").with("a", "1").with("a", "2");

  CHECK(login.attributes() == std::vector<Attribute>{{"lang", "de"}});
  CHECK(login.tabs() == std::vector<Tab>{{"t1", {{"a", "2"}}}});
  CHECK(NewSession().in_tab("t1").in_tab("t2").in_tab("t1").tabs() ==
        std::vector<Tab>{{.name = "t2"}, {.name = "t1"}});
  CHECK(NewSession("ana").remembered().is_remembered());
  CHECK_FALSE(login.is_remembered());
}

TEST_CASE("a patch's steps are about the tab that was named last", "[session]") {
  const Patch patch = Patch().set("a", "1").in_tab("t1").set("b", "2").erase("c");

  CHECK(patch.steps() ==
        std::vector<Patch::Step>{
            {"a", "1"}, {"", std::nullopt, "t1"}, {"b", "2", "t1"}, {"c", std::nullopt, "t1"}});
  CHECK_FALSE(patch.time_left());
  CHECK(Patch().ends_within(60s).time_left() == 60s);
}

TEST_CASE("a patch may be bound to a version", "[session]") {
  Patch patch;
  patch.set("a", "1").erase("b");
  patch.if_version({2, 7});

  CHECK(patch.steps().size() == 2);
  CHECK(patch.expected_version() == Version{2, 7});
  CHECK(Patch().if_version({1, 1}).set("a", "1").expected_version() == Version{1, 1});
}

TEST_CASE("versions are ordered by epoch, then by sequence", "[session]") {
  CHECK(Version{1, 9} < Version{2, 1});
  CHECK(Version{2, 1} < Version{2, 2});
  CHECK(Version{} < Version{1, 0});
}

}  // namespace
}  // namespace sojourn
