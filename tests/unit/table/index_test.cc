#include "table/index.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "session/id_draw.h"
#include "support/catch.h"
#include "table/table.h"

namespace sojourn::table {
namespace {

using session::KeyView;
using session::Record;
using session::RecordRef;
using Kind = KeyView::Kind;

RecordRef session(std::string_view id, std::string_view subject,
                  const std::vector<std::string_view>& labels = {}) {
  return Record::make({.id = id,
                       .phase = subject.empty() ? Phase::kLogin : Phase::kActive,
                       .subject = subject,
                       .lifetime = {std::chrono::minutes(30), std::chrono::hours(12)},
                       .labels = labels});
}

std::vector<std::string> ids_with(const Index& index, const KeyView& key) {
  std::vector<std::string> ids;
  index.for_each(key, [&](const Record& record) { ids.emplace_back(record.id()); });
  std::ranges::sort(ids);
  return ids;
}

std::vector<std::string> ids_of(const Table& table, std::string_view subject) {
  return ids_with(table.index(), {Kind::kSubject, subject});
}

TEST_CASE("the sessions of a subject are found, and no others", "[table]") {
  Table table;
  table.put(session("one", "ana"));
  table.put(session("two", "ana"));
  table.put(session("three", "bob"));
  table.put(session("four", ""));

  CHECK(ids_of(table, "ana") == std::vector<std::string>{"one", "two"});
  CHECK(ids_of(table, "bob") == std::vector<std::string>{"three"});
  CHECK(ids_of(table, "eve").empty());
  CHECK(table.index().keys() == 2);
}

TEST_CASE("sessions are found by each of their labels", "[table]") {
  Table table;
  table.put(session("one", "ana", {"app=mail", "realm=blue"}));
  table.put(session("two", "bob", {"realm=blue"}));
  table.put(session("three", "", {"app=mail"}));

  CHECK(ids_with(table.index(), {Kind::kLabel, "realm=blue"}) ==
        std::vector<std::string>{"one", "two"});
  CHECK(ids_with(table.index(), {Kind::kLabel, "app=mail"}) ==
        std::vector<std::string>{"one", "three"});
}

TEST_CASE("a label is not taken for the subject of the same text", "[table]") {
  Table table;
  table.put(session("one", "ana", {"bob"}));
  table.put(session("two", "bob"));

  CHECK(ids_of(table, "bob") == std::vector<std::string>{"two"});
  CHECK(ids_with(table.index(), {Kind::kLabel, "bob"}) == std::vector<std::string>{"one"});
}

TEST_CASE("a session that was replaced is found by what it has now", "[table]") {
  Table table;
  table.put(session("one", "", {"app=mail"}));
  table.put(session("two", "ana"));

  table.put(session("one", "ana", {"app=chat"}));

  CHECK(ids_of(table, "ana") == std::vector<std::string>{"one", "two"});
  CHECK(ids_with(table.index(), {Kind::kLabel, "app=mail"}).empty());
  CHECK(ids_with(table.index(), {Kind::kLabel, "app=chat"}) == std::vector<std::string>{"one"});
}

TEST_CASE("what is erased is found no more, and leaves nothing behind", "[table]") {
  Table table;
  const std::size_t order = GENERATE(0u, 1u, 2u);
  std::vector<std::string> ids = {"one", "two", "three"};
  for (const std::string& id : ids) table.put(session(id, "ana", {"app=mail"}));

  table.erase(ids[order]);
  ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(order));
  std::vector<std::string> left = ids;
  std::ranges::sort(left);
  CHECK(ids_of(table, "ana") == left);
  CHECK(ids_with(table.index(), {Kind::kLabel, "app=mail"}) == left);

  for (const std::string& id : ids) table.erase(id);
  CHECK(table.index().keys() == 0);
  CHECK(table.usage().bytes == 0);
}

TEST_CASE("any puts and erasures leave the index as a search through all sessions", "[table]") {
  SeededRandom random(GENERATE(range(1u, 11u)));
  std::vector<std::string> ids(200);
  for (std::string& id : ids) id = session::draw_id(random);
  const std::vector<std::string> subjects = {"", "ana", "bob", "eve", "zoe"};
  const std::vector<std::string> labels = {"app=chat", "app=mail", "realm=blue", "realm=red"};
  Table table;
  std::map<std::string, std::pair<std::string, std::set<std::string>>> model;

  for (int i = 0; i < 20'000; ++i) {
    const std::string& id = ids[random.below(ids.size())];
    if (random.one_in(3)) {
      table.erase(id);
      model.erase(id);
      continue;
    }
    const std::string& subject = subjects[random.below(subjects.size())];
    std::vector<std::string_view> chosen;
    for (const std::string& label : labels) {
      if (random.one_in(2)) chosen.emplace_back(label);
    }
    table.put(session(id, subject, chosen));
    model[id] = {subject, {chosen.begin(), chosen.end()}};

    if (!random.one_in(50)) continue;
    for (std::size_t one = 1; one < subjects.size(); ++one) {
      std::vector<std::string> expected;
      for (const auto& [other, keys] : model) {
        if (keys.first == subjects[one]) expected.push_back(other);
      }
      REQUIRE(ids_of(table, subjects[one]) == expected);
    }
    for (const std::string& label : labels) {
      std::vector<std::string> expected;
      for (const auto& [other, keys] : model) {
        if (keys.second.contains(label)) expected.push_back(other);
      }
      REQUIRE(ids_with(table.index(), {Kind::kLabel, label}) == expected);
    }
  }
}

TEST_CASE("many subjects come and go, and each is found meanwhile", "[table]") {
  SeededRandom random(3);
  Table table;
  std::map<std::string, std::string> subject_of;
  for (int i = 0; i < 30'000; ++i) {
    const std::string id = std::to_string(random.below(5'000));
    if (subject_of.erase(id) > 0) {
      table.erase(id);
    } else {
      subject_of[id] = "subject of " + id;
      table.put(session(id, subject_of[id]));
    }
  }

  CHECK(table.index().keys() == subject_of.size());
  for (const auto& [id, subject] : subject_of) {
    REQUIRE(ids_of(table, subject) == std::vector<std::string>{id});
  }
}

TEST_CASE(
    "an index that expects many keys grows further at once, and is trimmed when they stay out",
    "[table]") {
  Index index;
  Index usual;
  std::vector<RecordRef> records;
  for (int i = 0; i < 20'000; ++i) {
    const std::string number = std::to_string(i);
    records.push_back(session(number, "subject " + number));
    records.push_back(session("usual" + number, "subject " + number));
  }

  index.expect(1'000'000);
  for (std::size_t i = 0; i < records.size(); ++i) (i % 2 == 0 ? index : usual).add(*records[i]);
  CHECK(index.bytes() > usual.bytes());
  // At most twice as much at once.
  CHECK(index.bytes() < usual.bytes() * 5 / 2);
  index.expect(0);
  index.trim();

  CHECK(index.bytes() < usual.bytes() * 5 / 4);
  for (std::size_t i = 0; i < records.size(); i += 2) {
    REQUIRE(ids_with(index, {Kind::kSubject, records[i]->subject()}) ==
            std::vector<std::string>{std::string(records[i]->id())});
  }
  for (std::size_t i = 0; i < records.size(); ++i) (i % 2 == 0 ? index : usual).remove(*records[i]);
}

TEST_CASE("the index costs a session of a subject of its own less than 50 bytes", "[table]") {
  SeededRandom random(7);
  std::size_t with_subjects = 0;
  std::size_t without = 0;
  for (const bool subjects : {true, false}) {
    Table table;
    for (int i = 0; i < 100'000; ++i) {
      const std::string number = std::to_string(1'000'000 + i);
      // The same texts, once as a subject and once as an attribute's value.
      const std::vector<session::AttributeView> attributes = {{"", number}};
      table.put(subjects
                    ? session(session::draw_id(random), number)
                    : Record::make({.id = session::draw_id(random),
                                    .phase = Phase::kActive,
                                    .lifetime = {std::chrono::minutes(30), std::chrono::hours(12)},
                                    .attributes = attributes}));
    }
    (subjects ? with_subjects : without) = table.usage().bytes;
  }
  CHECK((with_subjects - without) / 100'000 < 50);
}

}  // namespace
}  // namespace sojourn::table
