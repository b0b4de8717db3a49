#include "base/due_queue.h"

#include <chrono>
#include <map>
#include <vector>

#include "support/catch.h"

namespace sojourn {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = Time(1h);

// Items whose times are known elsewhere, as their owner knows them.
struct Items {
  DueQueue<int> queue;
  std::map<int, Time> times;

  void set(int item, Time at) {
    times[item] = at;
    queue.add(at, item);
    drop();
  }
  void remove(int item) {
    times.erase(item);
    drop();
  }
  std::vector<int> take_due(Time now) {
    return queue.take_due(now, [this](int item, Time at) { return is_due_at(item, at); });
  }

 private:
  bool is_due_at(int item, Time at) const {
    const auto found = times.find(item);
    return found != times.end() && found->second == at;
  }
  void drop() {
    queue.drop_outdated([this](int item, Time at) { return is_due_at(item, at); });
  }
};

TEST_CASE("what is due is taken in the order of time, and of items for equal times", "[base]") {
  Items items;
  items.set(3, kStart + 100ms);
  items.set(1, kStart + 100ms);
  items.set(2, kStart + 50ms);
  items.set(4, kStart + 101ms);

  CHECK(items.queue.next() == kStart + 50ms);
  CHECK(items.take_due(kStart + 49ms).empty());
  CHECK(items.take_due(kStart + 100ms) == std::vector<int>{2, 1, 3});
  CHECK(items.queue.next() == kStart + 101ms);
}

TEST_CASE("an item is due when it was last said to be", "[base]") {
  Items items;
  items.set(1, kStart + 10ms);
  items.set(2, kStart + 20ms);

  items.set(1, kStart + 30ms);

  CHECK(items.queue.next() == kStart + 20ms);
  CHECK(items.take_due(kStart + 20ms) == std::vector<int>{2});
  CHECK(items.take_due(kStart + 30ms) == std::vector<int>{1});
}

TEST_CASE("an item that was said to be due twice at a time is taken once", "[base]") {
  Items items;
  items.set(1, kStart);
  items.set(1, kStart);

  CHECK(items.take_due(kStart) == std::vector<int>{1});
}

TEST_CASE("what is no more is forgotten when nothing stands before it", "[base]") {
  Items items;
  items.set(1, kStart + 10ms);
  items.set(2, kStart + 20ms);
  items.set(3, kStart + 5ms);

  items.remove(2);
  items.remove(3);
  CHECK(items.queue.next() == kStart + 10ms);
  items.remove(1);
  CHECK(items.queue.next() == std::nullopt);
}

TEST_CASE("all items that wait are visited, whenever they are due", "[base]") {
  Items items;
  items.set(1, kStart + 2s);
  items.set(2, kStart + 1s);
  items.set(3, kStart + 3s);

  std::map<int, Time> visited;
  items.queue.for_each([&](int item, Time at) { visited[item] = at; });

  CHECK(visited == items.times);
}

}  // namespace
}  // namespace sojourn
