#include "runtime/own_threads.h"

#include <asio/dispatch.hpp>
#include <asio/post.hpp>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "support/catch.h"

namespace sojourn::runtime {
namespace {

// Waits until what was posted to the threads before has run.
void wait_for(OwnThreads& threads) {
  std::promise<void> reached;
  asio::post(threads.executor(), [&] { reached.set_value(); });
  reached.get_future().wait();
}

TEST_CASE("what a thread posts together runs afterwards, in order, on one thread", "[runtime]") {
  OwnThreads threads;
  std::vector<int> ran;
  std::vector<std::thread::id> on;
  {
    const OwnThreads::Together together(&threads);
    for (int i = 0; i < 3; ++i) {
      asio::post(threads.executor(), [&, i] {
        ran.push_back(i);
        on.push_back(std::this_thread::get_id());
      });
    }
    // From another thread it would be in front of what is gathered here.
    std::thread([&] { wait_for(threads); }).join();
    CHECK(ran.empty());
  }
  wait_for(threads);

  CHECK(ran == std::vector<int>{0, 1, 2});
  CHECK(on == std::vector<std::thread::id>(3, on.front()));
  CHECK(on.front() != std::this_thread::get_id());
}

TEST_CASE("what was posted together runs as what is dispatched in place", "[runtime]") {
  OwnThreads threads;
  std::vector<int> ran;
  {
    const OwnThreads::Together together(&threads);
    asio::post(threads.executor(), [&] {
      CHECK(OwnThreads::here() == &threads);
      OwnThreads::run_afterwards([&] { ran.push_back(4); });
      asio::dispatch(threads.executor(), [&] { ran.push_back(1); });
      ran.push_back(2);
    });
    asio::post(threads.executor(), [&] { ran.push_back(3); });
  }
  wait_for(threads);

  CHECK(ran == std::vector<int>{1, 2, 3, 4});
}

TEST_CASE("what is gathered can be run by the thread that gathers it", "[runtime]") {
  OwnThreads threads;
  std::vector<int> ran;
  std::optional<std::thread::id> later;
  {
    OwnThreads::Together together(&threads);
    CHECK(together.empty());
    asio::post(threads.executor(), [&] {
      ran.push_back(1);
      // Not now: whoever posts each time would never let go of the thread.
      asio::post(threads.executor(), [&] {
        ran.push_back(3);
        later = std::this_thread::get_id();
      });
      ran.push_back(2);
    });
    CHECK_FALSE(together.empty());

    together.run_here();
    CHECK(ran == std::vector<int>{1, 2});
  }
  wait_for(threads);

  CHECK(ran == std::vector<int>{1, 2, 3});
  CHECK(later != std::this_thread::get_id());
}

TEST_CASE("what is posted to another executor is not gathered", "[runtime]") {
  OwnThreads threads;
  OwnThreads others;
  bool ran = false;
  const OwnThreads::Together together(&threads);

  asio::post(others.executor(), [&] { ran = true; });
  wait_for(others);

  CHECK(ran);
  CHECK(together.empty());
}

}  // namespace
}  // namespace sojourn::runtime
