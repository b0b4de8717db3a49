#include "runtime/subscribers.h"

#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.h"

namespace sojourn::runtime {
namespace {

using Permission = Subscribers::Permission;
using replication::Cause;
using replication::Plane;

// Subscribers without a node: who may be given an event is as the test says.
struct Hub {
  ~Hub() { subscribers->close(); }

  std::atomic<Permission> permission{Permission::kDeliver};
  std::atomic<int> wakes{0};
  std::shared_ptr<Subscribers> subscribers = std::make_shared<Subscribers>(
      Subscribers::Hooks{.permission = [this](const Plane::Offered&) { return permission.load(); },
                         .wake = [this] { ++wakes; }});

  void offer(std::uint64_t number) {
    subscribers->offer(Plane::Offered{
        .segment = {1},
        .event = {.cause = Cause::kChanged, .number = {1, number}, .id = std::to_string(number)}});
  }
  std::vector<std::uint64_t> delivered() {
    std::vector<std::uint64_t> numbers;
    for (const auto& [segment, number] : subscribers->take_delivered()) {
      numbers.push_back(number.sequence);
    }
    return numbers;
  }
};

// Writes down what it is told.
struct Listener {
  std::vector<std::string> told = {};

  Subscriber::Handler handler() {
    return [this](const Event& event) {
      told.push_back(event.session ? std::string(event.session->text())
                                   : "missed " + std::to_string(event.missed));
    };
  }
};

using Words = std::vector<std::string>;
using Numbers = std::vector<std::uint64_t>;

TEST_CASE("a subscription is news from the moment that it was added until that was collected",
          "[events]") {
  Hub hub;
  asio::io_context context;
  CHECK(!hub.subscribers->is_news());

  const auto subscriber = hub.subscribers->add(context.get_executor(), [](const Event&) {}, {});
  CHECK(hub.subscribers->is_news());
  hub.delivered();
  CHECK(!hub.subscribers->is_news());
  CHECK(hub.subscribers->any());

  subscriber->end();
  CHECK(hub.subscribers->is_news());
}

TEST_CASE("an event is delivered on the executor, and nowhere else", "[events]") {
  Hub hub;
  asio::io_context context;
  Listener listener;
  const auto subscriber = hub.subscribers->add(context.get_executor(), listener.handler(), {});

  hub.offer(1);
  hub.offer(2);
  CHECK(listener.told.empty());
  CHECK(subscriber->waiting() == 2);
  CHECK(hub.delivered().empty());
  context.run();

  CHECK(listener.told == Words{"1", "2"});
  CHECK(hub.delivered() == Numbers{1, 2});
  CHECK(hub.subscribers->delivered_count() == 2);
}

TEST_CASE("an event is delivered when all subscribers have had it", "[events]") {
  Hub hub;
  asio::io_context fast;
  asio::io_context slow;
  Listener first;
  Listener second;
  hub.subscribers->add(fast.get_executor(), first.handler(), {});
  hub.subscribers->add(slow.get_executor(), second.handler(), {});

  hub.offer(1);
  fast.run();
  CHECK(hub.delivered().empty());
  slow.run();
  CHECK(hub.delivered() == Numbers{1});
}

TEST_CASE("without subscribers an event is delivered at once", "[events]") {
  Hub hub;
  hub.offer(1);
  CHECK(hub.delivered() == Numbers{1});
}

TEST_CASE("what finds the queue full is missed, and told in its place", "[events]") {
  Hub hub;
  asio::io_context context;
  Listener listener;
  const auto subscriber =
      hub.subscribers->add(context.get_executor(), listener.handler(), {.queue_max = 2});

  for (const std::uint64_t number : {1, 2, 3, 4, 5}) hub.offer(number);
  CHECK(hub.delivered() == Numbers{3, 4, 5});
  context.run();
  hub.offer(6);
  context.restart();
  context.run();

  CHECK(listener.told == Words{"1", "2", "missed 3", "6"});
  CHECK(subscriber->missed() == 3);
  CHECK(hub.subscribers->missed_count() == 3);
}

TEST_CASE("who may not answer delivers nothing, and goes on when it may", "[events]") {
  Hub hub;
  asio::io_context context;
  Listener listener;
  hub.subscribers->add(context.get_executor(), listener.handler(), {});
  hub.permission = Permission::kWait;
  hub.offer(1);
  hub.offer(2);
  context.run();
  CHECK(listener.told.empty());
  CHECK(hub.subscribers->holding());

  hub.permission = Permission::kDeliver;
  hub.subscribers->resume();
  context.restart();
  context.run();

  CHECK(listener.told == Words{"1", "2"});
  CHECK_FALSE(hub.subscribers->holding());
}

TEST_CASE("what was recalled is not delivered, nor counted as if it were", "[events]") {
  Hub hub;
  asio::io_context context;
  Listener listener;
  hub.subscribers->add(context.get_executor(), listener.handler(), {.queue_max = 1});
  hub.offer(1);
  hub.permission = Permission::kDrop;
  hub.offer(2);
  context.run();

  CHECK(listener.told.empty());
  CHECK(hub.delivered().empty());
  CHECK(hub.subscribers->missed_count() == 0);
}

TEST_CASE("an ended subscription hears nothing more and holds nothing up", "[events]") {
  Hub hub;
  asio::io_context context;
  Listener listener;
  const auto held = std::make_shared<int>(0);
  const auto subscriber = hub.subscribers->add(
      context.get_executor(),
      [held, handler = listener.handler()](const Event& event) mutable { handler(event); }, {});
  hub.offer(1);

  subscriber->end();

  CHECK(held.use_count() == 1);
  CHECK(hub.delivered() == Numbers{1});
  CHECK_FALSE(hub.subscribers->any());
  context.run();
  CHECK(listener.told.empty());
}

TEST_CASE("to end a subscription waits for its handler, but not within it", "[events]") {
  Hub hub;
  asio::thread_pool pool(1);
  std::latch begun(1);
  std::promise<void> go_on;
  std::atomic<bool> returned = false;
  const auto waited_for = hub.subscribers->add(pool.get_executor(),
                                               [&](const Event&) {
                                                 begun.count_down();
                                                 go_on.get_future().wait();
                                                 returned = true;
                                               },
                                               {});
  hub.offer(1);
  begun.wait();
  std::thread other([&] { go_on.set_value(); });
  waited_for->end();
  CHECK(returned);
  other.join();

  std::shared_ptr<Subscriber> itself;
  std::promise<void> ended;
  itself = hub.subscribers->add(pool.get_executor(),
                                [&](const Event&) {
                                  itself->end();
                                  ended.set_value();
                                },
                                {});
  hub.offer(2);
  hub.offer(3);
  ended.get_future().wait();
  pool.join();
  CHECK_FALSE(hub.subscribers->any());
}

TEST_CASE("an exception of a handler passes, and the next event is delivered", "[events]") {
  Hub hub;
  asio::io_context context;
  int calls = 0;
  hub.subscribers->add(context.get_executor(),
                       [&](const Event&) {
                         if (++calls == 1) throw std::runtime_error("the handler's own");
                       },
                       {});
  hub.offer(1);
  hub.offer(2);

  CHECK_THROWS_AS(context.run(), std::runtime_error);
  context.run();

  CHECK(calls == 2);
  CHECK(hub.delivered() == Numbers{1, 2});
}

TEST_CASE("calls of one handler never overlap, on however many threads", "[events]") {
  Hub hub;
  asio::thread_pool pool(4);
  std::atomic<int> running = 0;
  std::atomic<bool> overlapped = false;
  std::vector<std::string> told;
  hub.subscribers->add(pool.get_executor(),
                       [&](const Event& event) {
                         if (++running > 1) overlapped = true;
                         told.emplace_back(event.session->text());
                         --running;
                       },
                       {.queue_max = 10'000});

  for (std::uint64_t number = 0; number < 2000; ++number) hub.offer(number);
  pool.join();

  CHECK_FALSE(overlapped);
  REQUIRE(told.size() == 2000);
  for (std::size_t i = 0; i < told.size(); ++i) CHECK(told[i] == std::to_string(i));
}

TEST_CASE("when all is closed nothing is called any more", "[events]") {
  Hub hub;
  asio::io_context context;
  Listener listener;
  const auto subscriber = hub.subscribers->add(context.get_executor(), listener.handler(), {});
  hub.offer(1);
  const int wakes = hub.wakes;

  hub.subscribers->close();
  context.run();
  hub.offer(2);
  const auto late = hub.subscribers->add(context.get_executor(), listener.handler(), {});
  subscriber->end();
  late->end();

  CHECK(listener.told.empty());
  CHECK(hub.wakes == wakes);
}

}  // namespace
}  // namespace sojourn::runtime
