#include "session/id_draw.h"

#include <set>

#include "base/hash.h"
#include "support/catch.h"

namespace sojourn::session {
namespace {

TEST_CASE("drawn ids parse and differ", "[session]") {
  SeededRandom random(1);
  std::set<std::string> drawn;
  for (int i = 0; i < 1000; ++i) drawn.insert(draw_id(random));

  CHECK(drawn.size() == 1000);
  for (const std::string& id : drawn) {
    CHECK(id.size() == SessionId::kGeneratedSize);
    CHECK(SessionId::parse(id).ok());
  }
}

TEST_CASE("every character of a drawn id takes every value", "[session]") {
  SeededRandom random(2);
  std::vector<std::set<char>> seen(SessionId::kGeneratedSize);
  for (int i = 0; i < 4000; ++i) {
    const std::string id = draw_id(random);
    for (std::size_t at = 0; at < id.size(); ++at) seen[at].insert(id[at]);
  }
  for (const std::set<char>& values : seen) CHECK(values.size() == 64);
}

TEST_CASE("drawing until an id fits gives one that fits", "[session]") {
  SeededRandom random(3);
  const auto fits = [](std::string_view id) { return stable_hash(id) % 3 == 0; };
  for (int i = 0; i < 100; ++i) CHECK(fits(draw_id_until(random, 192, fits)));
}

TEST_CASE("drawing until an id fits gives up where none does", "[session]") {
  SeededRandom random(4);
  int asked = 0;
  const std::string id = draw_id_until(random, 64, [&](std::string_view) {
    ++asked;
    return false;
  });
  CHECK(id.size() == SessionId::kGeneratedSize);
  CHECK(asked == 63);
}

TEST_CASE("searching finds an id for one of thousands", "[session]") {
  SeededRandom random(5);
  const auto fits = [](std::string_view id) { return stable_hash(id) >> 52 == 1234; };
  const std::string first = search_id(random, fits);
  const std::string second = search_id(random, fits);
  CHECK(fits(first));
  CHECK(fits(second));
  CHECK(first.substr(0, 27) != second.substr(0, 27));
}

}  // namespace
}  // namespace sojourn::session
