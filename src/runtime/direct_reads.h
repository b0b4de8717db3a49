#pragma once

#include <absl/functional/any_invocable.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/time.h"
#include "node/lookups.h"
#include "node/node.h"

namespace sojourn::runtime {

// The short way of a read whose session another member owns: from the caller's thread straight into
// the connection to the owner, answered there by the thread that reads the frame, and completed
// here by the thread that reads the answer. No thread is woken but by the network. What does not go
// this way, or is declined, lost or late, goes the long way through the node.
//
// Safe from any thread. Completions run without a lock held, on the thread that brings the answer:
// for them a user's next read is cheap, since what they send is sent when the frame is done.
class DirectReads {
 public:
  using Completion = absl::AnyInvocable<void(node::Finished) &&>;

  // What it needs of its owner, on any thread.
  struct Hooks {
    // As Transport::send() and flush().
    std::function<absl::Status(const std::string& owner, const replication::Lookup&)> send = {};
    std::function<void()> flush = {};
    // The long way, with what is left of the time.
    std::function<void(replication::Operation, Duration, Completion)> call = {};
    // tick() is due earlier than it was.
    std::function<void()> wake = {};
  };

  DirectReads(node::LookupsOptions options, Hooks hooks)
      : hooks_(std::move(hooks)), lookups_(options) {}

  // Reads what `owner`, another member, has under that id. The completion runs exactly once, and
  // not before this has returned unless it fails at once.
  void start(Time now, const std::string& owner, replication::Verb verb, std::string_view id,
             bool touch, Duration timeout, Completion completion);

  // The owner has answered: all of one frame.
  void found(Time now, const std::string& owner, std::vector<replication::Found> found);
  // What was sent to it is lost.
  void lost(Time now, const std::string& owner);
  void tick(Time now);
  std::optional<Time> next_deadline() const;

  // Completes all with kCancelled, and from now on each at once.
  void stop();

  // Between these, on one thread, nothing that is started is flushed: the caller does it.
  class Gathering {
   public:
    explicit Gathering(const DirectReads& reads);
    ~Gathering();
    Gathering(const Gathering&) = delete;
    Gathering& operator=(const Gathering&) = delete;

   private:
    const DirectReads* const outer_;
  };

 private:
  using Lookups = node::Lookups<Completion>;

  void call_instead(Time now, Lookups::Lookup lookup);
  void call_instead(Time now, std::vector<Lookups::Lookup> lookups);

  const Hooks hooks_;
  mutable Mutex mutex_;
  Lookups lookups_ ABSL_GUARDED_BY(mutex_);
  // For when the owner's timer is set.
  std::optional<Time> awaited_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sojourn::runtime
