#pragma once

#include <grpcpp/completion_queue.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"

namespace sojourn::transport {

// What is to be done when an operation of gRPC's has ended; `ok` is what gRPC says of it. Its
// address is the operation's tag, so it stays where it is until it has been called.
using Reaction = std::function<void(bool ok)>;

// gRPC's completion queues of one transport, and who runs their reactions. Each queue has one
// thread that waits for the ends of operations, so none has to wake another one, as gRPC's own
// threads have to for its callbacks; and one that stands by, and takes its place while a reaction
// takes longer than it should: docs/decisions/0018.
class Queues {
 public:
  // How many a process should have: one for each two processors of the machine.
  static std::size_t count_wanted();

  // `busy_poll`: as StoreOptions has it.
  explicit Queues(Duration busy_poll = Duration::zero()) : busy_poll_(busy_poll) {}
  ~Queues() { stop(); }

  Queues(const Queues&) = delete;
  Queues& operator=(const Queues&) = delete;

  // Before start().
  void add(std::unique_ptr<grpc::CompletionQueue> queue) {
    queues_.push_back(std::make_unique<Queue>(std::move(queue)));
  }

  // Once, when there is one at least.
  void start();

  // One of them, each in its turn, for a call that begins here. From any thread.
  grpc::CompletionQueue& next() { return *queues_[turns_++ % queues_.size()]->queue; }

  // When nothing is under way any more, and nothing will be started. Not from a reaction.
  void stop();

 private:
  struct Queue {
    explicit Queue(std::unique_ptr<grpc::CompletionQueue> of) : queue(std::move(of)) {}

    const std::unique_ptr<grpc::CompletionQueue> queue;
    // How often its thread has begun or ended a reaction: odd while it runs one.
    std::atomic<std::uint64_t> steps{0};
  };

  bool wait(grpc::CompletionQueue& queue, void*& tag, bool& ok) const;
  void react(Queue& queue) const;
  void stand_by();

  const Duration busy_poll_;
  std::vector<std::unique_ptr<Queue>> queues_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> turns_{0};

  Mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sojourn::transport
