#include "node/arbiter.h"

#include <algorithm>

namespace sojourn::node {

using replication::Counted;
using replication::Gathered;
using replication::Key;
using replication::Verdict;
using replication::VerdictAck;

void Arbiter::apply(const Key& key) {
  if (const auto known = subjects_.find(key); known != subjects_.end()) {
    known->second.again = true;
    return;
  }
  if (subjects_.size() >= options_.subjects_max) return;  // who applies applies again
  subjects_[key];
  effects_.surveys.push_back(key);
}

void Arbiter::surveyed(Time now, const Inquiries::Surveyed& surveyed) {
  const auto known = subjects_.find(surveyed.key);
  if (known == subjects_.end()) return;
  Subject& subject = known->second;
  subject.survey = surveyed.number;
  subject.again_at = now + options_.resend_interval;
  std::vector<Counted> sessions;
  std::vector<std::pair<OperationId, MemberIndex>> waiting;
  for (const auto& [member, answer] : surveyed.answers) {
    sessions.insert(sessions.end(), answer.counted.begin(), answer.counted.end());
    for (const OperationId id : answer.waiting) waiting.emplace_back(id, member);
  }
  if (waiting.empty()) return go_on(surveyed.key);

  const std::size_t places =
      sessions.size() < options_.maximum ? options_.maximum - sessions.size() : 0;
  if (places == 0 && options_.when_full == WhenFull::kEndOldest) {
    // Room first, and then another survey.
    std::sort(sessions.begin(), sessions.end(), [](const Counted& a, const Counted& b) {
      return std::pair(a.created_at, a.id) < std::pair(b.created_at, b.id);
    });
    const std::size_t wanted = std::min<std::size_t>(waiting.size(), options_.maximum);
    sessions.resize(sessions.size() - options_.maximum + wanted);
    subject.again = true;
    subject.endings = sessions.size();
    subject.rests = subject.made_room;
    subject.made_room = true;
    for (Counted& session : sessions) {
      effects_.endings.emplace_back(surveyed.key, std::move(session.id));
    }
    return;
  }
  subject.made_room = false;
  std::sort(waiting.begin(), waiting.end());
  for (std::size_t i = 0; i < waiting.size(); ++i) {
    const auto& [id, member] = waiting[i];
    Verdict& verdict = subject.unacknowledged[member];
    verdict.number = surveyed.number;
    verdict.key = surveyed.key;
    if (i < places) {
      verdict.admitted.push_back(id);
    } else if (options_.when_full == WhenFull::kRefuseNew) {
      verdict.refused.push_back(id);
    } else {
      subject.again = true;
    }
  }
  send(now, subject);
}

void Arbiter::send(Time now, Subject& subject) {
  subject.again_at = now + options_.resend_interval;
  for (const auto& [member, verdict] : subject.unacknowledged) {
    effects_.verdicts.emplace_back(member, verdict);
  }
}

void Arbiter::ended(const Key& key) {
  const auto known = subjects_.find(key);
  if (known == subjects_.end() || known->second.endings == 0) return;
  Subject& subject = known->second;
  if (--subject.endings == 0 && !subject.rests) go_on(key);
}

void Arbiter::receive(MemberIndex from, const VerdictAck& ack) {
  const auto known = subjects_.find(ack.key);
  if (known == subjects_.end() || known->second.survey != ack.number) return;
  if (known->second.unacknowledged.erase(from) == 0) return;
  if (known->second.unacknowledged.empty()) go_on(ack.key);
}

// The last survey has been dealt with.
void Arbiter::go_on(const Key& key) {
  Subject& subject = subjects_.at(key);
  if (!subject.again) {
    subjects_.erase(key);
    return;
  }
  subject = {.made_room = subject.made_room};
  effects_.surveys.push_back(key);
}

void Arbiter::tick(Time now) {
  std::vector<Key> rested;
  for (auto& [key, subject] : subjects_) {
    if (!subject.waits() || subject.again_at > now) continue;
    if (subject.rests) {
      rested.push_back(key);
    } else {
      send(now, subject);
    }
  }
  for (const Key& key : rested) go_on(key);
}

std::optional<Time> Arbiter::next_deadline() const {
  std::optional<Time> next;
  for (const auto& [key, subject] : subjects_) {
    if (!subject.waits()) continue;
    if (!next || subject.again_at < *next) next = subject.again_at;
  }
  return next;
}

}  // namespace sojourn::node
