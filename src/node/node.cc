#include "node/node.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "session/id_draw.h"

namespace sojourn::node {
namespace {

using replication::is_read;
using replication::Operation;
using replication::Result;
using replication::Verb;

// Of n members each owns about one id in n; with so many drawings for each, missing is out of the
// question unless this member owns nothing.
constexpr std::uint32_t kDrawsPerMember = 64;

}  // namespace

Node::Node(NodeOptions options, Incarnation incarnation, Random& random)
    : options_(std::move(options)),
      incarnation_(incarnation),
      cluster_(stable_hash(options_.membership.cluster)),
      random_(random),
      membership_(options_.membership, incarnation),
      plane_(options_.plane, random) {}

Node::~Node() = default;

void Node::start(Time now) {
  membership_.start(now);
  collect(now);
}

Effects Node::take_effects() { return std::exchange(effects_, {}); }

// Calls of this member's user.

std::uint64_t Node::call(Time now, Operation operation, Duration timeout) {
  const std::uint64_t number = next_number_++;
  const Verb verb = operation.verb;
  if (calls_.size() >= options_.calls_in_flight_max) {
    effects_.finished.push_back(
        {.number = number,
         .verb = verb,
         .result = {.status = absl::ResourceExhaustedError(absl::StrFormat(
                        "%d calls of this member are unfinished already", calls_.size()))}});
    return number;
  }
  Call& call = calls_[number];
  call = {.operation = std::move(operation), .verb = verb, .deadline = now + timeout};
  call.wake_at = call.deadline;
  timers_.insert({call.wake_at, number});
  dispatch(now, number, call);
  collect(now);
  return number;
}

// Hands the call to the owner of its session, under the view of now. May end it.
void Node::dispatch(Time now, std::uint64_t number, Call& call) {
  schedule(number, call, now + options_.resend_interval);
  if (!placement_) return;
  if (call.operation.id.empty()) call.operation.id = draw_id();
  const auto owners = placement_->owners(placement_->segment_of(call.operation.id));
  if (owners.empty()) {
    finish(number, {.status = absl::UnavailableError("no member has capacity for sessions")});
    return;
  }
  const Member& member = view()->members[owners.front().value];
  if (member.name != options_.membership.self) {
    ++call.sends;
    call.remote_owner = member.name;
    send(member.name, replication::Request{.number = number,
                                           .settled = settled(),
                                           .time_left = call.deadline - now,
                                           .operation = call.operation});
    return;
  }
  call.remote_owner.clear();
  if (is_read(call.verb)) {
    auto result = plane_.read(call.operation.id, call.operation.touch, [now] { return now; });
    if (result) finish(number, std::move(*result));
  } else if (call.sends == 0 && plane_.serves(call.operation.id)) {
    ++call.sends;
    plane_.execute(now, operation_id(number), call.operation, call.deadline);
  }
}

std::string Node::draw_id() {
  if (!options_.place_locally) return session::draw_id(random_);
  const auto attempts = kDrawsPerMember * static_cast<std::uint32_t>(view()->members.size());
  return session::draw_id_until(random_, attempts,
                                [&](std::string_view id) { return plane_.serves(id); });
}

void Node::schedule(std::uint64_t number, Call& call, Time next_send) {
  timers_.erase({call.wake_at, number});
  call.wake_at = std::min(next_send, call.deadline);
  timers_.insert({call.wake_at, number});
}

void Node::finish(std::uint64_t number, Result result) {
  const auto call = calls_.find(number);
  if (call == calls_.end()) return;
  timers_.erase({call->second.wake_at, number});
  effects_.finished.push_back({.number = number,
                               .verb = call->second.verb,
                               .remote = !call->second.remote_owner.empty(),
                               .result = std::move(result)});
  calls_.erase(call);
}

// The call's time is up: says what is known of its outcome.
void Node::end_of_time(std::uint64_t number, const Call& call) {
  absl::Status status;
  if (!view()) {
    status = absl::UnavailableError("this member is not ready: " + waiting_for());
  } else if (call.remote_owner.empty()) {
    status = call.sends == 0 || plane_.withdraw(operation_id(number), call.operation.id)
                 ? absl::UnavailableError("earlier writes to this session are not finished")
                 : absl::DeadlineExceededError("the session's backups did not acknowledge in time");
  } else if (call.sends == 0) {
    status = absl::UnavailableError("owner " + call.remote_owner + " is not connected");
  } else {
    status = absl::DeadlineExceededError("owner " + call.remote_owner + " did not answer in time");
  }
  finish(number, {.status = std::move(status)});
}

void Node::undeliverable(Time now, const std::string& to, const Message& message,
                         const absl::Status& reason) {
  const auto* request = std::get_if<replication::Request>(&message);
  if (!request) return;
  const auto call = calls_.find(request->number);
  if (call == calls_.end() || call->second.remote_owner != to) return;
  --call->second.sends;
  if (absl::IsResourceExhausted(reason) && call->second.sends == 0) {
    finish(request->number, {.status = absl::UnavailableError(std::string(reason.message()))});
  }
  collect(now);
}

std::uint64_t Node::settled() const {
  return calls_.empty() ? next_number_ : calls_.begin()->first;
}

// Messages.

void Node::receive(Time now, const std::string& from, const Envelope& envelope) {
  std::visit(
      [&](const auto& message) {
        using T = std::decay_t<decltype(message)>;
        if constexpr (std::is_constructible_v<membership::Message, T>) {
          on_membership(now, from, envelope, message);
        } else if (in_view(from, envelope)) {
          on(now, from, envelope, message);
        }
      },
      envelope.message);
  collect(now);
}

void Node::on_membership(Time now, const std::string& from, const Envelope& envelope,
                         const membership::Message& message) {
  membership_.receive(now, from, envelope.from, envelope.epoch, message);
  const auto* hello = std::get_if<membership::Hello>(&message);
  if (!hello || !placement_) return;
  const Member* member = view()->find(from);
  if (!member || member->incarnation != envelope.from.value) return;
  plane_.settle(envelope.from, hello->settled);
  plane_.set_memory_full(*index_of(from), hello->memory_full);
}

// Whether the message was sent under our view by a member of it. If not, whoever is behind is told.
bool Node::in_view(const std::string& from, const Envelope& envelope) {
  if (envelope.cluster != cluster_ || !placement_) return false;
  const Member* member = view()->find(from);
  if (!member) return false;
  if (envelope.epoch < view()->epoch) {
    send(from, membership::Decide{*view()});
    return false;
  }
  if (envelope.epoch > view()->epoch) {
    send(from, membership::ViewRequest{});
    return false;
  }
  return envelope.generation == view()->generation && member->incarnation == envelope.from.value;
}

void Node::on(Time now, const std::string& from, const Envelope& envelope,
              const replication::Request& request) {
  if (request.settled > request.number) return;  // says that it has ended itself
  plane_.settle(envelope.from, request.settled);
  // Not ours to answer now: the caller asks again.
  if (request.time_left <= Duration::zero() || !plane_.serves(request.operation.id)) return;
  if (is_read(request.operation.verb)) {
    const auto now_again = [now] { return now; };
    auto result = plane_.read(request.operation.id, request.operation.touch, now_again);
    if (!result) return;
    ++requests_served_;
    send(from, replication::Reply{.number = request.number, .result = std::move(*result)});
    return;
  }
  plane_.execute(now, OperationId{envelope.from, request.number}, request.operation,
                 now + request.time_left);
}

void Node::on(Time /*now*/, const std::string& from, const Envelope& /*envelope*/,
              const replication::Reply& reply) {
  const auto call = calls_.find(reply.number);
  if (call == calls_.end() || call->second.remote_owner != from) return;
  finish(reply.number, reply.result);
}

template <typename PlaneMessage>
void Node::on(Time now, const std::string& from, const Envelope& /*envelope*/,
              const PlaneMessage& message) {
  plane_.receive(now, *index_of(from), message);
}

std::optional<MemberIndex> Node::index_of(const std::string& name) const {
  const Member* member = view()->find(name);
  if (!member) return std::nullopt;
  return MemberIndex{static_cast<std::uint32_t>(member - view()->members.data())};
}

void Node::send(std::string to, Message message) {
  effects_.outgoing.push_back({std::move(to), Envelope{.cluster = cluster_,
                                                       .generation = membership_.generation(),
                                                       .epoch = membership_.epoch(),
                                                       .from = incarnation_,
                                                       .message = std::move(message)}});
}

// Time.

void Node::tick(Time now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const std::uint64_t number = timers_.begin()->second;
    Call& call = calls_.at(number);
    if (call.deadline <= now) {
      end_of_time(number, call);
    } else {
      dispatch(now, number, call);
    }
  }
  membership_.set_hello(settled(), plane_.memory_full());
  membership_.tick(now);
  plane_.tick(now);
  plane_.settle(incarnation_, settled());
  collect(now);
}

std::optional<Time> Node::next_deadline() const {
  std::optional<Time> next = membership_.next_deadline();
  const auto sooner = [&](std::optional<Time> time) {
    if (time) next = next ? std::min(*next, *time) : *time;
  };
  if (!timers_.empty()) sooner(timers_.begin()->first);
  sooner(plane_.next_deadline());
  return next;
}

// Takes the effects of the engines and passes them on, to each other and to the outside.
void Node::collect(Time now) {
  auto membership = membership_.take_effects();
  for (membership::Outgoing& outgoing : membership.outgoing) {
    std::visit([&](auto& body) { send(std::move(outgoing.to), std::move(body)); },
               outgoing.message);
  }
  std::move(membership.notices.begin(), membership.notices.end(),
            std::back_inserter(effects_.notices));
  if (view() && (!placement_ || placement_->view().epoch != view()->epoch)) install_view(now);

  auto plane = plane_.take_effects();
  for (replication::Plane::Outgoing& outgoing : plane.outgoing) {
    const std::string& to = view()->members[outgoing.to.value].name;
    std::visit([&](auto& body) { send(to, std::move(body)); }, outgoing.message);
  }
  for (auto& [operation, result] : plane.answers) {
    if (operation.caller == incarnation_) {
      finish(operation.number, std::move(result));
    } else if (const Member* member = member_of(operation.caller)) {
      ++requests_served_;
      send(member->name,
           replication::Reply{.number = operation.number, .result = std::move(result)});
    }
  }
}

void Node::install_view(Time now) {
  placement_ = ring::Placement::of(view());
  plane_.install(now, placement_, index_of(options_.membership.self));
  // What waited for a view goes on at once. Numbers first: a call may end when it is handed over.
  std::vector<std::uint64_t> numbers;
  numbers.reserve(calls_.size());
  for (const auto& [number, call] : calls_) numbers.push_back(number);
  for (const std::uint64_t number : numbers) {
    if (const auto call = calls_.find(number); call != calls_.end()) {
      dispatch(now, number, call->second);
    }
  }
}

const Member* Node::member_of(Incarnation incarnation) const {
  const auto& members = view()->members;
  const auto found = std::find_if(members.begin(), members.end(), [&](const Member& member) {
    return member.incarnation == incarnation.value;
  });
  return found == members.end() ? nullptr : &*found;
}

}  // namespace sojourn::node
