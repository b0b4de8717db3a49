#include "table/table.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/random.h"
#include "session/companion.h"
#include "session/id_draw.h"
#include "support/catch.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

// Sanitizers are slow and bring their own allocators.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SOJOURN_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SOJOURN_SANITIZED
#endif
#endif

namespace sojourn::table {
namespace {

using namespace std::chrono_literals;
using session::AttributeView;
using session::Record;
using session::RecordFields;
using session::RecordRef;

constexpr Time kStart{24h};
constexpr Duration kTick = TimingWheel::kTick;
constexpr std::size_t kAll = 1'000'000;

// A session of 30 minutes idle and 12 hours absolute, made and last seen at kStart.
RecordFields fields_of(std::string_view id) {
  return {.id = id,
          .phase = Phase::kActive,
          .subject = "ana",
          .lifetime = {30min, 12h},
          .created_at = kStart,
          .last_seen = kStart};
}

RecordRef session(std::string_view id) { return Record::make(fields_of(id)); }

// Table::glimpse(), with its reference in good hands.
struct Glimpsed {
  RecordRef record;
  Time last_seen;
};
Glimpsed glimpse(const Table& table, std::string_view id, Time now, bool touch = true) {
  const auto seen = table.glimpse(
      Key(id), [now] { return Moment(now); }, touch, Time::min());
  return {RecordRef::adopt(seen.record), seen.last_seen};
}

RecordRef session_seen_at(std::string_view id, Time last_seen) {
  RecordFields fields = fields_of(id);
  fields.last_seen = last_seen;
  return Record::make(fields);
}

bool is_there(const Table& table, std::string_view id, Time now) {
  return static_cast<bool>(table.find(id, now, false));
}

void touch(const Table& table, std::string_view id, Time now) {
  REQUIRE(table.find(id, now, true));
}

// The ids of all that collect_due() visits in one call; each is looked at again ten seconds later.
std::vector<std::string> collect(Table& table, Time now, std::size_t max = kAll) {
  std::vector<std::string> ids;
  table.collect_due(now, max, [&](const Record& record) {
    ids.emplace_back(record.id());
    return now + 10s;
  });
  std::ranges::sort(ids);
  return ids;
}

using Ids = std::vector<std::string>;

TEST_CASE("an empty table finds nothing, expires nothing and takes nothing", "[table]") {
  Table table;

  CHECK_FALSE(is_there(table, "a", kStart));
  CHECK_FALSE(table.peek("a"));
  CHECK_FALSE(table.erase("a"));
  CHECK_FALSE(table.next_due());
  CHECK(collect(table, kStart).empty());
  CHECK(table.usage().bytes == 0);
}

TEST_CASE("a session that was put is found, and others are not", "[table]") {
  Table table;
  const RecordRef record = session("a");
  table.put(record);

  const Found found = table.find("a", kStart, false);

  REQUIRE(found);
  CHECK(found.record.get() == record.get());
  CHECK(found.last_seen == kStart);
  CHECK_FALSE(is_there(table, "b", kStart));
  CHECK_FALSE(is_there(table, "", kStart));
  CHECK(table.peek("a").get() == record.get());
}

TEST_CASE("an erased session is gone and can be put again", "[table]") {
  Table table;
  const RecordRef record = session("a");
  table.put(record);

  CHECK(table.erase("a"));
  CHECK_FALSE(table.erase("a"));
  CHECK_FALSE(is_there(table, "a", kStart));
  CHECK_FALSE(table.next_due());

  table.put(record);
  CHECK(is_there(table, "a", kStart));
}

TEST_CASE("a found record outlives its removal and the table", "[table]") {
  RecordRef kept;
  {
    Table table;
    table.put(session("a"));
    table.put(session("b"));
    kept = table.find("a", kStart, false).record;
    table.erase("a");
    CHECK(kept->id() == "a");
    kept = table.find("b", kStart, false).record;
  }
  CHECK(kept->id() == "b");
}

TEST_CASE("a session ends when it has been idle for its idle time", "[table]") {
  Table table;
  table.put(session("a"));

  CHECK(is_there(table, "a", kStart + 30min - 1us));
  CHECK_FALSE(is_there(table, "a", kStart + 30min));
}

TEST_CASE("a touch moves the idle end", "[table]") {
  Table table;
  table.put(session("a"));

  touch(table, "a", kStart + 29min);

  CHECK(table.find("a", kStart + 29min, false).last_seen == kStart + 29min);
  CHECK(is_there(table, "a", kStart + 59min - 1us));
  CHECK_FALSE(is_there(table, "a", kStart + 59min));
}

TEST_CASE("looking without touching does not move the idle end", "[table]") {
  Table table;
  table.put(session("a"));

  CHECK(is_there(table, "a", kStart + 29min));

  CHECK_FALSE(is_there(table, "a", kStart + 30min));
}

TEST_CASE("a late touch does not move the time of last use back", "[table]") {
  Table table;
  table.put(session("a"));
  touch(table, "a", kStart + 10min);

  const Found found = table.find("a", kStart + 5min, true);

  CHECK(found.last_seen == kStart + 10min);
}

TEST_CASE("no touch moves the absolute end", "[table]") {
  Table table;
  table.put(session("a"));
  for (Time now = kStart; now < kStart + 12h; now += 20min) touch(table, "a", now);

  CHECK(is_there(table, "a", kStart + 12h - 1us));
  CHECK_FALSE(is_there(table, "a", kStart + 12h));
}

TEST_CASE("a session whose time is up is not found, and told from one that is not there",
          "[table]") {
  Table table;
  table.put(session("a"));

  CHECK_FALSE(table.find("a", kStart + 30min - 1us, false).ended);
  CHECK(table.find("a", kStart + 30min, false).ended);
  CHECK_FALSE(table.find("a", kStart + 30min, false).record);
  CHECK_FALSE(table.find("b", kStart + 30min, false).ended);
}

TEST_CASE("a reader whose clock is ahead ends no session for the others", "[table]") {
  Table table;
  table.put(session("a"));

  CHECK(table.find("a", kStart + 31min, true).ended);

  CHECK(is_there(table, "a", kStart + 29min));
  touch(table, "a", kStart + 29min);
  CHECK(is_there(table, "a", kStart + 31min));
}

TEST_CASE("a session that was ended stays ended for callers with an older time", "[table]") {
  Table table;
  table.put(session("a"));

  CHECK(table.end("a", kStart + 30min));

  CHECK(table.find("a", kStart + 29min, true).ended);
  CHECK(table.find("a", kStart, false).ended);
  CHECK(table.peek("a"));
  CHECK(table.last_seen("a") == kStart);
  CHECK(table.end("a", kStart));
}

TEST_CASE("a session is not ended before its time", "[table]") {
  Table table;
  table.put(session("a"));
  touch(table, "a", kStart + 10min);

  CHECK_FALSE(table.end("a", kStart + 40min - 1us));
  CHECK_FALSE(table.end("b", kStart + 24h));

  CHECK(is_there(table, "a", kStart + 40min - 1us));
}

TEST_CASE("a session that was revived ends again when its time is up", "[table]") {
  Table table;
  table.put(session("a"));
  REQUIRE(table.end("a", kStart + 30min));

  table.revive("a");
  table.revive("b");

  CHECK(is_there(table, "a", kStart + 29min));
  CHECK(table.find("a", kStart + 30min, false).ended);
}

TEST_CASE("uses are told to backups in intervals of a twentieth of the idle time", "[table]") {
  struct Row {
    std::chrono::seconds idle;
    Duration interval;
  };
  const auto row = GENERATE(Row{30min, 90s}, Row{20s, 1s}, Row{19s, 1s}, Row{1s, 1s},
                            Row{30s, 1500ms}, Row{24h, 72min});

  CHECK(use_interval({.idle = row.idle, .absolute = 12h}) == row.interval);
}

TEST_CASE("who was promoted allows for uses that it was not told of", "[table]") {
  struct Row {
    // After the last use that is known here.
    Duration promoted;
    // When a session of 30 minutes idle ends.
    Duration end;
  };
  // It is told of uses once in 90 seconds, which takes 5 seconds at most.
  const auto row = GENERATE(Row{-1s, 30min}, Row{0s, 30min}, Row{60s, 31min}, Row{95s, 31min + 35s},
                            Row{10min, 31min + 35s}, Row{10h, 31min + 35s});
  Table table;
  table.put(session("a"));
  const Time promoted_at = kStart + row.promoted;

  CHECK(table.find("a", kStart + row.end - 1us, false, promoted_at));
  CHECK_FALSE(table.end("a", kStart + row.end - 1us, promoted_at));
  CHECK(table.find("a", kStart + row.end, false, promoted_at).ended);
  CHECK(table.end("a", kStart + row.end, promoted_at));
}

TEST_CASE("no promotion moves the absolute end", "[table]") {
  Table table;
  table.put(session_seen_at("a", kStart + 12h - 10min));

  CHECK(table.find("a", kStart + 12h - 1us, false, kStart + 12h));
  CHECK(table.find("a", kStart + 12h, false, kStart + 12h).ended);
}

TEST_CASE("a use that another member saw counts, but never backwards", "[table]") {
  Table table;
  table.put(session("a"));

  table.use("a", kStart + 10min);
  table.use("a", kStart + 5min);
  table.use("b", kStart + 10min);

  CHECK(table.last_seen("a") == kStart + 10min);
  CHECK_FALSE(table.last_seen("b"));
  CHECK(is_there(table, "a", kStart + 40min - 1us));
  CHECK(table.take_used().empty());
}

TEST_CASE("all sessions that are used are told, also more than there is room for at once",
          "[table]") {
  Table table;
  Ids ids;
  for (int i = 0; i < 20'000; ++i) {
    ids.push_back("s" + std::to_string(i));
    table.put(session(ids.back()));
  }
  std::sort(ids.begin(), ids.end());
  // Made later than any session was used, and never told of.
  table.put(session::make_companion({.id = "=v", .lifetime = 1h, .created_at = kStart + 20min}));
  const auto used = [&] {
    Ids found;
    for (const RecordRef& record : table.take_used()) found.emplace_back(record->id());
    std::sort(found.begin(), found.end());
    return found;
  };

  for (const std::string& id : ids) touch(table, id, kStart + 10min);
  CHECK(used() == ids);
  CHECK(used().empty());
  touch(table, "s7", kStart + 15min);
  CHECK(used() == Ids{"s7"});
}

TEST_CASE("a session that is used often is to be told of once an interval", "[table]") {
  Table table;
  table.put(session("a"));
  table.put(session("b"));
  const auto used = [&] {
    Ids ids;
    for (const RecordRef& record : table.take_used()) ids.emplace_back(record->id());
    return ids;
  };

  touch(table, "a", kStart + 100s);
  touch(table, "a", kStart + 110s);
  is_there(table, "b", kStart + 110s);
  CHECK(used() == Ids{"a"});
  touch(table, "a", kStart + 120s);
  CHECK(used().empty());
  touch(table, "a", kStart + 180s);
  CHECK(used() == Ids{"a"});
  CHECK(used().empty());
}

TEST_CASE("what was told of a session's use is never behind by more than an interval", "[table]") {
  SeededRandom random(11);
  for (const std::chrono::seconds idle : {5s, 20s, 90s, 3600s}) {
    Table table;
    RecordFields fields = fields_of("a");
    fields.lifetime = {idle, 24h * 365};
    table.put(Record::make(fields));
    const Duration interval = use_interval(fields.lifetime);
    Time told = kStart;
    Duration behind_most{};

    for (Time now = kStart; now < kStart + 50 * interval;) {
      now += Duration(random.below(static_cast<std::uint64_t>(interval.count() / 3)));
      touch(table, "a", now);
      for (const RecordRef& record : table.take_used()) told = *table.last_seen(record->id());
      behind_most = std::max(behind_most, now - told);
    }

    CHECK(behind_most <= interval);
  }
}

TEST_CASE("putting and erasing give back what was there", "[table]") {
  Table table;
  const RecordRef first = session("a");
  const RecordRef second = session("a");

  CHECK_FALSE(table.put(first));
  CHECK(table.put(second).get() == first.get());
  CHECK(table.erase("a").get() == second.get());
  CHECK_FALSE(table.erase("a"));
}

TEST_CASE("the sessions of a range of hashes are visited, each once and no others", "[table]") {
  constexpr std::uint64_t kMost = ~std::uint64_t{0};
  Table table;
  SeededRandom random(12);
  std::map<std::uint64_t, std::string> ids;
  for (int i = 0; i < 3000; ++i) {
    const std::string id = session::draw_id(random);
    ids[stable_hash(id)] = id;
    table.put(session(id));
  }
  const auto visited = [&](std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> hashes;
    table.for_each(first, last, [&](const Record& record, Time last_seen) {
      REQUIRE(last_seen == kStart);
      hashes.push_back(stable_hash(record.id()));
    });
    std::ranges::sort(hashes);
    return hashes;
  };
  const auto expected = [&](std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> hashes;
    for (auto at = ids.lower_bound(first); at != ids.end() && at->first <= last; ++at) {
      hashes.push_back(at->first);
    }
    return hashes;
  };

  CHECK(visited(0, kMost).size() == ids.size());
  const std::uint64_t some = std::next(ids.begin(), 700)->first;
  CHECK(visited(some, some) == std::vector{some});
  CHECK(visited(some + 1, some + 1).empty());
  for (const int bits : {1, 4, 8, 10, 12}) {
    const std::uint64_t size = std::uint64_t{1} << (64 - bits);
    for (const std::uint64_t segment : {0, 1, (1 << bits) - 1}) {
      CHECK(visited(segment * size, segment * size + size - 1) ==
            expected(segment * size, segment * size + size - 1));
    }
  }
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t one = random.next();
    const std::uint64_t other = random.next();
    CHECK(visited(std::min(one, other), std::max(one, other)) ==
          expected(std::min(one, other), std::max(one, other)));
  }
}

TEST_CASE("a replacement was last seen when the later of the two was", "[table]") {
  Table table;
  table.put(session("a"));
  touch(table, "a", kStart + 10min);

  table.put(session_seen_at("a", kStart + 5min));
  CHECK(table.find("a", kStart + 10min, false).last_seen == kStart + 10min);

  table.put(session_seen_at("a", kStart + 15min));
  CHECK(table.find("a", kStart + 15min, false).last_seen == kStart + 15min);
}

TEST_CASE("a replacement is found in place of the replaced", "[table]") {
  Table table;
  const RecordRef first = session("a");
  const RecordRef second = session("a");
  table.put(first);

  table.put(second);

  CHECK(table.peek("a").get() == second.get());
  CHECK(table.usage().active == 1);
  CHECK(collect(table, kStart + 1h) == Ids{"a"});
  CHECK(table.erase("a"));
  CHECK_FALSE(table.peek("a"));
}

TEST_CASE("collecting visits what has expired and nothing else", "[table]") {
  Table table;
  table.put(session("idle"));
  table.put(session("used"));
  touch(table, "used", kStart + 29min);

  CHECK(collect(table, kStart + 30min - 1us).empty());
  CHECK(collect(table, kStart + 30min + kTick) == Ids{"idle"});
  CHECK(collect(table, kStart + 59min + kTick) == Ids{"idle", "used"});
}

TEST_CASE("a visited session is visited again when the visitor said", "[table]") {
  Table table;
  table.put(session("a"));
  const Time end = kStart + 30min + kTick;
  CHECK(collect(table, end) == Ids{"a"});

  CHECK(collect(table, end + 10s - 1us).empty());
  CHECK(collect(table, end + 10s + kTick) == Ids{"a"});
}

TEST_CASE("a visited session that was replaced by a used one is left alone", "[table]") {
  Table table;
  table.put(session("a"));
  const Time end = kStart + 30min + kTick;
  CHECK(collect(table, end) == Ids{"a"});

  table.put(session_seen_at("a", end));

  CHECK(collect(table, end + 2min).empty());
  CHECK(collect(table, end + 31min) == Ids{"a"});
}

TEST_CASE("a visited session that was erased is not visited again", "[table]") {
  Table table;
  table.put(session("a"));
  CHECK(collect(table, kStart + 31min) == Ids{"a"});

  table.erase("a");

  CHECK(collect(table, kStart + 1h).empty());
  CHECK_FALSE(table.next_due());
}

TEST_CASE("a visitor that names a passed time is asked again at the next tick", "[table]") {
  Table table;
  table.put(session("a"));
  const Time now = kStart + 31min;
  int visits = 0;
  const auto visit = [&](const Record&) {
    ++visits;
    return Time();
  };

  table.collect_due(now, kAll, visit);
  CHECK(visits == 1);

  table.collect_due(now + 2 * kTick, kAll, visit);
  CHECK(visits == 2);
}

TEST_CASE("one call of collecting looks at few more than it may", "[table]") {
  Table table;
  SeededRandom random(5);
  for (int i = 0; i < 100; ++i) table.put(session(session::draw_id(random)));
  const Time end = kStart + 31min;

  std::size_t visited = 0;
  for (int call = 0; call < 10; ++call) {
    CHECK(table.next_due() <= end);
    visited += collect(table, end, 10).size();
    // One more where two stand together.
    CHECK(visited <= static_cast<std::size_t>(call + 1) * 11);
  }

  CHECK(visited == 100);
  CHECK(table.next_due() > end);
}

TEST_CASE("the next due time is about that of the first end", "[table]") {
  Table table;
  table.put(session("a"));

  // Far ends are looked at a few times on the way.
  Time now = kStart;
  int looks = 0;
  while (collect(table, now).empty()) {
    now = table.next_due().value();
    ++looks;
  }

  CHECK(now >= kStart + 30min);
  CHECK(now < kStart + 30min + kTick);
  CHECK(looks <= 5);
}

RecordRef login(std::string_view id, Time created_at, Lifetime lifetime = {30min, 30min}) {
  return Record::make(
      {.id = id, .lifetime = lifetime, .created_at = created_at, .last_seen = created_at});
}

std::vector<std::string> logins_of(const Table& table, std::size_t max = kAll) {
  std::vector<std::string> ids;
  table.for_each_login([&](const Record& record) {
    ids.emplace_back(record.id());
    return ids.size() < max;
  });
  return ids;
}

TEST_CASE("logins in progress are visited from the oldest on, and nothing else is", "[table]") {
  Table table;
  table.put(session("a session"));
  table.put(session::make_companion({.id = "=value", .lifetime = 60s, .created_at = kStart}));
  table.put(Record::make({.id = "alias",
                          .lifetime = {60s, 60s},
                          .created_at = kStart,
                          .last_seen = kStart,
                          .alias_of = "a session"}));
  Ids expected;
  for (int i = 0; i < 1000; ++i) {
    expected.push_back(std::to_string(i));
    table.put(login(expected.back(), kStart + i * 1ms));
  }

  CHECK(logins_of(table) == expected);
  CHECK(logins_of(table, 3) == Ids{"0", "1", "2"});
  // Nearer to their end as well.
  collect(table, kStart + 29min);
  CHECK(logins_of(table, 3) == Ids{"0", "1", "2"});
}

TEST_CASE("a login that was authenticated or ended is no login in progress", "[table]") {
  Table table;
  table.put(login("authenticated", kStart));
  table.put(login("ended", kStart));
  table.put(login("changed", kStart));
  table.put(login("other", kStart));

  table.put(session("authenticated"));
  table.erase("ended");
  table.put(login("changed", kStart));

  CHECK(logins_of(table) == Ids{"other", "changed"});
}

TEST_CASE("what was set aside is passed over until it is taken back", "[table]") {
  Table table;
  table.put(login("one", kStart));
  table.put(login("two", kStart));

  table.set_aside("one");
  CHECK(logins_of(table) == Ids{"two"});
  CHECK(is_there(table, "one", kStart));
  CHECK(collect(table, kStart + 31min) == Ids{"two"});

  table.revive("one");
  // It is overdue, and the other was put off.
  CHECK(logins_of(table) == Ids{"one", "two"});
  CHECK(collect(table, kStart + 32min) == Ids{"one", "two"});
}

TEST_CASE("logins of others are passed over until they are reconsidered, and end as any",
          "[table]") {
  Table table;
  table.put(login("one", kStart));
  table.put(login("two", kStart));

  table.leave_to_others("one");
  CHECK(logins_of(table) == Ids{"two"});
  CHECK(collect(table, kStart + 31min) == Ids{"one", "two"});

  table.reconsider_logins();
  CHECK(logins_of(table).size() == 2);
  CHECK(collect(table, kStart + 32min) == Ids{"one", "two"});
}

TEST_CASE("usage counts sessions by phase", "[table]") {
  Table table;
  RecordFields login = fields_of("login");
  login.phase = Phase::kLogin;
  table.put(Record::make(login));
  table.put(session("a"));
  table.put(session("b"));
  CHECK(table.usage().login == 1);
  CHECK(table.usage().active == 2);

  table.put(session("login"));
  table.erase("a");

  CHECK(table.usage().login == 0);
  CHECK(table.usage().active == 2);
}

TEST_CASE("a table has room for what was announced, and gives back what did not come", "[table]") {
  constexpr std::uint64_t kAllHashes = ~std::uint64_t{0};
  Table table;
  Table usual;
  SeededRandom random(9);
  CHECK_FALSE(table.has_room(0, kAllHashes, 1));

  table.make_room(0, kAllHashes, 50'000);
  table.expect(50'000);
  const std::size_t announced = table.usage().bytes;
  CHECK(table.has_room(0, kAllHashes, 50'000));
  std::size_t records = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = session::draw_id(random);
    records += session(id)->bytes();
    table.put(session(id));
    usual.put(session(id));
  }
  // No set was made anew; the index has one key.
  CHECK(table.usage().bytes - announced - records < 1000);

  table.expect(0);
  table.trim();

  CHECK(table.usage().bytes < usual.usage().bytes + usual.usage().bytes / 10);
  CHECK(collect(table, kStart + 30min).size() == 10'000);
}

TEST_CASE("an emptied table takes no memory", "[table]") {
  Table table;
  SeededRandom random(6);
  std::vector<std::string> ids;
  for (int i = 0; i < 10'000; ++i) ids.push_back(session::draw_id(random));
  for (const std::string& id : ids) table.put(session(id));
  const std::size_t full = table.usage().bytes;
  CHECK(full > 10'000 * session(ids.front())->bytes());

  for (const std::string& id : ids) table.erase(id);

  CHECK(table.usage().bytes == 0);
}

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33) && !defined(SOJOURN_SANITIZED)

std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST_CASE("the bytes of usage are those that the allocator gave, within 2 percent", "[table]") {
  const int sessions = GENERATE(1000, 10'000, 50'000, 80'000, 100'000);
  const std::size_t value_size = GENERATE(0, 40, 400);
  CAPTURE(sessions, value_size);
  SeededRandom random(7);
  const std::string value(value_size, 'x');
  const std::array<AttributeView, 1> attributes = {{{"name", value}}};

  Table table;
  const std::size_t before = allocated();
  std::string id;
  for (int i = 0; i < sessions; ++i) {
    id = session::draw_id(random);
    RecordFields fields = fields_of(id);
    fields.attributes = attributes;
    table.put(Record::make(fields));
  }
  const auto taken = static_cast<double>(allocated() - before);

  CHECK(static_cast<double>(table.usage().bytes) == Approx(taken).epsilon(0.02));
}

TEST_CASE("the bytes of usage stay right when sessions come and go", "[table]") {
  SeededRandom random(8);
  // So many that the pieces do not count which the allocator keeps for the thread that freed them.
  std::vector<std::string> ids(100'000);
  for (std::string& id : ids) id = session::draw_id(random);
  Table table;
  const std::size_t before = allocated();

  for (int i = 0; i < 1'000'000; ++i) {
    std::string& id = ids[random.below(ids.size())];
    if (!table.erase(id)) table.put(session(id));
  }
  const auto taken = static_cast<double>(allocated() - before);

  CHECK(static_cast<double>(table.usage().bytes) == Approx(taken).epsilon(0.02));
}

#endif

// A session as the plainest of tables would keep it.
struct ModelSession {
  RecordRef record = {};
  Time last_seen = {};
  Time end = {};
  bool ended = false;
  // Since when it must be visited: when it was put, or when its visitor wants to see it again.
  Time look_at = {};

  Time due() const { return std::max(end, look_at); }
};

class Model {
 public:
  void put(const RecordRef& record, Time last_seen, Time now) {
    const auto [at, is_new] = sessions_.try_emplace(std::string(record->id()));
    ModelSession& session = at->second;
    session.record = record;
    session.last_seen = is_new ? last_seen : std::max(last_seen, session.last_seen);
    session.ended = false;
    session.end = record->expires_at(session.last_seen);
    session.look_at = now;
  }

  bool erase(const std::string& id) { return sessions_.erase(id) != 0; }

  std::optional<Time> find(const std::string& id, Time now, bool touch) {
    const auto at = sessions_.find(id);
    if (at == sessions_.end() || is_over(at->second, now)) return std::nullopt;
    ModelSession& session = at->second;
    if (touch) session.last_seen = std::max(session.last_seen, now);
    session.end = session.record->expires_at(session.last_seen);
    return session.last_seen;
  }

  bool end(const std::string& id, Time now) {
    const auto at = sessions_.find(id);
    if (at == sessions_.end() || !is_over(at->second, now)) return false;
    at->second.ended = true;
    return true;
  }

  void revive(const std::string& id) {
    const auto at = sessions_.find(id);
    if (at != sessions_.end()) at->second.ended = false;
  }

  std::map<std::string, ModelSession>& sessions() { return sessions_; }

 private:
  static bool is_over(const ModelSession& session, Time now) {
    return session.ended || now >= session.end;
  }

  std::map<std::string, ModelSession> sessions_;
};

// One walk of random operations over a table and its model.
class Walk {
 public:
  explicit Walk(std::uint64_t seed) : random_(seed), ids_(300) {
    for (std::string& id : ids_) id = session::draw_id(random_);
  }

  void step() {
    const std::string& id = ids_[random_.below(ids_.size())];
    switch (random_.below(10)) {
      case 0:
      case 1:
        return put(id);
      case 2:
        REQUIRE(static_cast<bool>(table_.erase(id)) == model_.erase(id));
        return;
      case 3:
        return pass_time();
      case 4:
        REQUIRE(table_.end(id, now_) == model_.end(id, now_));
        return;
      case 5:
        table_.revive(id);
        model_.revive(id);
        return;
      default:
        return find(id);
    }
  }

 private:
  // From microseconds to months, each size as likely as any other.
  Duration some_time() {
    const std::uint64_t magnitude = random_.below(43);
    return Duration(random_.below(std::uint64_t{1} << magnitude));
  }

  std::chrono::seconds some_lifetime() {
    return std::min<std::chrono::seconds>(
        1s + std::chrono::duration_cast<std::chrono::seconds>(some_time()), 24h * 400);
  }

  // Readers read their clocks before the writer's has moved on.
  Time slightly_before_now() { return now_ - Duration(random_.below(2'000'000)); }

  void put(const std::string& id) {
    RecordFields fields = fields_of(id);
    fields.phase = random_.one_in(2) ? Phase::kLogin : Phase::kActive;
    fields.lifetime.idle = some_lifetime();
    fields.lifetime.absolute = some_lifetime();
    fields.created_at = slightly_before_now();
    fields.last_seen = slightly_before_now();
    const RecordRef record = Record::make(fields);
    table_.put(record);
    model_.put(record, fields.last_seen, now_);
  }

  void find(const std::string& id) {
    const Time now = slightly_before_now();
    const bool touch = random_.one_in(2);

    const Found found = table_.find(id, now, touch);

    const std::optional<Time> expected = model_.find(id, now, touch);
    REQUIRE(static_cast<bool>(found) == expected.has_value());
    REQUIRE(found.ended == (!found && model_.sessions().contains(id)));
    if (!found) return;
    REQUIRE(found.last_seen == *expected);
    REQUIRE(found.record.get() == model_.sessions().at(id).record.get());
  }

  void pass_time() {
    now_ += some_time();
    const std::size_t max = 1 + random_.below(50);
    std::size_t visited = 0;
    const auto visit = [&](const Record& record) {
      ModelSession& session = model_.sessions().at(std::string(record.id()));
      REQUIRE(session.record.get() == &record);
      REQUIRE(session.end <= now_);
      const Duration later = 1us + some_time();
      session.look_at = now_ + later;
      ++visited;
      return session.look_at;
    };
    table_.collect_due(now_, max, visit);
    REQUIRE(visited < max + 32);
    if (random_.one_in(2)) return;

    while (table_.next_due().value_or(Time::max()) <= now_) table_.collect_due(now_, max, visit);
    check_all();
  }

  void check_all() {
    Usage usage;
    for (const auto& [id, session] : model_.sessions()) {
      REQUIRE(table_.peek(id).get() == session.record.get());
      // One more tick when its group was overdue and made anew.
      REQUIRE(session.due() > now_ - 2 * kTick);
      REQUIRE(table_.next_due().value() < std::max(session.due(), now_) + 2 * kTick);
      ++(session.record->phase() == Phase::kLogin ? usage.login : usage.active);
    }
    REQUIRE(table_.usage().login == usage.login);
    REQUIRE(table_.usage().active == usage.active);
  }

  SeededRandom random_;
  std::vector<std::string> ids_;
  Table table_;
  Model model_;
  Time now_ = kStart;
};

TEST_CASE("any operations have the effects that they have on a plain map", "[table]") {
  Walk walk(GENERATE(1, 2, 3, 4));
  for (int i = 0; i < 25'000; ++i) walk.step();
}

TEST_CASE("a million sessions expire in bounded steps", "[table]") {
#if defined(SOJOURN_SANITIZED)
  constexpr std::size_t kSessions = 100'000;
#else
  constexpr std::size_t kSessions = 1'000'000;
#endif
  constexpr std::size_t kMax = 1024;
  Table table;
  SeededRandom random(9);
  for (std::size_t i = 0; i < kSessions; ++i) table.put(session(session::draw_id(random)));

  std::size_t expired = 0;
  std::size_t steps = 0;
  std::vector<RecordRef> visited;
  while (const std::optional<Time> due = table.next_due()) {
    table.collect_due(*due, kMax, [&](const Record& record) {
      visited.push_back(RecordRef::share(record));
      return *due + 1s;
    });
    for (const RecordRef& record : visited) table.erase(record->id());
    expired += visited.size();
    visited.clear();
    ++steps;
  }

  CHECK(expired == kSessions);
  // Each is looked at a few times, as its end comes nearer.
  CHECK(steps < 5 * kSessions / kMax);
  CHECK(table.usage().bytes == 0);
}

// Readers on two threads, whose clocks differ, while the writer replaces, ends and removes
// sessions. Of what was ended, or was not there for one of them, neither may ever see anything
// again.
TEST_CASE("what was ended or is gone is so for every reader", "[table]") {
  constexpr std::size_t kSessions = 2000;
  constexpr int kLookups = 60'000;
  SeededRandom random(10);
  std::vector<std::string> ids(kSessions);
  for (std::string& id : ids) id = session::draw_id(random);
  const auto short_session = [&](std::size_t i, Time last_seen) {
    RecordFields fields = fields_of(ids[i]);
    fields.lifetime.idle = std::chrono::seconds(1 + i % 4);
    fields.last_seen = last_seen;
    return Record::make(fields);
  };
  Table table;
  for (std::size_t i = 0; i < kSessions; ++i) table.put(short_session(i, kStart));
  std::vector<std::atomic<bool>> gone(kSessions);
  std::atomic<int> returned{0};
  std::atomic<std::int64_t> clock{0};

  const auto read = [&](std::uint64_t seed, Duration behind) {
    SeededRandom choice(seed);
    for (int n = 0; n < kLookups; ++n) {
      const std::size_t i = choice.below(kSessions);
      const Time now = kStart + Duration(clock.load(std::memory_order_relaxed)) - behind;
      const bool was_gone = gone[i].load(std::memory_order_acquire);
      const Found found = table.find(ids[i], now, choice.one_in(4));
      if (!found && !found.ended) {
        gone[i].store(true, std::memory_order_release);
      } else if (found && (was_gone || found.record->id() != ids[i])) {
        ++returned;
      }
    }
  };
  std::thread one(read, 11, 0us);
  std::thread other(read, 12, 300ms);
  std::uint64_t counted = 0;
  for (int n = 0; n < 20'000; ++n) {
    const Time now = kStart + Duration(clock.fetch_add(200, std::memory_order_relaxed));
    const std::size_t i = random.below(kSessions);
    if (random.one_in(40)) {
      table.erase(ids[i]);
      gone[i].store(true, std::memory_order_release);
    } else if (random.one_in(20)) {
      if (table.end(ids[i], now)) gone[i].store(true, std::memory_order_release);
    } else if (table.peek(ids[i]) && !gone[i].load(std::memory_order_relaxed)) {
      table.put(short_session(i, now));
    }
    table.collect_due(now, 16, [&](const Record&) { return now + 100ms; });
    if (random.one_in(50)) table.take_used();
    counted = std::max(counted, table.usage().active);
  }
  one.join();
  other.join();

  CHECK(returned == 0);
  CHECK(counted <= kSessions);
}

// What a reader may wait for is one lookup of the writer's, however much there is to be moved.
TEST_CASE("readers find all that was put while the table's sets grow and shrink", "[table]") {
  constexpr std::size_t kSessions = 20'000;
  SeededRandom random(13);
  std::vector<std::string> ids(kSessions);
  for (std::string& id : ids) id = session::draw_id(random);
  Table table;
  std::atomic<std::size_t> put{0};
  std::atomic<int> missing{0};

  const auto read = [&](std::uint64_t seed) {
    SeededRandom choice(seed);
    for (std::size_t known = 0; known < kSessions;) {
      known = put.load(std::memory_order_acquire);
      if (known == 0) continue;
      const std::string& id = ids[choice.below(known)];
      const RecordRef record = glimpse(table, id, kStart).record;
      if (!record || record->id() != id) ++missing;
      if (!table.find(id, kStart, true)) ++missing;
    }
  };
  std::thread one(read, 14);
  std::thread other(read, 15);
  for (std::size_t i = 0; i < kSessions; ++i) {
    table.put(session(ids[i]));
    put.store(i + 1, std::memory_order_release);
    // Others come and go, so that sets shrink as well.
    if (i % 2000 != 0) continue;
    std::vector<std::string> passing(2000);
    for (std::string& id : passing) table.put(session(id = session::draw_id(random)));
    for (const std::string& id : passing) table.erase(id);
  }
  one.join();
  other.join();

  CHECK(missing == 0);
  CHECK(table.usage().active == kSessions);
}

TEST_CASE("a glimpse shows live sessions under their own ids, as a find does", "[table]") {
  Table table;
  table.put(session("id"));
  const Time later = kStart + 10min;
  const auto shown = glimpse(table, "id", later);
  REQUIRE(shown.record);
  CHECK(shown.record->id() == "id");
  CHECK(shown.last_seen == later);
  CHECK(table.last_seen("id") == later);
  CHECK(table.take_used().size() == 1);

  SECTION("without a touch it changes nothing") {
    const auto seen = glimpse(table, "id", later + 1min, false);
    REQUIRE(seen.record);
    CHECK(seen.last_seen == later);
    CHECK(table.take_used().empty());
  }
  SECTION("of what is absent it says nothing") {
    CHECK_FALSE(glimpse(table, "other", later).record);
  }
  SECTION("nor of a session whose time is up") {
    CHECK_FALSE(glimpse(table, "id", later + 31min).record);
    CHECK(table.find("id", later + 31min, false).ended);
  }
  SECTION("nor of one that has ended for somebody else") {
    REQUIRE(table.end("id", later + 31min));
    CHECK_FALSE(glimpse(table, "id", later).record);
  }
  SECTION("nor of an alias, which is never touched") {
    RecordFields alias = fields_of("old");
    alias.alias_of = "id";
    table.put(Record::make(alias));
    CHECK_FALSE(glimpse(table, "old", later).record);
    CHECK(table.find("old", later, true));
    CHECK(table.last_seen("old") == kStart);
  }
}

TEST_CASE("companions are counted by kind and never as sessions", "[table]") {
  const auto companion = [](std::string_view id) {
    return session::make_companion({.id = id, .lifetime = 60s, .created_at = kStart});
  };
  Table table;
  table.put(session("id"));
  table.put(companion("=id"));
  table.put(companion("+id"));
  table.put(companion("+other"));
  table.put(companion("!id"));

  Usage usage = table.usage();
  CHECK(usage.login + usage.active == 1);
  CHECK(usage.single_use == 1);
  CHECK(usage.counters == 2);
  CHECK(usage.revoked_tokens == 1);
  CHECK(usage.companions() == 4);

  // Each stands for itself.
  table.erase("id");
  CHECK(table.find("=id", kStart, false));
  CHECK_FALSE(table.find("id", kStart, false));
  table.erase("=id");
  usage = table.usage();
  CHECK(usage.active == 0);
  CHECK(usage.companions() == 3);
}

}  // namespace
}  // namespace sojourn::table
