#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "node/lookups.h"
#include "node/node.h"
#include "ring/placement.h"
#include "runtime/read_waiter.h"
#include "transport/transport.h"

namespace sojourn::runtime {

// The short way of a read whose session another member owns: from the caller's thread straight into
// the connection to the owner, answered there by the thread that reads the frame, and completed
// here by the thread that reads the answer. No thread is woken but by the network. What does not go
// this way, or is declined, lost or late, goes the long way through the node.
//
// Safe from any thread. Waiters are told without a lock held, on the thread that brings the answer:
// for them a user's next read is cheap, since those that one frame causes are sent together.
class DirectReads {
 public:
  // What it needs of its owner, on any thread.
  struct Hooks {
    // As Transport::send() and flush().
    std::function<transport::Taken(const std::string& owner, std::span<const replication::Lookup>)>
        send = {};
    std::function<void()> flush = {};
    // The long way, with what is left of the time.
    std::function<void(replication::Operation, Duration, ReadWaiter)> call = {};
    // tick() is due earlier than it was.
    std::function<void()> wake = {};
  };

  // What is to be read.
  struct Read {
    // Of the member that owns what stands under that id.
    const std::string& owner;
    replication::Verb verb;
    std::string_view id;
    bool touch;
    Duration timeout;
  };

  DirectReads(node::LookupsOptions options, Hooks hooks)
      : hooks_(std::move(hooks)), lookups_(options) {}

  // Reads it. The waiter is told exactly once, and not before this has returned unless it fails at
  // once.
  void start(Time now, const Read& read, ReadWaiter&& waiter);

  // As start(), but where others are under way it may leave the sending to send_later(), together
  // with what else is started until then: true if that has to be called soon, false if it will be
  // or need not be. `roles` keep the read's owner.
  bool start_later(Time now, std::shared_ptr<const ring::Roles> roles, const Read& read,
                   ReadWaiter&& waiter);
  void send_later();

  // The owner has answered: all of one frame.
  void found(Time now, const std::string& owner, std::vector<replication::Found> found);
  // What was sent to it is lost.
  void lost(Time now, const std::string& owner);
  void tick(Time now);
  std::optional<Time> next_deadline() const;

  // Tells all waiters kCancelled, and from now on each at once.
  void stop();

  // What this thread starts between these is sent together at the end, as of `now`. The caller
  // flushes it. All of it goes by the same view.
  class Gathering {
   public:
    Gathering(DirectReads& reads, Time now, std::shared_ptr<const ring::Roles> roles);
    ~Gathering();
    Gathering(const Gathering&) = delete;
    Gathering& operator=(const Gathering&) = delete;

    Time now() const { return now_; }
    // May be null.
    const ring::Roles* roles() const { return roles_.get(); }

   private:
    friend class DirectReads;
    DirectReads& reads_;
    const Time now_;
    const std::shared_ptr<const ring::Roles> roles_;
    Gathering* const outer_;
  };
  // The one of this thread, if there is one.
  Gathering* gathering() const;

 private:
  using Lookups = node::Lookups<ReadWaiter>;

  // One that was started and not sent. Its id stands in a text of many.
  struct Started {
    const std::string* owner;
    std::uint64_t owner_hash;
    replication::Verb verb;
    bool touch;
    std::size_t id_begin;
    std::size_t id_size;
    Duration timeout;
    ReadWaiter waiter;
  };
  struct Batch {
    std::vector<Started> started;
    std::string ids;
    std::vector<replication::Lookup> lookups;

    void add(const Read& read, ReadWaiter&& waiter);
    void clear();
  };
  // Of this thread; its memory is used again.
  static Batch& own_batch();
  // What waits for send_later().
  struct Later {
    Batch batch;
    // When the first of them was started, which counts for all.
    Time since = {};
    std::shared_ptr<const ring::Roles> roles;
  };

  void send(Time now, Batch& batch);
  void send_to(Time now, const Started& first, std::span<const replication::Lookup> lookups);
  void call_instead(Time now, Lookups::Lookup lookup);
  void call_instead(Time now, std::vector<Lookups::Lookup> lookups);

  const Hooks hooks_;
  mutable Mutex mutex_;
  Lookups lookups_ ABSL_GUARDED_BY(mutex_);
  Later later_ ABSL_GUARDED_BY(mutex_);
  // For when the owner's timer is set.
  std::optional<Time> awaited_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sojourn::runtime
