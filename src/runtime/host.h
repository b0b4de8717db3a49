#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "base/spare_nodes.h"
#include "base/time.h"
#include "discovery/discovery.h"
#include "node/node.h"
#include "ring/placement.h"
#include "runtime/clock.h"
#include "runtime/coarse_clock.h"
#include "runtime/direct_reads.h"
#include "runtime/inbox.h"
#include "runtime/log.h"
#include "runtime/os_random.h"
#include "runtime/own_threads.h"
#include "runtime/serving_spans.h"
#include "runtime/subscribers.h"
#include "runtime/turn.h"
#include "sojourn/health.h"
#include "sojourn/metrics.h"
#include "sojourn/tracing.h"
#include "transport/transport.h"

namespace sojourn::runtime {

// The imperative shell around one node: its thread, its timer, its transport, and who waits for
// which of its calls. The only place where the node meets a clock or the operating system's
// randomness.
//
// Which thread touches what:
//   the node            whoever has the turn, but for Node::read_local, which is safe from any
//   completions_        whoever has the turn
//   spans_              whoever has the turn
//   published state     any thread: atomics, or guarded by mutex_
// Frames arrive on the transport's threads and calls on the users'. A thread that has read a frame
// takes the turn with the node, if it is free, and handles all that have arrived; likewise one that
// has told some of the store's own handlers how their calls ended, with the calls that they made.
// All else is for the host's thread: time, calls of other threads, what found no free turn, and
// chunks, a few at a time, so that all else passes them by. Completions run in a turn and must not
// block; the store sends them on to the user's executor.
class Host {
 public:
  using Completion = absl::AnyInvocable<void(node::Finished) &&>;
  using StatusCompletion = absl::AnyInvocable<void(absl::Status) &&>;
  using FindingsCompletion = absl::AnyInvocable<void(replication::Findings) &&>;
  // Builds the transport that reports to these events.
  using MakeTransport = absl::AnyInvocable<absl::StatusOr<std::unique_ptr<transport::Transport>>(
                                               Incarnation, transport::Events) &&>;

  // `tracer` may be null.
  Host(node::NodeOptions options, std::shared_ptr<LogSink> log, std::shared_ptr<Tracer> tracer);
  // Stops first.
  ~Host();

  // Completions that are for that executor run on the threads that read from other members, in
  // place, or else what one step of the node completes is posted there in one go. Before start().
  void complete_in_place(OwnThreads* threads) { own_threads_ = threads; }

  // Reads that this context's threads start while others are under way leave together, once what
  // else is ready there has run: in one frame rather than in one each. `alive` lives as long as the
  // host. Before start().
  void gather_on(asio::io_context::executor_type context, std::weak_ptr<const void> alive);

  // Starts the transport, the node, and what finds other members, if there is something. Once.
  absl::Status start(MakeTransport make_transport,
                     std::unique_ptr<discovery::Discovery> discovery = nullptr);

  // Ends everything: unfinished calls and waits complete with kCancelled before it returns, later
  // ones as soon as they are made. Not from a completion. Safe to repeat.
  void stop();

  // Starts a read of this member's user, the short way if another member owns what stands under
  // that id; the waiter is told exactly once, on one of the store's threads.
  void read(replication::Verb verb, std::string_view id, bool touch, Duration timeout,
            ReadWaiter&& waiter);

  // Starts a call of this member's user; the completion runs exactly once. Beyond
  // NodeOptions::calls_in_flight_max it is refused at once, with kResourceExhausted, on the
  // caller's thread: however fast calls come, what waits for the node is bounded.
  void call(replication::Operation&& operation, Duration timeout, Completion completion);

  // Starts a question of this member's user; the completion runs exactly once.
  void ask(replication::Question question, Duration timeout, FindingsCompletion completion);

  // Completes with OK once the node serves.
  void when_ready(StatusCompletion completion);

  // Leaves the cluster: OK when it has left; kDeadlineExceeded says what is not handed over.
  void drain(Duration timeout, StatusCompletion completion);

  // As an operator orders: see Node.
  void recover(StatusCompletion completion);
  void acknowledge_losses();

  // Calls it in a turn with the node, where all of the node may be looked at; with null once the
  // host has been stopped, on whichever thread.
  void look(absl::AnyInvocable<void(const node::Node*) &&> look);

  // Writes a line to the log. Safe from any thread.
  void log(LogLevel level, const std::string& message) { log_.write(level, message); }

  // Delivers what happens from then on, to this member's part of the sessions and to the cluster.
  std::shared_ptr<Subscriber> subscribe(asio::any_io_executor executor, Subscriber::Handler handler,
                                        SubscribeOptions options);

  // Safe from any thread, without waiting for the node's:

  std::optional<replication::Result> read_local(const table::Key& id, bool touch) const {
    return node_.read_local(id, touch, [](Time limit) { return CoarseClock::read(limit).moment; });
  }
  // Where the time of a get goes: all of it in the caller's function, as the processor overlaps the
  // waits for memory of gets only that are short.
  [[gnu::always_inline]] table::Table::Glimpse glimpse(const table::Key& id, bool touch) const {
    return node_.glimpse(id, touch, [](Time limit) { return CoarseClock::read(limit).moment; });
  }
  // Who is what in the current view; null before the first.
  std::shared_ptr<const ring::Roles> roles() const;
  // The same, with whether each member of the view is connected; this one is.
  struct Seen {
    std::shared_ptr<const ring::Roles> roles = {};
    std::vector<bool> connected = {};
  };
  Seen seen() const;
  Health health() const;
  // The gauges and the counters that the node and the transport keep.
  void add_to(Metrics& metrics) const;

 private:
  // What other threads may know of the node, as of its last step.
  struct Published {
    Seen seen = {};
    std::string waiting_for = "the store is starting";
    std::string unsafe_because = "the store is starting";
    bool leaving = false;
    bool left = false;
    // Whether there has ever been a view; since when this member is not ready, and not safe.
    bool started = false;
    Time unready_since = {};
    Time unsafe_since = {};
    std::uint64_t members_connected = 0;
    std::uint64_t segments_primary = 0;
    std::uint64_t segments_waiting = 0;
    std::uint64_t segments_learning = 0;
    std::uint64_t segments_backup = 0;
    std::uint64_t segments_lost = 0;
    std::uint64_t segments_lost_ever = 0;
    std::uint64_t calls_in_flight = 0;
    std::uint64_t expired = 0;
    std::uint64_t companions_expired = 0;
    std::uint64_t refused_for_memory = 0;
    std::uint64_t logins_ended_for_room = 0;
    std::uint64_t requests_served = 0;
    std::uint64_t events_kept = 0;
  };

  struct Call {
    replication::Operation operation = {};
    Duration timeout = {};
    Completion completion = {};
  };

  // A call that has ended, and how.
  struct Ended {
    Completion completion = {};
    node::Finished finished = {};
  };

  // What has arrived from another member.
  struct Arrived {
    std::string from = {};
    std::vector<node::Envelope> envelopes = {};
  };

  // How handlers that may run on this thread are told that their calls have ended. By post, where
  // some were just told in place: whoever makes another call each time would hold the thread for
  // ever.
  enum class Telling : std::uint8_t { kInPlace, kByPost };

  // By which whoever may outlive the host has calls begun, as long as there is one.
  class Doorbell {
   public:
    explicit Doorbell(Host* host) : host_(host) {}
    void ring();
    void take_down();

   private:
    Mutex mutex_;
    Host* host_ ABSL_GUARDED_BY(mutex_);
  };

  // A chunk of a transfer.
  struct Bulk {
    std::string from = {};
    node::Envelope envelope = {};
  };

  transport::Events events();
  void run();
  void on_frame(const std::string& from, wire::Frame frame);
  void answer(const std::string& from, std::span<const replication::Lookup> lookups);
  void receive_bulk();
  void read_later(std::shared_ptr<const ring::Roles> roles, const DirectReads::Read& read,
                  ReadWaiter&& waiter);
  void arm_direct_timer();
  void take_up();
  void take_up_here(Telling telling);
  void take_up_later();
  void receive(Time time, const Arrived& arrived);
  void begin(Time time, Call& call);
  void tell_ended();
  void tick();
  void apply_effects();
  // What follows every step of the node: its effects, its new deadline.
  void after_step();
  void update_peers();
  void ask_found();
  // Runs it as a turn with the node, when it is free. On the host's thread.
  template <typename Work>
  void in_turn(Work work);
  // Has the host's thread do so.
  template <typename Work>
  void post_turn(Work work);
  // The same with a completion, which is cancelled if there is no node any more.
  template <typename Step>
  void post(Step step, StatusCompletion completion);
  // Of a call that has been under way.
  void complete(Completion completion, node::Finished finished);
  void arm_timer();
  void publish();
  Seen look_around(Time time) const;
  void cancel_everything();
  void collect_delivered();

  node::NodeOptions options_;
  Log log_;
  OsRandom random_;
  const Incarnation incarnation_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  std::optional<Time> armed_for_;
  asio::steady_timer direct_timer_;
  // When the host's thread has something to do next, for whoever watches whether it does it.
  std::atomic<Time> due_at_{Time::max()};
  // Taken until the node has been started.
  Turn turn_{true};
  node::Node node_;
  // Those that are being applied.
  node::Effects effects_;
  // Null without a tracer.
  std::unique_ptr<ServingSpans> spans_;
  // Safe from any thread.
  std::shared_ptr<Subscribers> subscribers_;
  std::unique_ptr<transport::Transport> transport_;
  std::unique_ptr<discovery::Discovery> discovery_;
  OwnThreads* own_threads_ = nullptr;
  // Of the user, if there is one.
  std::optional<asio::io_context::executor_type> users_context_;
  std::weak_ptr<const void> alive_;
  // Safe from any thread.
  DirectReads direct_reads_;
  std::atomic<std::uint64_t> lookups_answered_{0};
  // Calls of the users that have not ended; those that were not taken yet, and those being begun.
  std::atomic<std::size_t> calls_under_way_{0};
  Inbox<Call> calls_;
  std::vector<Call> begun_;
  const std::shared_ptr<Doorbell> doorbell_ = std::make_shared<Doorbell>(this);
  // Those of this step.
  std::vector<Ended> ended_;
  // Frames that have arrived, and those that were taken from there.
  Inbox<Arrived> arrived_;
  std::vector<Arrived> arrived_taken_;
  // Chunks that have arrived, and those that were taken from there, with the next of them.
  Inbox<Bulk> bulk_;
  std::vector<Bulk> bulk_taken_;
  std::size_t bulk_next_ = 0;
  std::unordered_map<std::uint64_t, Completion> completions_;
  SpareNodes<std::unordered_map<std::uint64_t, Completion>> spare_completions_;
  std::unordered_map<std::uint64_t, FindingsCompletion> asking_;
  std::vector<StatusCompletion> waiting_ready_;
  // Who waits for this member to have left, and until when.
  std::multimap<Time, StatusCompletion> waiting_left_;
  std::uint64_t peers_version_ = 0;
  // As of the last time that the state was published for a change of these.
  std::shared_ptr<const ring::Roles> seen_roles_;
  bool seen_left_ = false;
  std::uint64_t segments_backup_ = 0;
  // Addresses that were found, whose members are asked who they are until they are connected.
  std::vector<std::string> found_;
  Time ask_found_at_ = Time::min();
  bool cancelled_ = false;
  std::thread thread_;

  mutable Mutex mutex_;
  Published published_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sojourn::runtime
