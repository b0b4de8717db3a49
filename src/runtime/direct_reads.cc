#include "runtime/direct_reads.h"

#include <utility>

#include "base/hash.h"

namespace sojourn::runtime {
namespace {

thread_local const DirectReads* gathering = nullptr;

void end(DirectReads::Completion completion, replication::Verb verb, absl::Status status) {
  std::move(completion)({.verb = verb, .result = {.status = std::move(status)}});
}

absl::Status closed() { return absl::CancelledError("the store was closed"); }

absl::Status too_late() {
  return absl::DeadlineExceededError("the session's owner did not answer in time");
}

}  // namespace

DirectReads::Gathering::Gathering(const DirectReads& reads)
    : outer_(std::exchange(gathering, &reads)) {}

DirectReads::Gathering::~Gathering() { gathering = outer_; }

void DirectReads::start(Time now, const std::string& owner, replication::Verb verb,
                        std::string_view id, bool touch, Duration timeout, Completion completion) {
  replication::Lookup lookup;
  bool wake = false;
  bool stopped = false;
  {
    MutexLock lock(mutex_);
    stopped = stopped_;
    if (!stopped && !lookups_.is_full()) {
      lookup = lookups_.start(now, stable_hash(owner), verb, id, touch, now + timeout,
                              std::move(completion));
      const std::optional<Time> due = lookups_.next_deadline();
      wake = !awaited_ || *due < *awaited_;
      if (wake) awaited_ = due;
    }
  }
  if (stopped) return end(std::move(completion), verb, closed());
  if (lookup.number == 0) {
    return end(
        std::move(completion), verb,
        absl::ResourceExhaustedError("too many reads of this member are unfinished already"));
  }

  const absl::Status sent = hooks_.send(owner, lookup);
  if (sent.ok()) {
    if (gathering != this) hooks_.flush();
    if (wake) hooks_.wake();
    return;
  }
  std::optional<Lookups::Lookup> unsent;
  {
    MutexLock lock(mutex_);
    unsent = lookups_.answered(stable_hash(owner), lookup.number);
  }
  if (!unsent) return;
  if (!absl::IsResourceExhausted(sent)) return call_instead(now, *std::move(unsent));
  end(std::move(unsent->waiter), verb, absl::UnavailableError(std::string(sent.message())));
}

void DirectReads::found(Time now, const std::string& owner, std::vector<replication::Found> found) {
  std::vector<std::optional<Lookups::Lookup>> ended;
  ended.reserve(found.size());
  {
    const std::uint64_t hash = stable_hash(owner);
    MutexLock lock(mutex_);
    for (const replication::Found& each : found) {
      ended.push_back(lookups_.answered(hash, each.number));
    }
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!ended[i]) continue;
    if (found[i].declined) {
      call_instead(now, *std::move(ended[i]));
    } else {
      std::move(ended[i]->waiter)(
          {.verb = ended[i]->verb, .remote = true, .result = std::move(found[i].result)});
    }
  }
}

void DirectReads::lost(Time now, const std::string& owner) {
  std::vector<Lookups::Lookup> ended;
  {
    MutexLock lock(mutex_);
    ended = lookups_.lost(stable_hash(owner));
  }
  call_instead(now, std::move(ended));
}

void DirectReads::tick(Time now) {
  std::vector<Lookups::Lookup> ended;
  {
    MutexLock lock(mutex_);
    ended = lookups_.tick(now);
    awaited_ = lookups_.next_deadline();
  }
  call_instead(now, std::move(ended));
}

std::optional<Time> DirectReads::next_deadline() const {
  MutexLock lock(mutex_);
  return awaited_;
}

void DirectReads::stop() {
  std::vector<Lookups::Lookup> ended;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    ended = lookups_.take_all();
  }
  for (Lookups::Lookup& lookup : ended) end(std::move(lookup.waiter), lookup.verb, closed());
}

void DirectReads::call_instead(Time now, Lookups::Lookup lookup) {
  if (lookup.deadline <= now) {
    return end(std::move(lookup.waiter), lookup.verb, too_late());
  }
  hooks_.call({.verb = lookup.verb, .id = std::string(lookup.id()), .touch = lookup.touch},
              lookup.deadline - now, std::move(lookup.waiter));
}

void DirectReads::call_instead(Time now, std::vector<Lookups::Lookup> lookups) {
  for (Lookups::Lookup& lookup : lookups) call_instead(now, std::move(lookup));
}

}  // namespace sojourn::runtime
