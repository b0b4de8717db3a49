#include "runtime/direct_reads.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "runtime/closed.h"

namespace sojourn::runtime {
namespace {

// As many lookups as are worth a frame of their own.
constexpr std::size_t kLaterMax = 256;

thread_local DirectReads::Gathering* gathering_here = nullptr;

void end(ReadWaiter waiter, replication::Verb verb, absl::Status status) {
  std::move(waiter)({.verb = verb, .result = {.status = std::move(status)}});
}

absl::Status too_late() {
  return absl::DeadlineExceededError("the session's owner did not answer in time");
}

absl::Status too_many() {
  return absl::ResourceExhaustedError("too many reads of this member are unfinished already");
}

}  // namespace

DirectReads::Gathering::Gathering(DirectReads& reads, Time now,
                                  std::shared_ptr<const ring::Roles> roles)
    : reads_(reads),
      now_(now),
      roles_(std::move(roles)),
      outer_(std::exchange(gathering_here, this)) {}

DirectReads::Gathering::~Gathering() {
  gathering_here = outer_;
  reads_.send(now_, own_batch());
}

DirectReads::Gathering* DirectReads::gathering() const {
  return gathering_here && &gathering_here->reads_ == this ? gathering_here : nullptr;
}

void DirectReads::Batch::add(const Read& read, ReadWaiter&& waiter) {
  // As a rule all are of one owner.
  const bool same = !started.empty() && started.back().owner == &read.owner;
  started.push_back({.owner = &read.owner,
                     .owner_hash = same ? started.back().owner_hash : stable_hash(read.owner),
                     .verb = read.verb,
                     .touch = read.touch,
                     .id_begin = ids.size(),
                     .id_size = read.id.size(),
                     .timeout = read.timeout,
                     .waiter = std::move(waiter)});
  ids += read.id;
}

void DirectReads::Batch::clear() {
  started.clear();
  ids.clear();
  lookups.clear();
}

DirectReads::Batch& DirectReads::own_batch() {
  thread_local Batch batch;
  return batch;
}

void DirectReads::start(Time now, const Read& read, ReadWaiter&& waiter) {
  if (gathering()) return own_batch().add(read, std::move(waiter));
  Batch batch;
  batch.add(read, std::move(waiter));
  send(now, batch);
  hooks_.flush();
}

bool DirectReads::start_later(Time now, std::shared_ptr<const ring::Roles> roles, const Read& read,
                              ReadWaiter&& waiter) {
  {
    MutexLock lock(mutex_);
    const std::size_t waiting = later_.batch.started.size();
    // A lone read should not wait for others that may never come.
    const bool may_wait = waiting == 0 ? lookups_.in_flight() > 0 : later_.roles == roles;
    if (!stopped_ && may_wait && waiting < kLaterMax) {
      if (waiting == 0) {
        later_.since = now;
        later_.roles = std::move(roles);
      }
      later_.batch.add(read, std::move(waiter));
      return waiting == 0;
    }
  }
  start(now, read, std::move(waiter));
  return false;
}

void DirectReads::send_later() {
  Later taken;
  {
    MutexLock lock(mutex_);
    std::swap(taken, later_);
  }
  send(taken.since, taken.batch);
  hooks_.flush();
  // Its memory is used again.
  MutexLock lock(mutex_);
  if (later_.batch.started.empty()) std::swap(later_.batch, taken.batch);
}

// Waiters that are told of a failure may start others meanwhile: the batch is not this thread's
// until the end.
void DirectReads::send(Time now, Batch& taken) {
  if (taken.started.empty()) return;
  Batch batch = std::exchange(taken, {});
  bool wake = false;
  bool stopped = false;
  batch.lookups.reserve(batch.started.size());
  {
    MutexLock lock(mutex_);
    stopped = stopped_;
    for (Started& each : batch.started) {
      if (stopped || lookups_.is_full()) break;
      const std::string_view id = std::string_view(batch.ids).substr(each.id_begin, each.id_size);
      batch.lookups.push_back(lookups_.start(now, each.owner_hash, each.verb, id, each.touch,
                                             now + each.timeout, std::move(each.waiter)));
    }
    const std::optional<Time> due = lookups_.next_deadline();
    wake = due && (!awaited_ || *due < *awaited_);
    if (wake) awaited_ = due;
  }

  const std::span<const replication::Lookup> lookups = batch.lookups;
  for (std::size_t begin = 0; begin < lookups.size();) {
    const Started& first = batch.started[begin];
    std::size_t end = begin + 1;
    while (end < lookups.size() && batch.started[end].owner == first.owner) ++end;
    send_to(now, first, lookups.subspan(begin, end - begin));
    begin = end;
  }
  if (wake) hooks_.wake();
  for (std::size_t i = lookups.size(); i < batch.started.size(); ++i) {
    Started& each = batch.started[i];
    end(std::move(each.waiter), each.verb, stopped ? closed() : too_many());
  }
  batch.clear();
  if (taken.started.empty()) taken = std::move(batch);
}

void DirectReads::send_to(Time now, const Started& first,
                          std::span<const replication::Lookup> lookups) {
  const transport::Taken taken = hooks_.send(*first.owner, lookups);
  for (const replication::Lookup& lookup : lookups.subspan(taken.count)) {
    std::optional<Lookups::Lookup> unsent;
    {
      MutexLock lock(mutex_);
      unsent = lookups_.answered(first.owner_hash, lookup.number);
    }
    if (!unsent) continue;
    if (absl::IsResourceExhausted(taken.status)) {
      end(std::move(unsent->waiter), unsent->verb,
          absl::UnavailableError(std::string(taken.status.message())));
    } else {
      call_instead(now, *std::move(unsent));
    }
  }
}

void DirectReads::found(Time now, const std::string& owner, std::vector<replication::Found> found) {
  std::vector<Lookups::Waiting> waiting(found.size());
  std::vector<Lookups::Lookup> declined;
  {
    const std::uint64_t hash = stable_hash(owner);
    MutexLock lock(mutex_);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!found[i].declined) {
        lookups_.found(hash, found[i].number, waiting[i]);
      } else if (auto lookup = lookups_.answered(hash, found[i].number)) {
        declined.push_back(*std::move(lookup));
      }
    }
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (!waiting[i].exists) continue;
    std::move(waiting[i].waiter)(
        {.verb = waiting[i].verb, .remote = true, .result = std::move(found[i].result)});
  }
  call_instead(now, std::move(declined));
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
  Later unsent;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    ended = lookups_.take_all();
    std::swap(unsent, later_);
  }
  for (Lookups::Lookup& lookup : ended) end(std::move(lookup.waiter), lookup.verb, closed());
  for (Started& each : unsent.batch.started) end(std::move(each.waiter), each.verb, closed());
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
