// Plane as primary, asked about all sessions that have a subject or a label: listing, counting and
// ending them, and admitting logins of a subject that has a limit.

#include <algorithm>
#include <cassert>

#include "replication/plane.h"

namespace sojourn::replication {
namespace {

using session::KeyView;
using session::Record;
using session::RecordRef;

// Bytes of the sessions in one answer. One session may be more than that.
constexpr std::size_t kListBytesMax = std::size_t{256} << 10;
// Keys whose sessions are counted once and then kept count of.
constexpr std::size_t kCountsMax = 1024;
// Of each question that ends sessions: removals under way, and how many are begun in one step, so
// that ending a million sessions never holds up anything else.
constexpr std::size_t kEndingsAtOnce = 256;
constexpr Duration kEndAgain = std::chrono::milliseconds(1);
// When to try again without a lease, or without room for more writes.
constexpr Duration kEndLater = std::chrono::milliseconds(50);
constexpr std::size_t kEndingsMax = 1024;
// Subjects and labels of which sessions were ended while older logins may still be on their way.
constexpr std::size_t kOvertakenMax = 65536;

KeyView subject_key(std::string_view subject) { return {KeyView::Kind::kSubject, subject}; }

bool same_keys(const Record& a, const Record& b) {
  const bool labelled = a.label_count() > 0 || b.label_count() > 0;
  return a.subject() == b.subject() && (!labelled || a.labels() == b.labels());
}

// Whether the operation, if it succeeds, makes a session that others ask for by its keys.
bool is_login(const Operation& operation) {
  return operation.verb == Verb::kCreate || operation.verb == Verb::kAuthenticate;
}

}  // namespace

bool brings_key(const Operation& operation, const Key& key) {
  if (!is_login(operation)) return false;
  if (key.kind == KeyView::Kind::kSubject) return operation.subject == key.text;
  return std::find(operation.labels.begin(), operation.labels.end(), key.text) !=
         operation.labels.end();
}

// Sessions that are there.

template <typename Visit>
void Plane::for_each_own(const KeyView& key, Visit visit) const {
  table().index().for_each(key, [&](const Record& record) {
    if (is_primary(segment_of(record.id()))) visit(record);
  });
}

std::vector<Copy> Plane::list(const Key& key, std::string_view after, std::uint32_t limit, Time now,
                              bool& more) const {
  std::vector<RecordRef> records;
  for_each_own(key.view(), [&](const Record& record) {
    if (record.id() > after) records.push_back(RecordRef::share(record));
  });
  std::sort(records.begin(), records.end(),
            [](const RecordRef& a, const RecordRef& b) { return a->id() < b->id(); });
  std::vector<Copy> copies;
  std::size_t bytes = 0;
  more = false;
  for (RecordRef& record : records) {
    const auto found =
        table().find(record->id(), now, false, promoted_at(segment_of(record->id())));
    // Until it is removed it is there, and may stay: a write that prolongs it may be under way.
    if (!found && !found.ended) continue;
    if (copies.size() == limit || bytes >= kListBytesMax) {
      more = true;
      break;
    }
    bytes += record->bytes();
    copies.push_back({.record = std::move(record), .last_seen = found.last_seen});
  }
  return copies;
}

std::uint64_t Plane::count(const Key& key) {
  if (const auto counted = counts_.find(key); counted != counts_.end()) return counted->second;
  std::uint64_t count = 0;
  for_each_own(key.view(), [&](const Record&) { ++count; });
  if (counts_.size() >= kCountsMax) counts_.clear();
  counts_.emplace(key, count);
  return count;
}

// A session of a segment whose primary this member is comes or goes.
void Plane::keep_count(const Record& record, bool added) {
  if (counts_.empty()) return;
  for (std::size_t i = 0; i < record.key_count(); ++i) {
    const KeyView key = record.key(i);
    const auto counted = counts_.find(Key{key.kind, std::string(key.text)});
    if (counted == counts_.end()) continue;
    counted->second += added ? 1 : std::uint64_t{0} - 1;
  }
}

// Sessions that are being made.

void Plane::note_arrivals(Write& write) {
  // A bit for each; evaluate() makes a handful.
  assert(write.entries.size() <= 64);
  for (std::size_t i = 0; i < write.entries.size(); ++i) {
    const Entry& entry = write.entries[i];
    if (!entry.record || entry.record->is_alias()) continue;
    const bool is_new = !write.was_there && entry.id == write.session_id;
    const RecordRef before = is_new ? RecordRef() : table().peek(entry.id);
    if (before && same_keys(*before, *entry.record)) continue;
    write.arrivals |= std::uint64_t{1} << i;
    if (entry.id != write.session_id) renamed_[entry.id] = write.session_id;
    // Who is to end goes on under another id, and that is to end too.
    for (auto& [question, ending] : endings_) {
      if (ending.running && ending.todo.contains(write.session_id)) ending.todo.insert(entry.id);
    }
  }
}

void Plane::forget_arrivals(const Write& write) {
  if (renamed_.empty()) return;
  for (const Entry& entry : write.entries) {
    if (entry.record) renamed_.erase(entry.id);
  }
}

// Calls visit(entry, write) for each session that is being made. All writes under way are due to be
// sent again, so there they are found.
template <typename Visit>
void Plane::for_each_arrival(Visit visit) const {
  std::set<std::pair<SegmentId, std::uint64_t>> seen;
  resends_.for_each([&](const std::pair<SegmentId, std::uint64_t>& id, Time at) {
    if (!is_sent_again_at(id, at) || !seen.insert(id).second) return;
    const Write& write = segments_[id.first.value].writes.at(id.second);
    for (std::size_t i = 0; i < write.entries.size(); ++i) {
      if ((write.arrivals >> i & 1) != 0) visit(write.entries[i], write);
    }
  });
}

// A session that is being made under a new id shares the queue of the one that it replaces.
const std::string& Plane::queue_of(const std::string& id) const {
  if (renamed_.empty()) return id;
  const auto renamed = renamed_.find(id);
  return renamed == renamed_.end() ? id : renamed->second;
}

// Logins that came too late.

bool Plane::is_overtaken(OperationId id, const Operation& operation, const Record* current) const {
  if (overtaken_.empty() || !is_login(operation)) return false;
  const auto below = [&](const Key& key) {
    const auto found = overtaken_.find(key);
    if (found == overtaken_.end()) return false;
    const auto caller = found->second.find(id.caller);
    return caller != found->second.end() && id.number < caller->second;
  };
  if (!operation.subject.empty() && below({KeyView::Kind::kSubject, operation.subject})) {
    return true;
  }
  const auto label_below = [&](std::string_view label) {
    return below({KeyView::Kind::kLabel, std::string(label)});
  };
  if (std::any_of(operation.labels.begin(), operation.labels.end(), label_below)) return true;
  if (!current) return false;
  const std::vector<std::string_view> labels = current->labels();
  return std::any_of(labels.begin(), labels.end(), label_below);
}

// What nobody can ask for any more.
void Plane::prune_keys() {
  for (auto at = overtaken_.begin(); at != overtaken_.end();) {
    std::erase_if(at->second, [&](const auto& caller) {
      return memo_.settled(caller.first) >= caller.second || !memo_.knows(caller.first);
    });
    at = at->second.empty() ? overtaken_.erase(at) : std::next(at);
  }
  std::erase_if(endings_, [&](const auto& ending) {
    return memo_.standing(ending.first) == Memo::Standing::kStale ||
           !memo_.knows(ending.first.caller);
  });
}

// Ending sessions.

// The id, and where it leads if its session has given it up.
std::set<std::string, std::less<>> Plane::ids_leading_on(const std::string& id) const {
  std::set<std::string, std::less<>> ids;
  std::string at = id;
  while (!at.empty() && ids.insert(at).second) {
    const RecordRef record = table().peek(at);
    at = record ? std::string(record->alias_of()) : std::string();
  }
  return ids;
}

absl::Status Plane::end_all(Time now, OperationId id, const Key& key, const std::string& except,
                            const std::vector<Overtaken>& overtaken) {
  if (overtaken_.size() >= kOvertakenMax && !overtaken_.contains(key)) {
    return absl::ResourceExhaustedError("too many subjects' sessions are being ended");
  }
  if (endings_.size() >= kEndingsMax && !endings_.contains(id)) {
    return absl::ResourceExhaustedError("too many questions that end sessions are under way");
  }
  auto& callers = overtaken_[key];
  for (const Overtaken& one : overtaken) {
    callers[one.caller] = std::max(callers[one.caller], one.below);
  }

  Ending& ending = endings_[id];
  ending.running = true;
  ending.cause =
      key.kind == KeyView::Kind::kSubject ? Cause::kSubjectRevoked : Cause::kLabelRevoked;
  ending.todo.clear();
  ending.under_way.clear();
  const std::set<std::string, std::less<>> spared = ids_leading_on(except);
  std::set<std::string, std::less<>> renamed;
  for_each_arrival([&](const Entry& made, const Write& write) {
    if (made.id != write.session_id) renamed.insert(write.session_id);
    if (!made.record->has_key(key.view())) return;
    if (!spared.contains(made.id) && !spared.contains(write.session_id)) {
      ending.todo.insert(made.id);
    }
  });
  for_each_own(key.view(), [&](const Record& record) {
    if (!spared.contains(record.id()) && !renamed.contains(record.id())) {
      ending.todo.emplace(record.id());
    }
  });
  continue_endings(now);
  begin_waiting(now);
  return absl::OkStatus();
}

void Plane::continue_endings(Time now) {
  endings_due_.reset();
  for (auto& [id, ending] : endings_) {
    if (!ending.running) continue;
    for (std::size_t begun = 0; !ending.todo.empty(); ++begun) {
      const bool room = has_lease(now) && writes_waiting_ < options_.writes_waiting_max;
      if (!room || begun == kEndingsAtOnce || ending.under_way.size() >= kEndingsAtOnce) {
        endings_due_ = now + (room && ending.under_way.empty() ? kEndAgain : kEndLater);
        break;
      }
      const std::string session_id = std::move(ending.todo.extract(ending.todo.begin()).value());
      ending.under_way.insert(session_id);
      end(now, id, session_id, ending.cause);
    }
    if (!ending.todo.empty() || !ending.under_way.empty()) continue;
    ending.running = false;
    effects_.endings.push_back({id, ending.ended});
  }
}

// Before everything that waits for the session and has not begun.
void Plane::end(Time now, OperationId ending, const std::string& session_id, Cause cause) {
  const std::string queue_id = queue_of(session_id);
  Waiting waiting = {.operation = {.verb = Verb::kRevoke, .id = session_id, .cause = cause},
                     .deadline = Time::max(),
                     .ending = ending};
  const auto application =
      std::find_if(applications_.begin(), applications_.end(),
                   [&](const auto& one) { return one.second.operation.id == queue_id; });
  if (application != applications_.end()) {
    const OperationId applicant = application->first;
    applications_.erase(application);
    --writes_waiting_;
    answer(applicant, segment_of(queue_id),
           {.status = absl::AbortedError("the session was ended meanwhile")});
    freed_.push_back(queue_id);
  }
  if (const auto queue = queues_.find(queue_id); queue != queues_.end()) {
    ++writes_waiting_;
    queue->second.waiting().push_front(std::move(waiting));
    return;
  }
  begin(now, waiting.mutation());
}

void Plane::ended(OperationId id, const std::string& session_id, bool was_there) {
  const auto found = endings_.find(id);
  if (found == endings_.end()) return;
  found->second.under_way.erase(session_id);
  if (was_there) ++found->second.ended;
  endings_due_ = Time::min();
}

void Plane::end_again(Time now, OperationId id, const std::string& session_id) {
  const auto found = endings_.find(id);
  if (found == endings_.end()) return;
  if (found->second.under_way.erase(session_id) == 0) return;
  found->second.todo.insert(session_id);
  endings_due_ = now + kEndLater;
}

// Admission.

bool Plane::needs_admission(const Mutation& mutation, const Record* current) const {
  const Operation& operation = mutation.operation;
  if (!options_.admission || mutation.admitted || !is_login(operation)) return false;
  return !operation.subject.empty() && !(current && current->subject() == operation.subject);
}

void Plane::apply_for(Time now, const Mutation& mutation) {
  ++writes_waiting_;
  queues_[mutation.operation.id];
  effects_.applicants.insert({KeyView::Kind::kSubject, mutation.operation.subject});
  if (!applications_due_) applications_due_ = now + options_.resend_interval;
  applications_.insert_or_assign(mutation.id, waiting_of(mutation));
}

void Plane::apply_again(Time now) {
  applications_due_.reset();
  std::vector<OperationId> over;
  for (const auto& [id, waiting] : applications_) {
    if (waiting.deadline <= now) {
      over.push_back(id);
    } else {
      effects_.applicants.insert({KeyView::Kind::kSubject, waiting.operation.subject});
    }
  }
  for (const OperationId id : over) {
    const Waiting waiting = std::move(applications_.extract(id).mapped());
    --writes_waiting_;
    memo_.finish(id, segment_of(waiting.operation.id), epoch(),
                 {.status = absl::UnavailableError("its time was up before it began")});
    freed_.push_back(waiting.operation.id);
  }
  if (!applications_.empty()) applications_due_ = now + options_.resend_interval;
}

void Plane::abandon_applications(SegmentId segment_id) {
  for (auto at = applications_.begin(); at != applications_.end();) {
    const std::string& session_id = at->second.operation.id;
    if (segment_of(session_id) != segment_id) {
      ++at;
      continue;
    }
    memo_.abandon(at->first);
    --writes_waiting_;
    if (const auto queue = queues_.find(session_id); queue != queues_.end()) {
      for (const Waiting& waiting : queue->second.waiting()) {
        memo_.abandon(waiting.id);
        --writes_waiting_;
      }
      queues_.erase(queue);
    }
    at = applications_.erase(at);
  }
}

void Plane::decide(Time now, const Verdict& verdict) {
  const auto take = [&](OperationId id) -> std::optional<Waiting> {
    const auto found = applications_.find(id);
    if (found == applications_.end()) return std::nullopt;
    Waiting waiting = std::move(found->second);
    applications_.erase(found);
    --writes_waiting_;
    return waiting;
  };
  for (const OperationId id : verdict.refused) {
    const auto waiting = take(id);
    if (!waiting) continue;
    answer(id, segment_of(waiting->operation.id),
           {.status = absl::ResourceExhaustedError("the subject has as many sessions as it may")});
    freed_.push_back(waiting->operation.id);
  }
  for (const OperationId id : verdict.admitted) {
    auto waiting = take(id);
    if (!waiting) continue;
    waiting->admitted = true;
    const std::string session_id = waiting->operation.id;
    if (!has_lease(now)) {
      // Not given up to be asked for again: it was admitted once.
      answer(id, segment_of(session_id),
             {.status = absl::UnavailableError("the owner has lost its lease")});
      freed_.push_back(session_id);
    } else if (waiting->deadline <= now) {
      memo_.finish(id, segment_of(session_id), epoch(),
                   {.status = absl::UnavailableError("its time was up before it began")});
      freed_.push_back(session_id);
    } else if (!begin(now, waiting->mutation())) {
      freed_.push_back(session_id);
    }
  }
  begin_waiting(now);
}

void Plane::survey(Time now, const Key& key, Gathered& gathered) {
  // One whose time is up counts until its removal is committed, which need not wait for its turn.
  std::vector<std::string> ids;
  for_each_own(key.view(), [&](const Record& record) { ids.emplace_back(record.id()); });
  for (const std::string& id : ids) expire(now, id);

  for_each_own(key.view(), [&](const Record& record) {
    gathered.counted.push_back({std::string(record.id()), record.created_at()});
  });
  for_each_arrival([&](const Entry& made, const Write& write) {
    if (!made.record->has_key(key.view())) return;
    const RecordRef replaced = table().peek(write.session_id);
    if (replaced && replaced->has_key(key.view())) return;
    gathered.counted.push_back({made.id, made.record->created_at()});
  });
  for (const auto& [id, waiting] : applications_) {
    if (subject_key(waiting.operation.subject) == key.view()) gathered.waiting.push_back(id);
  }
  std::sort(gathered.counted.begin(), gathered.counted.end(),
            [](const Counted& a, const Counted& b) { return a.id < b.id; });
}

}  // namespace sojourn::replication
