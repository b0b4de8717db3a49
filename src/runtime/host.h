#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "node/node.h"
#include "ring/placement.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "runtime/os_random.h"
#include "sojourn/metrics.h"
#include "transport/transport.h"

namespace sojourn::runtime {

// The imperative shell around one node: its thread, its timer, its transport, and who waits for
// which of its calls. The only place where the node meets a clock or the operating system's
// randomness.
//
// Which thread touches what:
//   the node            its own thread (`run`), but for Node::read_local, which is safe from any
//   completions_        the node's thread
//   published state     any thread: atomics, or guarded by mutex_
// Frames arrive on the transport's threads and calls on the users'; both are posted to the node's
// thread. Completions run on the node's thread and must not block; the store sends them on to the
// user's executor.
class Host {
 public:
  using Completion = absl::AnyInvocable<void(node::Finished) &&>;
  using ReadyCompletion = absl::AnyInvocable<void(absl::Status) &&>;
  // Builds the transport that reports to these events.
  using MakeTransport = absl::AnyInvocable<absl::StatusOr<std::unique_ptr<transport::Transport>>(
                                               Incarnation, transport::Events) &&>;

  Host(node::NodeOptions options, std::shared_ptr<LogSink> log);
  // Stops first.
  ~Host();

  // Starts the transport and the node. Once.
  absl::Status start(MakeTransport make_transport);

  // Ends everything: unfinished calls and waits complete with kCancelled before it returns, later
  // ones as soon as they are made. Not from a completion. Safe to repeat.
  void stop();

  // Starts a call of this member's user; the completion runs exactly once.
  void call(replication::Operation operation, Duration timeout, Completion completion);

  // Completes with OK once the node has a view.
  void when_ready(ReadyCompletion completion);

  // Safe from any thread, without waiting for the node's:

  std::optional<replication::Result> read_local(std::string_view id, bool touch) const {
    return node_.read_local(id, touch, now);
  }
  // The owners of the current view; null before the first.
  std::shared_ptr<const ring::Placement> placement() const;
  Health health() const;
  // The gauges and the counters that the node and the transport keep.
  void add_to(Metrics& metrics) const;

 private:
  // What other threads may know of the node, as of its last step.
  struct Published {
    std::shared_ptr<const View> view = {};
    std::shared_ptr<const ring::Placement> placement = {};
    std::string waiting_for = "the store is starting";
    std::uint64_t members_connected = 0;
    std::uint64_t calls_in_flight = 0;
    std::uint64_t expired = 0;
    std::uint64_t requests_served = 0;
  };

  transport::Events events();
  void run();
  void begin(replication::Operation operation, Duration timeout, Completion completion);
  void receive(const std::string& from, const wire::Frame& frame);
  void tick();
  void apply_effects();
  void arm_timer();
  void publish();
  void cancel_everything();

  node::NodeOptions options_;
  Log log_;
  OsRandom random_;
  const Incarnation incarnation_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  std::optional<Time> armed_for_;
  node::Node node_;
  std::unique_ptr<transport::Transport> transport_;
  std::unordered_map<std::uint64_t, Completion> completions_;
  std::vector<ReadyCompletion> waiting_ready_;
  bool cancelled_ = false;
  std::thread thread_;

  mutable Mutex mutex_;
  Published published_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sojourn::runtime
