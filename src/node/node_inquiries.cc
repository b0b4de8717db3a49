// Node: questions about all sessions of a subject or label, and the limits of subjects.

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "node/node.h"

namespace sojourn::node {
namespace {

using replication::Key;
using replication::Operation;
using replication::Verb;

// How long the arbiter tries to end a session to make room. It surveys again in any case.
constexpr Duration kEndingTime = std::chrono::seconds(5);

}  // namespace

std::uint64_t Node::ask(Time now, replication::Question question, Duration timeout) {
  const std::uint64_t number = next_number_++;
  const replication::Inquiry inquiry = question.inquiry;
  absl::Status refused;
  if (closing_ || left()) {
    refused = absl::UnavailableError("this member is leaving the cluster");
  } else if (calls_in_flight() >= options_.calls_in_flight_max) {
    refused = absl::ResourceExhaustedError(
        absl::StrFormat("%d calls of this member are unfinished already", calls_in_flight()));
  }
  if (!refused.ok()) {
    effects_.answered.push_back({number, inquiry, {.status = std::move(refused)}});
    return number;
  }
  inquiries_.set_settled(std::min(settled(), number));
  inquiries_.ask(now, number, std::move(question), now + timeout);
  collect(now);
  return number;
}

// Messages.

void Node::on(Time now, const std::string& from, const Envelope& /*envelope*/,
              const replication::Gather& gather) {
  if (const auto index = index_of(from)) inquiries_.receive(now, *index, gather);
}

void Node::on(Time now, const std::string& from, const Envelope& /*envelope*/,
              const replication::Gathered& gathered) {
  if (const auto index = index_of(from)) inquiries_.receive(now, *index, gathered);
}

void Node::on(Time /*now*/, const std::string& /*from*/, const Envelope& /*envelope*/,
              const replication::Apply& apply) {
  const auto arbiter = arbiter_of(apply.key);
  if (arbiter && is_self(*arbiter)) arbiter_.apply(apply.key);
}

void Node::on(Time now, const std::string& from, const Envelope& /*envelope*/,
              const replication::Verdict& verdict) {
  plane_.decide(now, verdict);
  send(from, replication::VerdictAck{.number = verdict.number, .key = verdict.key});
}

void Node::on(Time /*now*/, const std::string& from, const Envelope& /*envelope*/,
              const replication::VerdictAck& ack) {
  if (const auto index = index_of(from)) arbiter_.receive(*index, ack);
}

// This member's logins that were called before all sessions of that key are ended.
std::uint64_t Node::halt(const Key& key) {
  for (auto& [number, call] : calls_) {
    if (replication::brings_key(call.operation, key)) call.operation.overtaken = true;
  }
  return next_number_;
}

// Effects.

// Until nobody has anything more to say to this member itself.
void Node::collect_inquiries(Time now) {
  inquiries_.set_settled(settled());
  while (pass_on_inquiries(now) || pass_on_arbiter(now)) collect_plane(now);
}

bool Node::pass_on_inquiries(Time now) {
  if (!inquiries_.has_effects()) return false;
  Inquiries::Effects effects = inquiries_.take_effects();
  for (Inquiries::Answered& answered : effects.answered) {
    effects_.answered.push_back(std::move(answered));
  }
  for (const Inquiries::Surveyed& surveyed : effects.surveyed) arbiter_.surveyed(now, surveyed);
  for (Inquiries::Outgoing& outgoing : effects.outgoing) {
    if (!roles_) continue;
    std::visit(
        [&](auto& message) {
          if (is_self(outgoing.to)) {
            inquiries_.receive(now, outgoing.to, message);
          } else {
            send(roles_->view().members[outgoing.to.value].name, std::move(message));
          }
        },
        outgoing.message);
  }
  return true;
}

bool Node::pass_on_arbiter(Time now) {
  if (!arbiter_.has_effects()) return false;
  Arbiter::Effects effects = arbiter_.take_effects();
  if (!roles_) return true;
  for (Key& key : effects.surveys) {
    const std::uint64_t number = next_number_++;
    inquiries_.survey(now, number, std::move(key));
  }
  for (auto& [key, id] : effects.endings) end_for_limit(now, key, std::move(id));
  for (auto& [to, verdict] : effects.verdicts) {
    if (is_self(to)) {
      plane_.decide(now, verdict);
      arbiter_.receive(to, {.number = verdict.number, .key = verdict.key});
    } else {
      send(roles_->view().members[to.value].name, std::move(verdict));
    }
  }
  return true;
}

// Limits.

std::optional<MemberIndex> Node::arbiter_of(const Key& key) const {
  // Salted, so that an id that equals a subject has nothing to do with it.
  return roles_->primary(roles_->segment_of("arbiter of " + key.text));
}

void Node::apply(const Key& key) {
  const auto arbiter = arbiter_of(key);
  if (!arbiter) return;
  if (is_self(*arbiter)) return arbiter_.apply(key);
  send(roles_->view().members[arbiter->value].name, replication::Apply{key});
}

bool Node::is_self(MemberIndex member) const {
  return roles_->view().members[member.value].name == options_.membership.self;
}

void Node::end_for_limit(Time now, const Key& key, std::string id) {
  const std::uint64_t number = next_number_++;
  endings_.emplace(number, key);
  Call& call = begin(
      number,
      {.verb = Verb::kRevoke, .id = std::move(id), .cause = replication::Cause::kRevokedByLimit},
      now + kEndingTime);
  dispatch(now, number, call);
}

// Whether the call was the arbiter's own.
bool Node::ended_for_limit(std::uint64_t number) {
  const auto ending = endings_.find(number);
  if (ending == endings_.end()) return false;
  arbiter_.ended(ending->second);
  endings_.erase(ending);
  return true;
}

}  // namespace sojourn::node
