#include "session/record.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "session/id_draw.h"
#include "session/limits.h"
#include "support/catch.h"

namespace sojourn::session {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr Time kCreated{1h};

RecordRef with_attributes(const std::vector<AttributeView>& attributes) {
  return Record::make({.id = "a", .attributes = attributes});
}

TEST_CASE("a record says what it was made of", "[session]") {
  const std::vector<AttributeView> attributes = {{"cart", "3"}, {"role", "admin"}};
  const RecordRef record = Record::make({.id = "the-id",
                                         .phase = Phase::kActive,
                                         .subject = "ana",
                                         .lifetime = {10min, 2h},
                                         .version = {3, 14},
                                         .created_at = kCreated,
                                         .last_seen = kCreated + 1s,
                                         .attributes = attributes});

  CHECK(record->id() == "the-id");
  CHECK(record->phase() == Phase::kActive);
  CHECK(record->subject() == "ana");
  CHECK(record->lifetime() == Lifetime{10min, 2h});
  CHECK(record->version() == Version{3, 14});
  CHECK(record->created_at() == kCreated);
  CHECK(record->last_seen() == kCreated + 1s);
  CHECK(record->attribute_count() == 2);
  CHECK(attributes_of(*record) == attributes);
}

TEST_CASE("a record with another version is the same in all else, and in no table", "[session]") {
  const std::vector<AttributeView> attributes = {{"cart", ""}, {"role", "admin"}};
  const RecordRef record = Record::make({.id = "the-id",
                                         .phase = Phase::kActive,
                                         .subject = "ana",
                                         .lifetime = {10min, 2h},
                                         .version = {3, 14},
                                         .created_at = kCreated,
                                         .last_seen = kCreated + 1s,
                                         .attributes = attributes});
  record->set_ended(true);

  const RecordRef moved = Record::with_version(*record, {4, 1}, kCreated + 5s);

  CHECK(moved->version() == Version{4, 1});
  CHECK(moved->last_seen() == kCreated + 5s);
  CHECK_FALSE(moved->ended());
  CHECK(moved->id() == "the-id");
  CHECK(moved->phase() == Phase::kActive);
  CHECK(moved->subject() == "ana");
  CHECK(moved->lifetime() == Lifetime{10min, 2h});
  CHECK(moved->created_at() == kCreated);
  CHECK(attributes_of(*moved) == attributes);
  CHECK(moved->bytes() == record->bytes());
  CHECK(record->version() == Version{3, 14});
}

TEST_CASE("the greatest version and the latest times are kept whole", "[session]") {
  const Version version = {kEpochMax, kSequenceMax};
  const Time late = Time(24h * 365 * 100);
  const RecordRef record =
      Record::make({.id = "a", .version = version, .created_at = late, .last_seen = late + 1us});

  CHECK(record->version() == version);
  CHECK(record->created_at() == late);
  CHECK(record->last_seen() == late + 1us);
  record->set_ended(true);
  record->set_last_seen(Time(-1us));
  CHECK(record->ended());
  CHECK(record->last_seen() == Time(-1us));
}

TEST_CASE("ids as they are drawn take less, and are the same as any others", "[session]") {
  SeededRandom random(1);
  const std::string drawn = draw_id(random);
  const std::string other = drawn.substr(1) + ".";
  const RecordRef packed = Record::make({.id = drawn, .subject = "ana-lu"});
  const RecordRef plain = Record::make({.id = other, .subject = "ana-lu"});

  CHECK(packed->id() == drawn);
  CHECK(packed->subject() == "ana-lu");
  CHECK(plain->id() == other);
  CHECK(packed->bytes() < plain->bytes());
}

TEST_CASE("an id is looked up by the same as its text", "[session]") {
  const auto text =
      GENERATE(values<std::string>({"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "a",
                                    "5e161e00-d426-4ea6-98e9-52eb9844e2d7", std::string(64, 'z')}));
  const std::string other(text.size(), 'b');
  const absl::StatusOr<SessionId> id = SessionId::parse(text);
  REQUIRE(id.ok());
  const RecordRef record = Record::make({.id = text});

  const SoughtId sought(*id);

  CHECK(sought.text() == text);
  CHECK(sought.hash() == SoughtId(text).hash());
  CHECK(record->has_id(sought));
  CHECK(record->has_id(SoughtId(text)));
  CHECK_FALSE(record->has_id(SoughtId(other)));
}

TEST_CASE("a record keeps its own copy of everything", "[session]") {
  RecordRef record;
  {
    const std::string id(64, 'i');
    const std::string value(100, 'v');
    const std::vector<AttributeView> attributes = {{"name", value}};
    record = Record::make({.id = id, .attributes = attributes});
  }
  CHECK(record->id() == std::string(64, 'i'));
  CHECK(record->attribute("name") == std::string(100, 'v'));
}

TEST_CASE("attributes are found by their whole name", "[session]") {
  const RecordRef record = with_attributes({{"a", "1"}, {"ab", "2"}, {"abc", ""}});

  CHECK(record->attribute("a") == "1");
  CHECK(record->attribute("ab") == "2");
  CHECK(record->attribute("abc") == "");
  CHECK_FALSE(record->attribute("abcd"));
  CHECK_FALSE(record->attribute("b"));
  CHECK_FALSE(record->attribute(""));
}

TEST_CASE("a record without attributes has none", "[session]") {
  const RecordRef record = with_attributes({});
  CHECK(record->attribute_count() == 0);
  CHECK(attributes_of(*record).empty());
  CHECK_FALSE(record->attribute("a"));
  CHECK(record->subject().empty());
}

TEST_CASE("attributes may hold any bytes", "[session]") {
  const std::string name = "\0\xff\x80"s;
  const std::string value = "\xff\0.;=\n"s;
  const RecordRef record = with_attributes({{name, value}});
  CHECK(record->attribute(name) == value);
}

TEST_CASE("a record of the largest session is whole", "[session]") {
  const std::string id(SessionId::kSizeMax, 'i');
  const std::string subject(kSubjectBytesMax, 's');
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kAttributesMax; ++i) {
    names.push_back(std::string(kAttributeNameBytesMax - 2, 'n') + static_cast<char>('a' + i / 8) +
                    static_cast<char>('a' + i % 8));
  }
  constexpr std::size_t kLeft =
      kSessionBytesMax - kSubjectBytesMax - kAttributesMax * kAttributeNameBytesMax;
  const std::string value(kLeft / kAttributesMax, 'v');
  std::vector<AttributeView> attributes;
  for (const std::string& name : names) attributes.push_back({name, value});

  const RecordRef record = Record::make(
      {.id = id, .subject = subject, .lifetime = {24h * 400, 24h * 400}, .attributes = attributes});

  CHECK(record->id() == id);
  CHECK(record->subject() == subject);
  CHECK(record->lifetime() == Lifetime{24h * 400, 24h * 400});
  CHECK(attributes_of(*record) == attributes);
  CHECK(record->attribute(names.back()) == value);
}

TEST_CASE("values around the sizes of their length's bytes are whole", "[session]") {
  const std::size_t size = GENERATE(0, 1, 127, 128, 255, 256, 257, 16'383, 16'384);
  const std::string value(size, 'v');
  const RecordRef record = with_attributes({{"a", value}, {"b", "behind"}});
  CHECK(record->attribute("a") == value);
  CHECK(record->attribute("b") == "behind");
}

TEST_CASE("a record may be made of the attributes that another one keeps", "[session]") {
  const std::string longest(kAttributeValueBytesMax, 'v');
  const std::string two_bytes(AttributeBlock::kOneByteMax + 1, 'v');
  const RecordRef first = with_attributes({{"a", ""}, {"b", two_bytes}, {"c", longest}});
  const AttributeBlock kept = first->attributes();

  const RecordRef second = Record::make({.id = "a", .subject = "ana", .kept_attributes = kept});

  CHECK(kept.count == 3);
  // Of each the size of its name, its name of one character, and the size of its value.
  CHECK(kept.bytes.size() == 3 + 3 + (1 + 2 + 2) + two_bytes.size() + longest.size());
  CHECK(attributes_of(*second) == attributes_of(*first));
  CHECK(second->attribute("c") == longest);
}

TEST_CASE("a session ends by whichever of its lifetimes ends first", "[session]") {
  struct Row {
    Lifetime lifetime;
    Duration last_seen;
    Duration end;
  };
  const auto row =
      GENERATE(Row{{30min, 12h}, 0s, 30min}, Row{{30min, 12h}, 1h, 1h + 30min},
               Row{{30min, 12h}, 11h + 30min, 12h}, Row{{30min, 12h}, 11h + 31min, 12h},
               Row{{1h, 1h}, 0s, 1h}, Row{{2h, 1h}, 0s, 1h}, Row{{1s, 24h * 400}, 24h, 24h + 1s});
  const RecordRef record =
      Record::make({.id = "a", .lifetime = row.lifetime, .created_at = kCreated});

  CHECK(record->expires_at(kCreated + row.last_seen) == kCreated + row.end);
}

const std::vector<TabView> kTwoTabs = {
    {.name = "t1", .attributes = {{"client", "shop"}, {"n", ""}}}, {.name = "t2"}};

TEST_CASE("a record keeps tabs, and what else few sessions have", "[session]") {
  const std::vector<AttributeView> attributes = {{"cart", "3"}};
  RecordFields fields = {
      .id = "the-id", .lifetime = {10min, 2h}, .created_at = kCreated, .attributes = attributes};
  const bool tabs = GENERATE(true, false);
  const bool shortened = GENERATE(true, false);
  const bool alias = GENERATE(true, false);
  fields.remembered = GENERATE(true, false);
  if (tabs) fields.tabs = kTwoTabs;
  if (shortened) fields.shortened_to = 5min + 1us;
  if (alias) fields.alias_of = "another-id";
  fields.subject = GENERATE("", "ana");

  const RecordRef record = Record::make(fields);
  const RecordRef again = Record::with_version(*record, {3, 1}, kCreated + 1s);

  for (const RecordRef& one : {record, again}) {
    CHECK(one->id() == "the-id");
    CHECK(one->subject() == fields.subject);
    CHECK(attributes_of(*one) == attributes);
    CHECK(tabs_of(*one) == (tabs ? kTwoTabs : std::vector<TabView>()));
    CHECK(one->is_remembered() == fields.remembered);
    CHECK(one->shortened_to() == fields.shortened_to);
    CHECK(one->is_alias() == alias);
    CHECK(one->alias_of() == fields.alias_of);
  }
}

TEST_CASE("what a session does not have costs it nothing", "[session]") {
  CHECK(sizeof(Record) == 40);
}

TEST_CASE("what is seen through an alias is the session, until the alias ends", "[session]") {
  const RecordRef session = Record::make({.id = "new",
                                          .phase = Phase::kActive,
                                          .subject = "ana",
                                          .lifetime = {30min, 12h},
                                          .version = {3, 14},
                                          .created_at = kCreated,
                                          .remembered = true});
  const RecordRef alias = Record::make(
      {.id = "old", .lifetime = {20s, 20s}, .created_at = kCreated + 1h, .alias_of = "new"});

  const RecordRef seen = Record::seen_through(*alias, *session, kCreated + 1h);

  CHECK(seen->id() == "old");
  CHECK(seen->alias_of() == "old");
  CHECK(seen->subject() == "ana");
  CHECK(seen->is_remembered());
  CHECK(seen->version() == Version{3, 14});
  CHECK(seen->end(kCreated + 1h).at == kCreated + 1h + 20s);
  CHECK(seen->end(kCreated + 1h).by == EndsBy::kAlias);
}

TEST_CASE("a session may be older than the clock", "[session]") {
  const RecordRef record =
      Record::make({.id = "a", .lifetime = {30min, 12h}, .created_at = Time() - 3h});
  CHECK(record->expires_at(Time()) == Time() + 30min);
  CHECK(record->expires_at(Time() + 10h) == Time() + 9h);
}

TEST_CASE("the bytes of a record are what it holds, with 8 more, in steps of 16", "[session]") {
  for (std::size_t size = 0; size < 64; ++size) {
    const std::string value(size, 'v');
    // What comes before the texts, a login's links, an id of one byte and its size, a
    // name of one byte, two bytes of sizes.
    const std::size_t held = sizeof(Record) - 1 + sizeof(Record::Links) + 2 + 1 + 2 + size;

    const std::size_t bytes = with_attributes({{"n", value}})->bytes();

    CHECK(bytes % 16 == 0);
    CHECK(bytes >= held + 8);
    CHECK(bytes < held + 8 + 16);
  }
}

TEST_CASE("a record is found again by its links", "[session]") {
  const RecordRef record = with_attributes({});
  CHECK(&Record::linked_by(record->links()) == record.get());
  CHECK(record->links().next == nullptr);
}

TEST_CASE("references share one record until the last is gone", "[session]") {
  RecordRef first = Record::make({.id = "a"});
  const Record* record = first.get();

  RecordRef copy = first;
  CHECK(copy.get() == record);
  RecordRef moved = std::move(first);
  CHECK(moved.get() == record);
  CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): what it is then is part of the contract

  moved = RecordRef();
  CHECK(copy->id() == "a");
  const RecordRef& itself = copy;
  copy = itself;
  CHECK(copy->id() == "a");

  const RecordRef shared = RecordRef::share(*copy);
  copy = RecordRef();
  CHECK(shared->id() == "a");
}

TEST_CASE("a reference can be given away and taken over", "[session]") {
  RecordRef reference = Record::make({.id = "a"});

  const Record* leaked = reference.leak();
  CHECK_FALSE(reference);

  CHECK(RecordRef::adopt(leaked)->id() == "a");
}

TEST_CASE("a null reference is no record and costs nothing to copy or drop", "[session]") {
  const RecordRef none;
  const RecordRef copy = none;
  CHECK_FALSE(copy);
  CHECK(copy.get() == nullptr);
  RecordRef::acquire(nullptr);
  RecordRef::release(nullptr);
}

TEST_CASE("threads may copy and drop references to one record", "[session]") {
  const RecordRef record = Record::make({.id = "a", .subject = "ana"});
  const auto work = [copy = record] {
    for (int i = 0; i < 10'000; ++i) {
      const RecordRef another = copy;
      if (another->subject() != "ana") return;
    }
  };
  std::thread one(work);
  std::thread two(work);
  one.join();
  two.join();

  CHECK(record->subject() == "ana");
}

}  // namespace
}  // namespace sojourn::session
