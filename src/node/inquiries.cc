#include "node/inquiries.h"

#include <absl/strings/str_format.h>

#include <algorithm>

namespace sojourn::node {
namespace {

using replication::Copy;
using replication::Findings;
using replication::Gather;
using replication::Gathered;
using replication::Inquiry;
using replication::Question;

// How long a survey may take to be answered, which is asked anew under each view anyway.
constexpr Duration kSurveyTime = std::chrono::hours(1);

}  // namespace

Inquiries::Inquiries(Options options, replication::Plane& plane, Halt halt)
    : options_(options), plane_(plane), halt_(std::move(halt)) {}

// Asking.

void Inquiries::ask(Time now, std::uint64_t number, Question question, Time deadline) {
  Open& open = open_[number];
  open = {.question = std::move(question), .deadline = deadline, .send_again = deadline};
  begin(now, number, open);
}

void Inquiries::survey(Time now, std::uint64_t number, replication::Key key) {
  ++surveys_;
  ask(now, number, {.inquiry = Inquiry::kSurvey, .key = std::move(key)}, now + kSurveyTime);
}

// Under the view of now.
void Inquiries::begin(Time now, std::uint64_t number, Open& open) {
  open.send_again = open.deadline;
  open.unanswered.clear();
  if (!roles_) return;
  const bool ends = open.question.inquiry == Inquiry::kEnd;
  begin_step(now, number, open, ends ? Inquiry::kHalt : open.question.inquiry);
}

void Inquiries::begin_step(Time now, std::uint64_t number, Open& open, Inquiry step) {
  open.step = step;
  open.answers.clear();
  open.ending = open.ending || step == Inquiry::kEnd;
  for (std::uint32_t i = 0; i < roles_->view().members.size(); ++i) open.unanswered.insert({i});
  send_to_unanswered(now, number, open);
}

void Inquiries::send_to_unanswered(Time now, std::uint64_t number, Open& open) {
  open.send_again = std::min(open.deadline, now + options_.resend_interval);
  for (const MemberIndex member : open.unanswered) {
    const Question& question = open.question;
    Gather gather = {.number = number,
                     .settled = settled_,
                     .time_left = open.deadline - now,
                     .inquiry = open.step,
                     .key = question.key};
    if (open.step == Inquiry::kList) {
      gather.after = question.after;
      gather.limit = question.limit;
    }
    if (open.step == Inquiry::kEnd) {
      gather.except = question.except;
      gather.overtaken = open.overtaken;
    }
    effects_.outgoing.push_back({member, std::move(gather)});
  }
}

void Inquiries::receive(Time now, MemberIndex from, const Gathered& gathered) {
  const auto found = open_.find(gathered.number);
  if (found == open_.end() || found->second.step != gathered.inquiry) return;
  Open& open = found->second;
  if (open.unanswered.erase(from) == 0) return;
  if (gathered.inquiry == Inquiry::kEnd) open.ended[incarnation_of(from)] = gathered.count;
  if (!gathered.status.ok()) {
    // The others may have done their part.
    return finish(gathered.number, open,
                  {.status = absl::DeadlineExceededError(std::string(gathered.status.message()))});
  }
  open.answers.emplace_back(from, gathered);
  if (open.unanswered.empty()) complete(now, gathered.number, open);
}

// Everybody has answered.
void Inquiries::complete(Time now, std::uint64_t number, Open& open) {
  if (open.step == Inquiry::kHalt) {
    open.overtaken.clear();
    for (const auto& [member, answer] : open.answers) {
      open.overtaken.push_back({incarnation_of(member), answer.count});
    }
    return begin_step(now, number, open, Inquiry::kEnd);
  }
  if (open.step == Inquiry::kSurvey) {
    effects_.surveyed.push_back({number, open.question.key, std::move(open.answers)});
    --surveys_;
    open_.erase(number);
    return;
  }
  finish(number, open, findings(open));
}

Findings Inquiries::findings(const Open& open) const {
  Findings all;
  if (open.step == Inquiry::kEnd) {
    for (const auto& [member, count] : open.ended) all.count += count;
    return all;
  }
  // Behind the end of an answer that was cut short nothing is known.
  std::optional<std::string> known_up_to;
  for (const auto& [member, answer] : open.answers) {
    all.count += answer.count;
    all.sessions.insert(all.sessions.end(), answer.sessions.begin(), answer.sessions.end());
    if (!answer.more || answer.sessions.empty()) continue;
    std::string last(answer.sessions.back().record->id());
    if (!known_up_to || last < *known_up_to) known_up_to = std::move(last);
  }
  all.more = known_up_to.has_value();
  std::sort(all.sessions.begin(), all.sessions.end(),
            [](const Copy& a, const Copy& b) { return a.record->id() < b.record->id(); });
  if (known_up_to) {
    std::erase_if(all.sessions,
                  [&](const Copy& session) { return session.record->id() > *known_up_to; });
  }
  if (all.sessions.size() > open.question.limit) {
    all.more = true;
    all.sessions.resize(open.question.limit);
  }
  return all;
}

void Inquiries::finish(std::uint64_t number, Open& open, Findings findings) {
  if (open.question.inquiry == Inquiry::kSurvey) {
    --surveys_;
  } else {
    effects_.answered.push_back({number, open.question.inquiry, std::move(findings)});
  }
  open_.erase(number);
}

// Answering.

void Inquiries::receive(Time now, MemberIndex from, const Gather& gather) {
  const OperationId id = {incarnation_of(from), gather.number};
  if (gather.settled > gather.number) return;
  plane_.settle(id.caller, gather.settled);
  if (plane_.is_settled(id)) return;
  const AskedKey key = {id, gather.inquiry};
  const auto known = asked_.find(key);
  if (known != asked_.end()) {
    Asked& asked = known->second;
    asked.from = from;
    if (asked.standing == Asked::Standing::kDone) return reply(asked, asked.answer);
    if (asked.standing == Asked::Standing::kWaiting) asked.gather = gather;
    return;
  }
  if (asked_.size() >= options_.waiting_max) return;  // who asks asks again
  const Time deadline = now + gather.time_left;
  Asked asked = {.from = from, .gather = gather, .deadline = deadline};
  // Sessions are listed and counted as often as somebody asks.
  const bool answered = answer(now, id, asked);
  const bool keep = gather.inquiry == Inquiry::kHalt || gather.inquiry == Inquiry::kEnd;
  if (!answered || keep) asked_.insert_or_assign(key, std::move(asked));
}

bool Inquiries::answer(Time now, OperationId id, Asked& asked) {
  const Gather& gather = asked.gather;
  Gathered answer = {.number = gather.number, .inquiry = gather.inquiry};
  if (gather.inquiry == Inquiry::kHalt) {
    answer.count = halt_(gather.key);
    asked.standing = Asked::Standing::kDone;
    asked.answer = answer;
    reply(asked, std::move(answer));
    return true;
  }
  if (!plane_.serves_all(now)) return false;
  switch (gather.inquiry) {
    case Inquiry::kList:
      answer.sessions = plane_.list(gather.key, gather.after, gather.limit, now, answer.more);
      break;
    case Inquiry::kCount:
      answer.count = plane_.count(gather.key);
      break;
    case Inquiry::kSurvey:
      plane_.survey(now, gather.key, answer);
      break;
    case Inquiry::kEnd:
    case Inquiry::kHalt:
      answer.status = plane_.end_all(now, id, gather.key, gather.except, gather.overtaken);
      if (answer.status.ok()) {
        asked.standing = Asked::Standing::kEnding;
        return true;
      }
      break;
  }
  asked.standing = Asked::Standing::kDone;
  reply(asked, std::move(answer));
  return true;
}

void Inquiries::ended(Time /*now*/, const replication::Plane::Ended& ended) {
  const auto found = asked_.find({ended.question, Inquiry::kEnd});
  if (found == asked_.end() || found->second.standing != Asked::Standing::kEnding) return;
  Asked& asked = found->second;
  asked.standing = Asked::Standing::kDone;
  asked.answer = {.number = asked.gather.number, .inquiry = Inquiry::kEnd, .count = ended.count};
  reply(asked, asked.answer);
}

void Inquiries::reply(const Asked& asked, Gathered answer) {
  effects_.outgoing.push_back({asked.from, std::move(answer)});
}

void Inquiries::news(Time now) {
  if (!roles_ || asked_.empty() || !plane_.serves_all(now)) return;
  std::vector<AskedKey> waiting;
  for (const auto& [key, asked] : asked_) {
    if (asked.standing == Asked::Standing::kWaiting) waiting.push_back(key);
  }
  for (const AskedKey& key : waiting) {
    Asked& asked = asked_.at(key);
    if (asked.deadline > now && !answer(now, key.first, asked)) continue;
    if (asked.gather.inquiry != Inquiry::kEnd) asked_.erase(key);
  }
}

// Views and time.

void Inquiries::install(Time now, std::shared_ptr<const ring::Roles> roles) {
  roles_ = std::move(roles);
  if (!roles_) {
    // What this member was asked, and what it asked for, is void; what it has not asked for yet can
    // be asked by the next incarnation.
    asked_.clear();
    std::vector<std::uint64_t> unknown;
    std::vector<std::uint64_t> surveys;
    for (auto& [number, open] : open_) {
      if (open.ending) unknown.push_back(number);
      if (open.question.inquiry == Inquiry::kSurvey) surveys.push_back(number);
      open.unanswered.clear();
      open.send_again = open.deadline;
      open.step = Inquiry::kHalt;
    }
    for (const std::uint64_t number : surveys) finish(number, open_.at(number), {});
    for (const std::uint64_t number : unknown) {
      finish(number, open_.at(number),
             {.status = absl::DeadlineExceededError(
                  "this member was excluded from the cluster before it knew the outcome")});
    }
    return;
  }
  // Who asked under the view before asks again. What was halted stays so: the calls that came
  // before are the same.
  std::set<Incarnation> members;
  for (const Member& member : roles_->view().members) members.insert({member.incarnation});
  std::erase_if(asked_, [&](const auto& entry) {
    return entry.second.gather.inquiry != Inquiry::kHalt ||
           !members.contains(entry.first.first.caller);
  });
  std::vector<std::uint64_t> surveys;
  for (auto& [number, open] : open_) {
    if (open.question.inquiry == Inquiry::kSurvey) surveys.push_back(number);
  }
  for (const std::uint64_t number : surveys) finish(number, open_.at(number), {});
  for (auto& [number, open] : open_) begin(now, number, open);
}

void Inquiries::tick(Time now, const std::string& why) {
  std::vector<std::uint64_t> over;
  for (auto& [number, open] : open_) {
    if (open.deadline <= now) {
      over.push_back(number);
    } else if (open.send_again <= now) {
      send_to_unanswered(now, number, open);
    }
  }
  for (const std::uint64_t number : over) {
    Open& open = open_.at(number);
    std::string words = "not all members answered in time";
    if (why != "ready") {
      words = "this member is not ready: " + why;
    } else if (!open.unanswered.empty()) {
      words = absl::StrFormat("member %s did not answer in time",
                              roles_->view().members[open.unanswered.begin()->value].name);
    }
    const bool nothing_happened = why != "ready" && !open.ending;
    finish(number, open,
           {.status = nothing_happened ? absl::UnavailableError(words)
                                       : absl::DeadlineExceededError(words)});
  }
  std::erase_if(asked_, [&](const auto& entry) {
    const Asked& asked = entry.second;
    const bool read =
        asked.gather.inquiry != Inquiry::kHalt && asked.gather.inquiry != Inquiry::kEnd;
    return (read && asked.deadline <= now) || plane_.is_settled(entry.first.first);
  });
}

std::optional<Time> Inquiries::next_deadline() const {
  std::optional<Time> next;
  for (const auto& [number, open] : open_) {
    const Time due = std::min(open.deadline, open.send_again);
    if (!next || due < *next) next = due;
  }
  return next;
}

std::optional<std::uint64_t> Inquiries::first() const {
  if (open_.empty()) return std::nullopt;
  return open_.begin()->first;
}

}  // namespace sojourn::node
