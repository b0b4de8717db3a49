#include "transport/queues.h"

#include <grpcpp/alarm.h>
#include <grpcpp/completion_queue.h>

#include <chrono>
#include <future>
#include <memory>

#include "support/catch.h"

namespace sojourn::transport {
namespace {

constexpr auto kDeadline = std::chrono::seconds(30);

TEST_CASE("a reaction that takes long does not hold up the next ones", "[transport][grpc]") {
  Queues queues;
  queues.add(std::make_unique<grpc::CompletionQueue>());
  queues.start();
  std::promise<void> second_ran;
  std::promise<bool> first_saw_it;
  Reaction first = [&](bool) {
    const auto seen = second_ran.get_future().wait_for(kDeadline);
    first_saw_it.set_value(seen == std::future_status::ready);
  };
  Reaction second = [&](bool) { second_ran.set_value(); };
  const auto now = std::chrono::system_clock::now();

  grpc::Alarm of_first;
  of_first.Set(&queues.next(), now, &first);
  grpc::Alarm of_second;
  of_second.Set(&queues.next(), now + std::chrono::milliseconds(1), &second);

  CHECK(first_saw_it.get_future().get());
  queues.stop();
}

TEST_CASE("a queue that is polled without sleeping tells what ends meanwhile, and later, and stops",
          "[transport][grpc]") {
  Queues queues(std::chrono::microseconds(100));
  queues.add(std::make_unique<grpc::CompletionQueue>());
  queues.start();
  const auto now = std::chrono::system_clock::now();
  for (const auto later : {std::chrono::milliseconds(0), std::chrono::milliseconds(5)}) {
    std::promise<void> ran;
    Reaction reaction = [&](bool) { ran.set_value(); };
    grpc::Alarm alarm;
    alarm.Set(&queues.next(), now + later, &reaction);
    CHECK(ran.get_future().wait_for(kDeadline) == std::future_status::ready);
  }
  queues.stop();
}

TEST_CASE("queues that were never started can be stopped", "[transport][grpc]") {
  Queues queues;
  queues.add(std::make_unique<grpc::CompletionQueue>());
  Reaction reaction = [](bool) {};
  grpc::Alarm alarm;
  alarm.Set(&queues.next(), std::chrono::system_clock::now(), &reaction);

  queues.stop();
}

}  // namespace
}  // namespace sojourn::transport
