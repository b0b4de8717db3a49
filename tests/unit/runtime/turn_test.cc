#include "runtime/turn.h"

#include <thread>
#include <vector>

#include "support/catch.h"

namespace sojourn::runtime {
namespace {

TEST_CASE("whoever has the turn does not get it twice", "[runtime]") {
  Turn turn(false);

  CHECK(turn.try_take());
  CHECK_FALSE(turn.try_take());
  turn.give_back();
  CHECK(turn.try_take());
}

TEST_CASE("a turn that is taken in the beginning is nobody's until it is given back", "[runtime]") {
  Turn turn(true);

  CHECK_FALSE(turn.try_take());
  turn.give_back();
  CHECK(turn.try_take());
}

TEST_CASE("who waits for the turn gets it, and nobody who only tries before", "[runtime]") {
  Turn turn(true);
  std::thread waiting([&] { turn.take(); });
  while (!turn.is_waited_for()) std::this_thread::yield();

  turn.give_back();
  CHECK_FALSE(turn.try_take());
  waiting.join();

  CHECK_FALSE(turn.try_take());
  turn.give_back();
  CHECK(turn.try_take());
}

TEST_CASE("of many threads one has the turn at a time", "[runtime]") {
  constexpr int kTimes = 10'000;
  Turn turn(false);
  int waited = 0;
  int tried = 0;
  const auto wait = [&] {
    for (int i = 0; i < kTimes; ++i) {
      const Turn::Taken taken(turn);
      ++waited;
    }
  };
  const auto keep_trying = [&] {
    for (int i = 0; i < kTimes;) {
      if (!turn.try_take()) {
        std::this_thread::yield();
        continue;
      }
      ++tried;
      ++i;
      turn.give_back();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back(wait);
    threads.emplace_back(keep_trying);
  }
  for (std::thread& thread : threads) thread.join();

  CHECK(waited == 2 * kTimes);
  CHECK(tried == 2 * kTimes);
}

}  // namespace
}  // namespace sojourn::runtime
