#include "runtime/inbox.h"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace sojourn::runtime {
namespace {

TEST_CASE("only who finds the inbox empty wakes its taker", "[runtime]") {
  Inbox<int> inbox;
  std::vector<int> taken;

  CHECK(inbox.put(1));
  CHECK_FALSE(inbox.put(2));
  inbox.take(taken);
  CHECK(taken == std::vector<int>{1, 2});

  CHECK(inbox.put(3));
  inbox.take(taken);
  CHECK(taken == std::vector<int>{3});
}

TEST_CASE("everything that several threads put is taken after a wake-up", "[runtime]") {
  constexpr int kEach = 1000;
  Inbox<int> inbox;
  std::atomic<int> wakes{0};
  const auto put_all = [&] {
    for (int i = 0; i < kEach; ++i) {
      if (inbox.put(int{i})) ++wakes;
    }
  };
  std::thread one(put_all);
  std::thread other(put_all);

  int seen = 0;
  std::vector<int> taken;
  while (seen < 2 * kEach) {
    if (wakes.load() == 0) {
      std::this_thread::yield();
      continue;
    }
    inbox.take(taken);
    if (taken.empty()) continue;
    --wakes;
    seen += static_cast<int>(taken.size());
  }
  one.join();
  other.join();

  inbox.take(taken);
  CHECK(taken.empty());
}

}  // namespace
}  // namespace sojourn::runtime
