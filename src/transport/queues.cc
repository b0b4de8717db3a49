#include "transport/queues.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <chrono>

namespace sojourn::transport {
namespace {

constexpr std::size_t kQueuesMax = 16;

// A reaction that takes longer has others run beside it. Some steps of the node do, those of a
// change of views above all, and reads should not wait for them.
constexpr auto kHeldUp = std::chrono::milliseconds(1);
// How often queues are looked at of which none has done anything lately.
constexpr auto kIdle = std::chrono::milliseconds(10);

void run(void* tag, bool ok) { (*static_cast<Reaction*>(tag))(ok); }

}  // namespace

std::size_t Queues::count_wanted() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency() / 2, 1, kQueuesMax);
}

void Queues::start() {
  for (const auto& queue : queues_) threads_.emplace_back([this, &queue] { react(*queue); });
  threads_.emplace_back([this] { stand_by(); });
}

// For what ends next; false when the queue is shut down and empty.
bool Queues::wait(grpc::CompletionQueue& queue, void*& tag, bool& ok) const {
  using Clock = std::chrono::steady_clock;
  if (busy_poll_ > Duration::zero()) {
    const auto until = Clock::now() + busy_poll_;
    do {
      const auto status = queue.AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_MONOTONIC));
      if (status != grpc::CompletionQueue::TIMEOUT) {
        return status == grpc::CompletionQueue::GOT_EVENT;
      }
    } while (Clock::now() < until);
  }
  return queue.Next(&tag, &ok);
}

// Until the queue is shut down and empty.
void Queues::react(Queue& queue) const {
  void* tag = nullptr;
  for (bool ok = false; wait(*queue.queue, tag, ok);) {
    ++queue.steps;
    run(tag, ok);
    ++queue.steps;
  }
}

void Queues::stand_by() {
  std::vector<std::uint64_t> seen(queues_.size(), 0);
  std::chrono::milliseconds pause = kIdle;
  const auto is_over = [this, &pause] {
    std::unique_lock<std::mutex> lock(mutex_.native());
    return stopped_.wait_for(lock, pause,
                             [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; });
  };
  while (!is_over()) {
    pause = kIdle;
    for (std::size_t i = 0; i < queues_.size(); ++i) {
      Queue& queue = *queues_[i];
      const std::uint64_t before = std::exchange(seen[i], queue.steps);
      const bool held_up = seen[i] == before && before % 2 == 1;
      if (held_up || seen[i] != before) pause = kHeldUp;
      void* tag = nullptr;
      bool ok = false;
      while (held_up && queue.steps == before &&
             queue.queue->AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kHeldUp) ==
                 grpc::CompletionQueue::GOT_EVENT) {
        run(tag, ok);
      }
    }
  }
}

void Queues::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  for (const auto& queue : queues_) queue->queue->Shutdown();
  if (threads_.empty()) {
    for (const auto& queue : queues_) react(*queue);
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  queues_.clear();
}

}  // namespace sojourn::transport
