#include "node/node.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "base/counted.h"
#include "base/hash.h"
#include "membership/quorum.h"
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

replication::PlaneOptions plane_options(const NodeOptions& options) {
  replication::PlaneOptions plane = options.plane;
  plane.admission = options.sessions_per_subject > 0;
  return plane;
}

}  // namespace

Node::Node(NodeOptions options, Incarnation incarnation, Random& random)
    : options_(std::move(options)),
      incarnation_(incarnation),
      cluster_(stable_hash(options_.membership.cluster)),
      random_(random),
      membership_(options_.membership, incarnation),
      plane_(plane_options(options_), random),
      inquiries_({.resend_interval = options_.resend_interval,
                  .waiting_max = options_.requests_waiting_max},
                 plane_, [this](const replication::Key& key) { return halt(key); }),
      arbiter_({.maximum = options_.sessions_per_subject,
                .when_full = options_.when_full,
                .resend_interval = options_.resend_interval}) {}

Node::~Node() = default;

void Node::start(Time now) {
  membership_.start(now);
  collect(now);
}

Effects Node::take_effects(Time now) {
  Effects effects;
  take_effects(now, effects);
  return effects;
}

void Node::take_effects(Time now, Effects& effects) {
  collect(now);
  plane_.settle(incarnation_, settled());
  effects.clear();
  std::swap(effects, effects_);
}

// Calls of this member's user.

std::uint64_t Node::call(Time now, Operation&& operation, Duration timeout) {
  const std::uint64_t number = next_number_++;
  const Verb verb = operation.verb;
  if (closing_) {
    effects_.finished.push_back(
        {.number = number,
         .verb = verb,
         .result = {.status = absl::UnavailableError("this member is leaving the cluster")}});
    return number;
  }
  // Some may have ended just now.
  if (calls_in_flight() >= options_.calls_in_flight_max) collect(now);
  if (calls_in_flight() >= options_.calls_in_flight_max) {
    effects_.finished.push_back(
        {.number = number,
         .verb = verb,
         .result = {.status = absl::ResourceExhaustedError(absl::StrFormat(
                        "%d calls of this member are unfinished already", calls_in_flight()))}});
    return number;
  }
  Call& call = begin(number, std::move(operation), now + timeout);
  dispatch(now, number, call);
  return number;
}

// To be dispatched next.
Node::Call& Node::begin(std::uint64_t number, Operation&& operation, Time deadline) {
  Call& call = spare_calls_.add(calls_, number)->second;
  call.verb = operation.verb;
  call.operation = std::move(operation);
  call.deadline = deadline;
  return call;
}

// Hands the call to the owner of its session, under the view of now. May end it.
void Node::dispatch(Time now, std::uint64_t number, Call& call) {
  schedule(number, call, now + options_.resend_interval);
  if (left()) {
    // What was asked before may still be answered.
    if (call.sends > 0) return;
    return finish(number, {.status = absl::UnavailableError("this member has left the cluster")});
  }
  if (!roles_) return;
  const bool drawn = call.operation.id.empty();
  if (drawn) call.operation.id = draw_id();
  const bool fresh = drawn && call.verb == Verb::kCreate;
  const auto primary = roles_->primary(roles_->segment_of(call.operation.id));
  if (!primary) {
    // What was asked before may have happened.
    if (call.sends > 0) return;
    return finish(number,
                  {.status = absl::UnavailableError("no member has capacity for sessions")});
  }
  const Member& member = roles_->view().members[primary->value];
  if (member.name != options_.membership.self) {
    waiting_here_.erase(number);
    ++call.sends;
    if (call.remote_owner != member.name) ++call.owners;
    call.remote_owner = member.name;
    send(member.name, replication::Request{.number = number,
                                           .settled = settled(),
                                           .time_left = call.deadline - now,
                                           .operation = call.operation});
    return;
  }
  // Whether it is in the plane already, where it may wait behind another write.
  const bool in_plane =
      call.sends > 0 && call.remote_owner.empty() && !waiting_here_.contains(number);
  if (!call.remote_owner.empty() || call.owners == 0) ++call.owners;
  call.remote_owner.clear();
  const auto read = [&] {
    return plane_.read(call.operation.id, call.operation.touch,
                       [now](Time) { return Moment(now); });
  };
  if (is_read(call.verb)) {
    auto result = read();
    if (!result) {
      plane_.expire(now, call.operation.id);
      result = read();
    }
    if (result) return finish(number, std::move(*result));
  } else if (plane_.is_serving(roles_->segment_of(call.operation.id), now)) {
    if (!in_plane) ++call.sends;
    plane_.execute(now, operation_id(number), call.operation, call.deadline, fresh);
    waiting_here_.erase(number);
    return;
  }
  waiting_here_.insert(number);
}

std::string Node::draw_id() {
  if (!options_.place_locally) return session::draw_id(random_);
  const auto attempts = kDrawsPerMember * static_cast<std::uint32_t>(roles_->view().members.size());
  return session::draw_id_until(random_, attempts,
                                [&](std::string_view id) { return plane_.serves(id); });
}

void Node::schedule(std::uint64_t number, Call& call, Time next_send) {
  call.wake_at = std::min(next_send, call.deadline);
  timers_.add(call.wake_at, number);
  forget_timers();
}

void Node::forget_timers() {
  timers_.drop_outdated([this](std::uint64_t number, Time at) { return is_due_at(number, at); });
}

bool Node::is_due_at(std::uint64_t number, Time at) const {
  const auto call = calls_.find(number);
  return call != calls_.end() && call->second.wake_at == at;
}

void Node::finish(std::uint64_t number, Result result) {
  const auto call = calls_.find(number);
  if (call == calls_.end()) return;
  waiting_here_.erase(number);
  Finished finished = {.number = number,
                       .verb = call->second.verb,
                       .remote = !call->second.remote_owner.empty(),
                       .owner = std::move(call->second.remote_owner),
                       .owners = call->second.owners,
                       .result = std::move(result)};
  spare_calls_.erase(calls_, call);
  forget_timers();
  if (!ended_for_limit(number)) effects_.finished.push_back(std::move(finished));
}

// The call's time is up: says what is known of its outcome.
void Node::end_of_time(Time now, std::uint64_t number, const Call& call) {
  const bool nothing_happened = is_read(call.verb) || call.sends == 0 ||
                                (call.sends == 1 && call.remote_owner.empty() &&
                                 plane_.withdraw(operation_id(number), call.operation.id));
  absl::Status status;
  if (nothing_happened) {
    const std::string words = waiting_for(now);
    if (words != "ready") {
      status = absl::UnavailableError("this member is not ready: " + words);
    } else if (!call.remote_owner.empty()) {
      status = call.sends == 0
                   ? absl::UnavailableError("owner " + call.remote_owner + " is not connected")
                   : absl::DeadlineExceededError("owner " + call.remote_owner +
                                                 " did not answer in time");
    } else {
      status = absl::UnavailableError("earlier writes to this session are not finished");
    }
  } else if (!call.remote_owner.empty()) {
    status = absl::DeadlineExceededError("owner " + call.remote_owner + " did not answer in time");
  } else {
    status = absl::DeadlineExceededError("the session's backups did not acknowledge in time");
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
  const std::uint64_t first = calls_.empty() ? next_number_ : calls_.begin()->first;
  return std::min(first, inquiries_.first().value_or(first));
}

// Messages.

void Node::prefetch(std::span<const Envelope> envelopes) const {
  absl::InlinedVector<const replication::Replicate*, 32> group;
  for (const Envelope& envelope : envelopes) {
    const auto* replicate = std::get_if<replication::Replicate>(&envelope.message);
    if (replicate) group.push_back(replicate);
  }
  if (group.size() > 1) plane_.prefetch(group);
}

void Node::receive(Time now, const std::string& from, const Envelope& envelope) {
  if (envelope.cluster != cluster_) return;
  std::visit(
      [&](const auto& message) {
        using T = std::decay_t<decltype(message)>;
        if constexpr (std::is_constructible_v<membership::Message, T>) {
          on_membership(now, from, envelope, message);
        } else if constexpr (std::is_same_v<T, replication::Reply>) {
          // Who has left still hears how its last calls ended.
          if (left() || in_view(now, from, envelope)) on(now, from, envelope, message);
        } else if (in_view(now, from, envelope)) {
          on(now, from, envelope, message);
        }
      },
      envelope.message);
  // What comes next is to be seen under the view of then. All else can wait for the messages that
  // came together with it.
  if (membership_.inputs() != collected_) collect(now);
}

void Node::on_membership(Time now, const std::string& from, const Envelope& envelope,
                         const membership::Message& message) {
  membership_.receive(now, from, envelope.from, envelope.generation, envelope.epoch, message);
  const auto* hello = std::get_if<membership::Hello>(&message);
  if (!hello || !roles_ || roles_ != membership_.roles()) return;
  const Member* member = roles_->view().find(from);
  if (!member || member->incarnation != envelope.from.value) return;
  plane_.settle(envelope.from, hello->settled);
  plane_.set_memory_level(*index_of(from), hello->memory_level);
}

// Whether the message was sent under our view by a member of it. If not, whoever is behind is told.
bool Node::in_view(Time now, const std::string& from, const Envelope& envelope) {
  if (!roles_) return false;
  const View& view = roles_->view();
  const Member* member = view.find(from);
  if (!member || member->incarnation != envelope.from.value) return false;
  const auto ours = std::pair(view.generation, view.epoch);
  const auto theirs = std::pair(envelope.generation, envelope.epoch);
  if (theirs == ours) return true;
  if (theirs < ours) {
    membership_.tell(now, from);
  } else {
    send(from, membership::ViewRequest{});
  }
  // Without the fence, whatever was sent under any view is taken.
  return !options_.plane.rules.keep(Rule::kEpochFence) &&
         (std::holds_alternative<replication::Replicate>(envelope.message) ||
          std::holds_alternative<replication::ReplicateAck>(envelope.message));
}

void Node::on(Time now, const std::string& from, const Envelope& envelope,
              const replication::Request& request) {
  if (request.settled > request.number) return;  // says that it has ended itself
  plane_.settle(envelope.from, request.settled);
  if (request.time_left <= Duration::zero()) return;
  serve(now, {.from = from,
              .caller = envelope.from,
              .request = request,
              .deadline = now + request.time_left});
}

void Node::serve(Time now, Parked parked) {
  const Operation& operation = parked.request.operation;
  // Not ours: the caller learns the view, and asks again.
  if (!plane_.is_primary(roles_->segment_of(operation.id))) return;
  const auto read = [&] {
    return plane_.read(operation.id, operation.touch, [now](Time) { return Moment(now); });
  };
  if (is_read(operation.verb)) {
    auto result = read();
    if (!result) {
      plane_.expire(now, operation.id);
      result = read();
    }
    if (result) {
      ++requests_served_;
      send(parked.from,
           replication::Reply{.number = parked.request.number, .result = std::move(*result)});
      return;
    }
  } else if (plane_.is_serving(roles_->segment_of(operation.id), now)) {
    plane_.execute(now, OperationId{parked.caller, parked.request.number}, operation,
                   parked.deadline);
    return;
  }
  // Not now: when there is news it is looked at again, and the caller repeats it besides.
  if (parked_.size() < options_.requests_waiting_max) parked_.push_back(std::move(parked));
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
  if (const auto index = index_of(from)) plane_.receive(now, *index, message);
}

std::optional<MemberIndex> Node::index_of(const std::string& name) const {
  const std::vector<Member>& members = roles_->view().members;
  const Member* member = roles_->view().find(name);
  if (!member) return std::nullopt;
  return MemberIndex{static_cast<std::uint32_t>(member - members.data())};
}

// Members.

void Node::discovered(Time now, const std::vector<membership::PeerAddress>& members) {
  membership_.discovered(now, members);
  collect(now);
}

void Node::gone(Time now, const std::string& name, Incarnation incarnation) {
  membership_.gone(now, name, incarnation);
  collect(now);
}

void Node::listen(bool listening) {
  listening_ = listening;
  plane_.listen(listening);
}

void Node::leave(Time now) {
  membership_.leave(now);
  collect(now);
}

void Node::acknowledge_losses(Time now) {
  membership_.acknowledge_losses(now);
  collect(now);
}

bool Node::recover_now(Time now) {
  const bool begun = membership_.recover_now(now);
  collect(now);
  return begun;
}

bool Node::ready(Time now) const { return waiting_for(now) == "ready"; }

std::string Node::waiting_for(Time now) const {
  std::string words = membership_.waiting_for(now);
  if (words != "ready" || !roles_ || plane_.primaries_waiting() == 0) return words;
  return absl::StrFormat(
      "waiting to take over %d of %d segments: %s", plane_.primaries_waiting(), plane_.primaries(),
      membership_.confirmed() ? "other holders are being brought into step"
                              : "not all members are known to have installed view " +
                                    std::to_string(roles_->view().epoch));
}

std::string Node::unsafe_because(Time now) const {
  if (std::string words = waiting_for(now); words != "ready") return words;
  const membership::Progress progress = membership_.progress_of_all();
  if (progress.segments_left != 0) {
    return "members are still receiving copies of segments";
  }
  if (const std::uint32_t missing = roles_->segments_short(); missing > 0) {
    return absl::StrFormat("%d segments have too few copies", missing);
  }
  return {};
}

std::size_t Node::segments_lost() const {
  if (!roles_) return 0;
  const auto& losses = roles_->layout().losses;
  return static_cast<std::size_t>(std::count_if(
      losses.begin(), losses.end(), [](const auto& loss) { return !loss.second.acknowledged; }));
}

std::size_t Node::segments_backup() const {
  const auto self = roles_ ? index_of(options_.membership.self) : std::nullopt;
  std::size_t backups = 0;
  for (std::uint32_t i = 0; self && i < roles_->view().segments; ++i) {
    backups += roles_->is_holder(*self, {i}) && roles_->primary({i}) != self ? 1 : 0;
  }
  return backups;
}

std::string Node::not_handed_over() const {
  if (!roles_ || left()) return {};
  const auto self = index_of(options_.membership.self);
  std::size_t held = 0;
  for (std::uint32_t i = 0; self && i < roles_->view().segments; ++i) {
    const ring::Holders& base = roles_->base({i});
    const bool needed = std::none_of(base.begin(), base.end(), [&](MemberIndex holder) {
      return !roles_->view().members[holder.value].leaving;
    });
    held += roles_->is_holder(*self, {i}) && needed ? 1 : 0;
  }
  const table::Usage usage = plane_.table().usage();
  return "held by no member that stays: " + counted(held, "segment") +
         "; held here: " + counted(usage.login + usage.active, "session") + ", " +
         counted(usage.companions(), "companion");
}

// Time.

void Node::tick(Time now) {
  const auto due = timers_.take_due(
      now, [this](std::uint64_t number, Time at) { return is_due_at(number, at); });
  for (const std::uint64_t number : due) {
    const auto found = calls_.find(number);
    if (found == calls_.end() || found->second.wake_at > now) continue;
    Call& call = found->second;
    if (call.deadline <= now) {
      end_of_time(now, number, call);
    } else {
      dispatch(now, number, call);
    }
  }
  membership_.tick(now);
  plane_.tick(now);
  inquiries_.tick(now, waiting_for(now));
  arbiter_.tick(now);
  std::erase_if(parked_, [&](const Parked& parked) { return parked.deadline <= now; });
  collect(now);
}

std::optional<Time> Node::next_deadline() const {
  std::optional<Time> next = membership_.next_deadline();
  const auto sooner = [&](std::optional<Time> time) {
    if (time) next = next ? std::min(*next, *time) : *time;
  };
  sooner(timers_.next());
  sooner(plane_.next_deadline());
  sooner(inquiries_.next_deadline());
  sooner(arbiter_.next_deadline());
  return next;
}

// Takes the effects of the engines and passes them on, to each other and to the outside.
void Node::collect(Time now) {
  collect_membership(now);
  collect_plane(now);
  collect_inquiries(now);
  if (!roles_) return;
  const membership::Progress progress = {.repairs_left = plane_.repairs_left(),
                                         .segments_left = plane_.segments_left(),
                                         .calls_left = calls_left()};
  membership_.report(now, settled(), plane_.memory_level(), progress);
  collect_membership(now);
}

void Node::collect_membership(Time now) {
  if (membership_.inputs() == collected_) return;
  if (membership_.excluded()) restart(now);
  collected_ = membership_.inputs();
  auto membership = membership_.take_effects();
  for (membership::Outgoing& outgoing : membership.outgoing) {
    std::visit(
        [&](auto& body) {
          send(outgoing.to, outgoing.generation, outgoing.epoch, std::move(body));
        },
        outgoing.message);
  }
  std::move(membership.notices.begin(), membership.notices.end(),
            std::back_inserter(effects_.notices));
  if (membership_.roles() != roles_ && membership_.roles()) install_view(now);
  if (!roles_) return;

  plane_.set_lease(now, membership_.left() ? Time::min() : membership_.lease_until());
  if (membership_.confirmed()) plane_.confirm(now);
  // Whoever has just installed the view may have missed what it was told before.
  for (const Member& member : roles_->view().members) {
    if (level_.contains(member.name) || !membership_.is_level(member.name)) continue;
    level_.insert(member.name);
    plane_.level(now, *index_of(member.name));
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, call] : calls_) {
      if (call.remote_owner == member.name) numbers.push_back(number);
    }
    dispatch_all(now, numbers);
  }
}

void Node::collect_plane(Time now) {
  while (plane_.has_effects()) {
    replication::Plane::Effects& plane = plane_effects_;
    plane_.take_effects(plane);
    for (replication::Plane::Outgoing& outgoing : plane.outgoing) {
      const std::string& to = roles_->view().members[outgoing.to.value].name;
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
    for (auto& offered : plane.events) effects_.events.emplace_back(std::move(offered));
    std::move(plane.notices.begin(), plane.notices.end(), std::back_inserter(effects_.notices));
    for (const replication::Plane::Ended& ended : plane.endings) inquiries_.ended(now, ended);
    for (const replication::Key& key : plane.applicants) apply(key);
    if (!plane.news) return;
    try_again(now);
    inquiries_.news(now);
  }
}

// What waited for this member to serve.
void Node::try_again(Time now) {
  dispatch_all(now, std::vector<std::uint64_t>(waiting_here_.begin(), waiting_here_.end()));
  for (Parked& parked : std::exchange(parked_, {})) {
    if (parked.deadline > now) serve(now, std::move(parked));
  }
}

// Numbers, not calls: one may end when it is handed over.
void Node::dispatch_all(Time now, const std::vector<std::uint64_t>& numbers) {
  for (const std::uint64_t number : numbers) {
    if (const auto call = calls_.find(number); call != calls_.end()) {
      dispatch(now, number, call->second);
    }
  }
}

// A member that leaves is in the way of nobody's calls but its own users'.
std::uint32_t Node::calls_left() const {
  if (!leaving()) return 0;
  if (!closing_) return 1;  // there may be more
  constexpr std::size_t kMost = 1u << 20;
  return static_cast<std::uint32_t>(std::min(calls_in_flight(), kMost));
}

void Node::install_view(Time now) {
  // First what was said under the view before.
  collect_plane(now);
  collect_inquiries(now);
  const std::shared_ptr<const ring::Roles> before = std::exchange(roles_, membership_.roles());
  if (listening_) effects_.events.emplace_back(ViewChange{before, roles_});
  level_.clear();
  // Those who asked under the view before ask again.
  parked_.clear();
  plane_.install(now, roles_, *index_of(options_.membership.self));
  const MemberIndex self = *index_of(options_.membership.self);
  closing_ = roles_->view().members[self.value].leaving && membership::may_go(*roles_, self);
  std::vector<std::uint64_t> numbers;
  numbers.reserve(calls_.size());
  for (const auto& [number, call] : calls_) numbers.push_back(number);
  dispatch_all(now, numbers);
  inquiries_.set_settled(settled());
  inquiries_.install(now, roles_);
  arbiter_.reset();
}

// This member was excluded. What it holds may be old by now, and what it asked for may have
// happened or not.
void Node::restart(Time now) {
  do {
    incarnation_ = Incarnation{random_.next()};
  } while (incarnation_ == Incarnation{});
  plane_.restart();
  roles_.reset();
  closing_ = false;
  level_.clear();
  parked_.clear();
  waiting_here_.clear();
  std::vector<std::uint64_t> unknown;
  for (auto& [number, call] : calls_) {
    if (!is_read(call.verb) && call.sends > 0) unknown.push_back(number);
    call.remote_owner.clear();
    call.sends = 0;
  }
  for (const std::uint64_t number : unknown) {
    finish(number, {.status = absl::DeadlineExceededError(
                        "this member was excluded from the cluster before it knew the outcome")});
  }
  inquiries_.install(now, nullptr);
  arbiter_.reset();
  collect_inquiries(now);
  // What the old incarnation had to say is void.
  effects_.outgoing.clear();
  effects_.reborn_as = incarnation_;
  membership_.restart(now, incarnation_);
}

const Member* Node::member_of(Incarnation incarnation) const {
  return membership::find(roles_->view(), incarnation);
}

}  // namespace sojourn::node
