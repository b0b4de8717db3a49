#include "base/spare_nodes.h"

#include <map>
#include <memory>
#include <string>

#include "support/catch.h"

namespace sojourn {
namespace {

TEST_CASE("a node that was erased carries the next entry", "[base]") {
  std::map<int, std::string> map;
  SpareNodes<std::map<int, std::string>> spare;

  const auto first = spare.add(map, 1, "one");
  const std::string* const place = &first->second;
  CHECK(spare.take(map, first) == "one");
  const auto second = spare.add(map, 2, "two");

  CHECK(&second->second == place);
  CHECK(map == std::map<int, std::string>{{2, "two"}});
}

TEST_CASE("entries are added wherever they belong", "[base]") {
  std::map<int, int> map;
  SpareNodes<std::map<int, int>> spare;

  for (const int key : {5, 1, 3}) spare.add(map, key, int{key});
  spare.erase(map, map.find(3));
  spare.add(map, 2, 2);

  CHECK(map == std::map<int, int>{{1, 1}, {2, 2}, {5, 5}});
}

TEST_CASE("what was erased does not live on in a spare node", "[base]") {
  std::map<int, std::shared_ptr<int>> map;
  SpareNodes<std::map<int, std::shared_ptr<int>>> spare;
  const auto value = std::make_shared<int>(1);

  spare.erase(map, spare.add(map, 1, std::shared_ptr<int>(value)));

  CHECK(value.use_count() == 1);
}

TEST_CASE("an entry that is added without a value has an empty one", "[base]") {
  std::map<int, std::string> map;
  SpareNodes<std::map<int, std::string>> spare;

  spare.erase(map, spare.add(map, 1, "one"));

  CHECK(spare.add(map, 2)->second.empty());
}

}  // namespace
}  // namespace sojourn
