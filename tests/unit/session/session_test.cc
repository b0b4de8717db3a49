#include "sojourn/session.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "session/access.h"
#include "session/record.h"
#include "support/catch.h"

namespace sojourn {
namespace {

using namespace std::chrono_literals;
using session::Access;
using session::AttributeView;
using session::Record;
using session::RecordRef;
using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

constexpr Time kCreated{1h};
constexpr std::chrono::microseconds kWallOffset = 24h * 20'000;

RecordRef anas_record() {
  const std::vector<AttributeView> attributes = {{"cart", "3"}, {"role", "admin"}};
  return Record::make({.id = "the-id",
                       .phase = Phase::kActive,
                       .subject = "ana",
                       .lifetime = {30min, 12h},
                       .version = {2, 7},
                       .created_at = kCreated,
                       .last_seen = kCreated,
                       .attributes = attributes});
}

Session anas_session() { return Access::make(anas_record(), kCreated + 10min, kWallOffset); }

TEST_CASE("a session shows what its record says", "[session]") {
  const Session session = anas_session();

  CHECK(session.id().text() == "the-id");
  CHECK(session.subject() == "ana");
  CHECK(session.phase() == Phase::kActive);
  CHECK(session.lifetime() == Lifetime{30min, 12h});
  CHECK(session.version() == Version{2, 7});
  CHECK(session.attribute("role") == "admin");
  CHECK_FALSE(session.attribute("nothing"));
  CHECK(session.attributes() == Pairs{{"cart", "3"}, {"role", "admin"}});
}

TEST_CASE("a login shows its tabs", "[session]") {
  const std::vector<session::TabView> tabs = {{.name = "t2"},
                                              {.name = "t1", .attributes = {{"client", "shop"}}}};
  const Session login = Access::make(
      Record::make({.id = "the-id", .created_at = kCreated, .tabs = tabs}), kCreated, kWallOffset);

  CHECK(login.tabs() == std::vector<Tab>{{.name = "t2"}, {"t1", {{"client", "shop"}}}});
  CHECK(login.tab("t1")->attribute("client") == "shop");
  CHECK_FALSE(login.tab("t1")->attribute("shop"));
  CHECK_FALSE(login.tab("t3"));
  CHECK(anas_session().tabs().empty());
}

TEST_CASE("a session explains when it will end, and why", "[session]") {
  struct Row {
    Lifetime lifetime;
    std::optional<Duration> shortened_to;
    Duration last_seen;
    Duration end;
    EndsBy by;
  };
  const Row row = GENERATE(Row{{30min, 12h}, {}, 0s, 30min, EndsBy::kIdle},
                           Row{{30min, 12h}, {}, 11h + 29min, 11h + 59min, EndsBy::kIdle},
                           Row{{30min, 12h}, {}, 11h + 30min, 12h, EndsBy::kAbsolute},
                           Row{{30min, 30min}, {}, 0s, 30min, EndsBy::kAbsolute},
                           Row{{30min, 12h}, 20min, 0s, 20min, EndsBy::kShortened},
                           Row{{30min, 12h}, 20min, 10min, 20min, EndsBy::kShortened},
                           Row{{30min, 12h}, 30min, 0s, 30min, EndsBy::kShortened},
                           Row{{30min, 12h}, 12h, 11h + 50min, 12h, EndsBy::kAbsolute},
                           Row{{10min, 12h}, 20min, 0s, 10min, EndsBy::kIdle});
  const Session session = Access::make(Record::make({.id = "the-id",
                                                     .lifetime = row.lifetime,
                                                     .created_at = kCreated,
                                                     .shortened_to = row.shortened_to}),
                                       kCreated + row.last_seen, kWallOffset);

  const Ending ending = explain(session);

  CHECK(ending.at == session.created_at() + row.end);
  CHECK(ending.at == session.expires_at());
  CHECK(ending.by == row.by);
}

TEST_CASE("a session's times are those of the wall clock", "[session]") {
  const Session session = anas_session();
  const Session::WallTime created = Session::WallTime(24h * 20'000 + 1h);

  CHECK(session.created_at() == created);
  CHECK(session.last_seen_at() == created + 10min);
  CHECK(session.expires_at() == created + 40min);
}

TEST_CASE("a session shares the stored record until it is changed", "[session]") {
  const RecordRef record = anas_record();
  const Session session = Access::make(record, kCreated, kWallOffset);

  CHECK(&Access::record(session) == record.get());
  CHECK(session.attribute("role")->data() == record->attribute("role")->data());
}

TEST_CASE("setting adds or replaces an attribute, in the order of names", "[session]") {
  Session session = anas_session();

  session.set("role", "guest");
  session.set("a", "first");
  session.set("z", "last");
  session.set("middle", "");

  CHECK(session.attributes() ==
        Pairs{{"a", "first"}, {"cart", "3"}, {"middle", ""}, {"role", "guest"}, {"z", "last"}});
  CHECK(session.attribute("role") == "guest");
  CHECK(session.attribute("middle") == "");
  CHECK_FALSE(session.attribute("mid"));
}

TEST_CASE("erasing removes an attribute, and what is not there stays away", "[session]") {
  Session session = anas_session();

  session.erase("role");
  session.erase("nothing");

  CHECK(session.attributes() == Pairs{{"cart", "3"}});
  CHECK_FALSE(session.attribute("role"));
  session.erase("cart");
  CHECK(session.attributes().empty());
}

TEST_CASE("a change is seen in its own copy only", "[session]") {
  const RecordRef record = anas_record();
  Session changed = Access::make(record, kCreated, kWallOffset);
  const Session before = changed;

  changed.set("role", "guest");
  const Session after = changed;
  changed.set("role", "nobody");

  CHECK(record->attribute("role") == "admin");
  CHECK(before.attribute("role") == "admin");
  CHECK(after.attribute("role") == "guest");
  CHECK(changed.attribute("role") == "nobody");
}

TEST_CASE("a changed session keeps its version and its record", "[session]") {
  Session session = anas_session();
  const Record* record = &Access::record(session);

  session.set("role", "guest");

  CHECK(session.version() == Version{2, 7});
  CHECK(&Access::record(session) == record);
}

TEST_CASE("sessions are values: copied, moved and assigned with their changes", "[session]") {
  Session changed = anas_session();
  changed.set("role", "guest");

  Session assigned = anas_session();
  assigned = changed;
  CHECK(assigned.attribute("role") == "guest");
  assigned = anas_session();
  CHECK(assigned.attribute("role") == "admin");

  Session moved = std::move(changed);
  CHECK(moved.attribute("role") == "guest");
  assigned = std::move(moved);
  CHECK(assigned.attribute("role") == "guest");

  const Session& itself = assigned;
  assigned = itself;
  CHECK(assigned.attribute("role") == "guest");
  CHECK(assigned.subject() == "ana");
}

TEST_CASE("assigning brings the times along", "[session]") {
  Session session = anas_session();
  session = Access::make(anas_record(), kCreated + 20min, kWallOffset);
  CHECK(session.last_seen_at() == session.created_at() + 20min);
}

TEST_CASE("the store sees the attributes of a session with its changes", "[session]") {
  Session session = anas_session();
  CHECK(Access::attributes(session) == std::vector<Attribute>{{"cart", "3"}, {"role", "admin"}});

  session.set("cart", "4");
  session.erase("role");

  CHECK(Access::attributes(session) == std::vector<Attribute>{{"cart", "4"}});
}

}  // namespace
}  // namespace sojourn
