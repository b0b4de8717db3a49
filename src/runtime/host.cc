#include "runtime/host.h"

#include <algorithm>
#include <asio/post.hpp>
#include <set>
#include <utility>

#include "runtime/closed.h"

namespace sojourn::runtime {
namespace {

// How often found addresses are asked who is there.
constexpr Duration kAskFound = std::chrono::seconds(1);

// The host's thread is stuck when it is so late: its timers are due within a heartbeat or two.
constexpr Duration kStuckAfter = std::chrono::seconds(10);

// Messages of which what they will touch is fetched together.
constexpr std::size_t kPrefetched = 32;

// How long chunks that have arrived are handled in one go.
constexpr Duration kBulkStep = std::chrono::microseconds(250);

Moment coarse_now(Time limit) { return CoarseClock::read(limit).moment; }

node::Finished cancelled() { return {.result = {.status = closed()}}; }

absl::Status too_many_calls() {
  return absl::ResourceExhaustedError("as many calls of this member are unfinished as may be");
}

std::string seconds(Duration time) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

Host::Host(node::NodeOptions options, std::shared_ptr<LogSink> log, std::shared_ptr<Tracer> tracer)
    : options_(std::move(options)),
      log_(options_.membership.self, std::move(log)),
      incarnation_{random_nonzero()},
      work_(asio::make_work_guard(context_)),
      timer_(context_),
      direct_timer_(context_),
      node_(options_, incarnation_, random_),
      subscribers_(std::make_shared<Subscribers>(
          Subscribers::Hooks{.permission =
                                 [this](const replication::Plane::Offered& offered) {
                                   return node_.plane().permission(offered, now());
                                 },
                             .wake = [this] { post_turn([this] { collect_delivered(); }); }})),
      direct_reads_(
          {.in_flight_max = options_.calls_in_flight_max, .patience = options_.resend_interval},
          {.send =
               [this](const std::string& owner, std::span<const replication::Lookup> lookups) {
                 return transport_->send(owner, lookups);
               },
           .flush = [this] { transport_->flush(); },
           .call =
               [this](replication::Operation operation, Duration timeout, ReadWaiter waiter) {
                 call(std::move(operation), timeout, std::move(waiter));
               },
           .wake = [this] { asio::post(context_, [this] { arm_direct_timer(); }); }}) {
  if (tracer) spans_ = std::make_unique<ServingSpans>(std::move(tracer));
  MutexLock lock(mutex_);
  published_.unready_since = published_.unsafe_since = now();
}

Host::~Host() { stop(); }

void Host::gather_on(asio::io_context::executor_type context, std::weak_ptr<const void> alive) {
  users_context_ = context;
  alive_ = std::move(alive);
}

absl::Status Host::start(MakeTransport make_transport,
                         std::unique_ptr<discovery::Discovery> discovery) {
  auto transport = std::move(make_transport)(incarnation_, events());
  if (!transport.ok()) return transport.status();
  transport_ = *std::move(transport);
  thread_ = std::thread([this] { run(); });
  discovery_ = std::move(discovery);
  if (discovery_) {
    discovery_->start(
        {.on_found =
             [this](std::vector<discovery::Found> found) {
               post_turn([this, found = std::move(found)] {
                 found_.clear();
                 for (const auto& one : found) found_.push_back(one.address);
                 ask_found_at_ = Time::min();
                 ask_found();
               });
             },
         .on_problem =
             [this](const std::string& problem) { log_.write(LogLevel::kWarning, problem); }});
  }
  return absl::OkStatus();
}

void Host::stop() {
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  subscribers_->close();
  // First nothing more arrives, then nobody waits any more, then the thread may end.
  if (discovery_) discovery_->stop();
  if (transport_) transport_->stop();
  direct_reads_.stop();
  doorbell_->take_down();
  if (!thread_.joinable()) return;
  post_turn([this] { cancel_everything(); });
  work_.reset();
  thread_.join();
}

void Host::run() {
  node_.start(now());
  after_step();
  publish();
  turn_.give_back();
  take_up_later();
  context_.run();
}

template <typename Work>
void Host::in_turn(Work work) {
  {
    // Told when the turn is over.
    const OwnThreads::Together together(own_threads_);
    const Turn::Taken taken(turn_);
    std::move(work)();
  }
  // Who found no free turn meanwhile has left it to this thread.
  if (!arrived_.empty() || !calls_.empty()) take_up_later();
}

template <typename Work>
void Host::post_turn(Work work) {
  asio::post(context_, [this, work = std::move(work)]() mutable { in_turn(std::move(work)); });
}

void Host::cancel_everything() {
  cancelled_ = true;
  // Those for which the bell was not rung any more.
  take_up();
  timer_.cancel();
  direct_timer_.cancel();
  for (auto& [number, completion] : std::exchange(completions_, {})) {
    complete(std::move(completion), cancelled());
  }
  for (auto& [number, completion] : std::exchange(asking_, {})) {
    std::move(completion)({.status = closed()});
  }
  for (auto& completion : std::exchange(waiting_ready_, {})) std::move(completion)(closed());
  for (auto& [until, completion] : std::exchange(waiting_left_, {})) {
    std::move(completion)(closed());
  }
}

void Host::read(replication::Verb verb, std::string_view id, bool touch, Duration timeout,
                ReadWaiter&& waiter) {
  const DirectReads::Gathering* const gathering = direct_reads_.gathering();
  const std::shared_ptr<const ring::Roles> current = gathering ? nullptr : this->roles();
  const ring::Roles* const roles = gathering ? gathering->roles() : current.get();
  if (const auto primary = roles ? roles->primary(roles->segment_of(id)) : std::nullopt) {
    const std::string& owner = roles->view().members[primary->value].name;
    if (owner != options_.membership.self) {
      const DirectReads::Read read = {
          .owner = owner, .verb = verb, .id = id, .touch = touch, .timeout = timeout};
      if (!gathering && users_context_ && users_context_->running_in_this_thread()) {
        return read_later(current, read, std::move(waiter));
      }
      return direct_reads_.start(gathering ? gathering->now() : now(), read, std::move(waiter));
    }
  }
  call({.verb = verb, .id = std::string(id), .touch = touch}, timeout, std::move(waiter));
}

void Host::read_later(std::shared_ptr<const ring::Roles> roles, const DirectReads::Read& read,
                      ReadWaiter&& waiter) {
  if (!direct_reads_.start_later(now(), std::move(roles), read, std::move(waiter))) return;
  asio::post(*users_context_, [this, alive = alive_] {
    // Whoever closed the store has told the waiters.
    if (const auto store = alive.lock()) direct_reads_.send_later();
  });
}

void Host::call(replication::Operation&& operation, Duration timeout, Completion completion) {
  if (calls_under_way_.fetch_add(1, std::memory_order_relaxed) >= options_.calls_in_flight_max) {
    return complete(std::move(completion),
                    {.verb = operation.verb, .result = {.status = too_many_calls()}});
  }
  {
    // What is posted before stop() runs before the thread ends; nothing is posted after.
    MutexLock lock(mutex_);
    if (!stopped_) {
      if (!calls_.put({std::move(operation), timeout, std::move(completion)})) return;
      // Others may follow from what else is being told here: those begin together.
      if (own_threads_ && OwnThreads::here() == own_threads_) {
        OwnThreads::run_afterwards([doorbell = doorbell_] { doorbell->ring(); });
      } else {
        take_up_later();
      }
      return;
    }
  }
  complete(std::move(completion), cancelled());
}

void Host::Doorbell::ring() {
  MutexLock lock(mutex_);
  if (host_) host_->take_up_here(Telling::kByPost);
}

void Host::Doorbell::take_down() {
  MutexLock lock(mutex_);
  host_ = nullptr;
}

void Host::complete(Completion completion, node::Finished finished) {
  calls_under_way_.fetch_sub(1, std::memory_order_relaxed);
  std::move(completion)(std::move(finished));
}

void Host::take_up_later() {
  post_turn([this] { take_up(); });
}

// In place, as long as nobody else has the turn, who then goes on with it.
void Host::take_up_here(Telling telling) {
  while (!arrived_.empty() || !calls_.empty()) {
    OwnThreads::Together together(own_threads_);
    if (!turn_.try_take()) return;
    take_up();
    turn_.give_back();
    if (telling == Telling::kByPost || together.empty()) continue;
    {
      const DirectReads::Gathering gathering(direct_reads_, now(), roles());
      together.run_here();
    }
    transport_->flush();
  }
}

// All that has come for the node, as of this moment.
void Host::take_up() {
  arrived_.take(arrived_taken_);
  calls_.take(begun_);
  collect_delivered();
  const Time time = now();
  for (const Arrived& arrived : arrived_taken_) {
    if (!cancelled_) receive(time, arrived);
  }
  for (Call& call : begun_) begin(time, call);
  if (cancelled_ || (arrived_taken_.empty() && begun_.empty())) return;
  begun_.clear();
  // Once for all, so that what they caused travels together.
  after_step();
}

void Host::receive(Time time, const Arrived& arrived) {
  const std::span<const node::Envelope> envelopes(arrived.envelopes);
  for (std::size_t i = 0; i < envelopes.size(); ++i) {
    const node::Envelope& envelope = envelopes[i];
    if (i % kPrefetched == 0) {
      node_.prefetch(envelopes.subspan(i, std::min(kPrefetched, envelopes.size() - i)));
    }
    if (spans_) spans_->note_received(time, arrived.from, envelope.message);
    node_.receive(time, arrived.from, envelope);
  }
}

void Host::begin(Time time, Call& call) {
  if (cancelled_) return complete(std::move(call.completion), cancelled());
  const std::uint64_t number = node_.call(time, std::move(call.operation), call.timeout);
  spare_completions_.add(completions_, number, std::move(call.completion));
}

void Host::ask(replication::Question question, Duration timeout, FindingsCompletion completion) {
  {
    MutexLock lock(mutex_);
    if (!stopped_) {
      post_turn([this, question = std::move(question), timeout,
                 completion = std::move(completion)]() mutable {
        if (cancelled_) return std::move(completion)({.status = closed()});
        const std::uint64_t number = node_.ask(now(), std::move(question), timeout);
        asking_.emplace(number, std::move(completion));
        after_step();
      });
      return;
    }
  }
  std::move(completion)({.status = closed()});
}

template <typename Step>
void Host::post(Step step, StatusCompletion completion) {
  {
    MutexLock lock(mutex_);
    if (!stopped_) {
      post_turn([this, step = std::move(step), completion = std::move(completion)]() mutable {
        if (cancelled_) return std::move(completion)(closed());
        step(std::move(completion));
      });
      return;
    }
  }
  std::move(completion)(closed());
}

void Host::when_ready(StatusCompletion completion) {
  post(
      [this](StatusCompletion waiting) {
        if (node_.ready(now())) return std::move(waiting)(absl::OkStatus());
        waiting_ready_.push_back(std::move(waiting));
      },
      std::move(completion));
}

void Host::drain(Duration timeout, StatusCompletion completion) {
  post(
      [this, timeout](StatusCompletion waiting) {
        waiting_left_.emplace(now() + timeout, std::move(waiting));
        node_.leave(now());
        after_step();
      },
      std::move(completion));
}

void Host::recover(StatusCompletion completion) {
  post(
      [this](StatusCompletion waiting) {
        const bool begun = node_.recover_now(now());
        after_step();
        std::move(waiting)(begun ? absl::OkStatus()
                                 : absl::FailedPreconditionError(
                                       "this member has not lost the majority of its view"));
      },
      std::move(completion));
}

void Host::acknowledge_losses() {
  post(
      [this](StatusCompletion done) {
        node_.acknowledge_losses(now());
        after_step();
        std::move(done)(absl::OkStatus());
      },
      [](absl::Status) {});
}

void Host::look(absl::AnyInvocable<void(const node::Node*) &&> look) {
  {
    MutexLock lock(mutex_);
    if (!stopped_) {
      post_turn([this, look = std::move(look)]() mutable {
        std::move(look)(cancelled_ ? nullptr : &node_);
      });
      return;
    }
  }
  std::move(look)(nullptr);
}

std::shared_ptr<Subscriber> Host::subscribe(asio::any_io_executor executor,
                                            Subscriber::Handler handler, SubscribeOptions options) {
  return subscribers_->add(std::move(executor), std::move(handler), options);
}

// What subscribers have had, and whether there are any. Also before anything else is handled: who
// had subscribed before that was sent keeps its events.
void Host::collect_delivered() {
  if (cancelled_ || !subscribers_->is_news()) return;
  const auto delivered = subscribers_->take_delivered();
  node_.listen(subscribers_->any());
  for (const auto& [segment, number] : delivered) node_.delivered(segment, number);
}

transport::Events Host::events() {
  return {
      .on_frame = [this](const std::string& from,
                         wire::Frame frame) { on_frame(from, std::move(frame)); },
      .after_frame = [this] { take_up_here(Telling::kInPlace); },
      .on_up =
          [this](const std::string& peer) {
            log_.write(LogLevel::kInfo, "member " + peer + " is connected");
          },
      .on_down =
          [this](const std::string& peer, const std::string& reason) {
            log_.write(LogLevel::kWarning,
                       "the connection to member " + peer + " ended: " + reason);
            direct_reads_.lost(now(), peer);
          },
      .on_refused = [this](const std::string& reason) { log_.write(LogLevel::kError, reason); },
      .on_gone =
          [this](const std::string& peer, Incarnation incarnation) {
            post_turn([this, peer, incarnation] {
              // First what it had said before.
              take_up();
              if (cancelled_) return;
              node_.gone(now(), peer, incarnation);
              after_step();
            });
          },
      .on_introduced =
          [this](const std::string& name, const std::string& address) {
            post_turn([this, name, address] {
              if (cancelled_) return;
              node_.discovered(now(), {{name, address}});
              after_step();
            });
          },
      .stages =
          [this] {
            const Health health = this->health();
            return transport::Stages{.started = health.started,
                                     .live = health.live,
                                     .ready = health.ready,
                                     .safe = health.safe};
          },
  };
}

// On a thread of the transport. What can be answered and completed at once is; the rest is the
// node's.
void Host::on_frame(const std::string& from, wire::Frame frame) {
  answer(from, frame.lookups);
  if (!frame.envelopes.empty() && wire::is_bulk(frame.envelopes.front().message)) {
    for (node::Envelope& envelope : frame.envelopes) {
      if (bulk_.put({from, std::move(envelope)})) {
        post_turn([this] { receive_bulk(); });
      }
    }
    // The next frame may come: what waits here is bounded by the sender's window.
    transport_->flush();
  } else if (!frame.envelopes.empty()) {
    arrived_.put({from, std::move(frame.envelopes)});
  }
  if (frame.lookups.empty() && frame.found.empty()) return;
  {
    const Time time = now();
    const DirectReads::Gathering gathering(direct_reads_, time, roles());
    const OwnThreads::Here here(own_threads_);
    direct_reads_.found(time, from, std::move(frame.found));
  }
  transport_->flush();
}

void Host::answer(const std::string& from, std::span<const replication::Lookup> lookups) {
  if (lookups.empty()) return;
  const std::vector<replication::Found> found = node_.look_up(lookups, coarse_now);
  lookups_answered_.fetch_add(found.size(), std::memory_order_relaxed);
  transport_->send(from, found);
}

void Host::receive_bulk() {
  if (cancelled_) return;
  if (bulk_next_ == bulk_taken_.size()) {
    bulk_.take(bulk_taken_);
    bulk_next_ = 0;
  }
  if (bulk_taken_.empty()) return;
  collect_delivered();
  const Time begin = now();
  Time time = begin;
  while (bulk_next_ < bulk_taken_.size() && time - begin < kBulkStep) {
    const Bulk bulk = std::move(bulk_taken_[bulk_next_++]);
    node_.receive(time, bulk.from, bulk.envelope);
    time = now();
  }
  // Behind what else has come meanwhile.
  if (bulk_next_ < bulk_taken_.size()) post_turn([this] { receive_bulk(); });
  after_step();
}

void Host::tick() {
  armed_for_.reset();
  if (cancelled_) return;
  node_.tick(now());
  ask_found();
  if (spans_) spans_->note_time(now());
  after_step();
  publish();
}

void Host::after_step() {
  apply_effects();
  update_peers();
  transport_->flush();
  if (subscribers_->holding() && now() < node_.membership().lease_until()) subscribers_->resume();
  if (node_.roles() != seen_roles_ || node_.left() != seen_left_) {
    if (node_.roles() != seen_roles_) segments_backup_ = node_.segments_backup();
    seen_roles_ = node_.roles();
    seen_left_ = node_.left();
    publish();
  }
  tell_ended();
  while (!waiting_left_.empty() && (node_.left() || waiting_left_.begin()->first <= now())) {
    StatusCompletion completion = std::move(waiting_left_.begin()->second);
    waiting_left_.erase(waiting_left_.begin());
    std::move(completion)(node_.left() ? absl::OkStatus()
                                       : absl::DeadlineExceededError(node_.not_handed_over()));
  }
  if (spans_) {
    const replication::Plane& plane = node_.plane();
    spans_->note_standing(node_.roles() ? node_.roles()->view().epoch : 0, plane.primaries(),
                          plane.primaries_waiting());
  }
  arm_timer();
}

// The transport is to be connected with everybody that the node knows of.
void Host::update_peers() {
  if (node_.membership().peers_version() == peers_version_) return;
  peers_version_ = node_.membership().peers_version();
  std::vector<transport::Peer> peers;
  for (const membership::PeerAddress& peer : node_.membership().peers()) {
    peers.push_back({peer.name, peer.address});
  }
  transport_->set_peers(std::move(peers));
}

// Whoever was found and is not connected is asked who he is.
void Host::ask_found() {
  if (cancelled_ || found_.empty() || now() < ask_found_at_) return;
  ask_found_at_ = now() + kAskFound;
  std::set<std::string> connected;
  for (const membership::PeerAddress& peer : node_.membership().peers()) {
    if (node_.membership().connected(now(), peer.name)) connected.insert(peer.address);
  }
  for (const std::string& address : found_) {
    if (!connected.contains(address)) transport_->introduce(address);
  }
}

void Host::apply_effects() {
  // What cannot be sent goes back to the node, which may cause more.
  node::Effects& effects = effects_;
  const Time time = now();
  for (node_.take_effects(time, effects); !effects.empty(); node_.take_effects(time, effects)) {
    if (effects.reborn_as) transport_->reincarnate(*effects.reborn_as);
    for (const node::Outgoing& outgoing : effects.outgoing) {
      if (spans_) spans_->note_sent(outgoing.to, outgoing.envelope.message);
      const absl::Status sent = transport_->send(outgoing.to, outgoing.envelope);
      if (!sent.ok()) {
        node_.undeliverable(time, outgoing.to, outgoing.envelope.message, sent);
      }
    }
    for (const node::Event& event : effects.events) subscribers_->offer(event);
    for (node::Finished& finished : effects.finished) {
      const auto found = completions_.find(finished.number);
      if (found == completions_.end()) continue;
      ended_.push_back({spare_completions_.take(completions_, found), std::move(finished)});
    }
    for (node::Inquiries::Answered& answered : effects.answered) {
      auto completion = asking_.extract(answered.number);
      if (completion) std::move(completion.mapped())(std::move(answered.findings));
    }
    for (const Notice& notice : effects.notices) log_.write(notice);
  }
  if (!waiting_ready_.empty() && node_.ready(now())) {
    // The view is to be seen by whoever is told of it.
    publish();
    for (auto& completion : std::exchange(waiting_ready_, {})) {
      std::move(completion)(absl::OkStatus());
    }
  }
}

// After what follows from the step has been sent: who is told may take the processor.
void Host::tell_ended() {
  for (Ended& call : ended_) complete(std::move(call.completion), std::move(call.finished));
  ended_.clear();
}

void Host::arm_direct_timer() {
  const std::optional<Time> deadline = direct_reads_.next_deadline();
  if (!deadline || cancelled_) return;
  direct_timer_.expires_after(std::max(Duration::zero(), *deadline - now()));
  direct_timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    direct_reads_.tick(now());
    arm_direct_timer();
  });
}

void Host::arm_timer() {
  std::optional<Time> deadline = node_.next_deadline();
  if (!waiting_left_.empty()) {
    const Time first = waiting_left_.begin()->first;
    deadline = deadline ? std::min(*deadline, first) : first;
  }
  if (!deadline) {
    due_at_ = Time::max();
    return;
  }
  if (armed_for_ && *armed_for_ <= *deadline) return;
  armed_for_ = deadline;
  due_at_ = *deadline;
  timer_.expires_after(std::max(Duration::zero(), *deadline - now()));
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) in_turn([this] { tick(); });
  });
}

Host::Seen Host::look_around(Time time) const {
  Seen seen = {.roles = node_.roles()};
  if (!seen.roles) return seen;
  for (const Member& member : seen.roles->view().members) {
    seen.connected.push_back(member.name == options_.membership.self ||
                             node_.membership().connected(time, member.name));
  }
  return seen;
}

void Host::publish() {
  const Time time = now();
  const replication::Plane& plane = node_.plane();
  Published state = {.seen = look_around(time),
                     .waiting_for = node_.waiting_for(time),
                     .unsafe_because = node_.unsafe_because(time),
                     .leaving = node_.leaving(),
                     .left = node_.left(),
                     .members_connected = node_.connected_count(time),
                     .segments_primary = plane.primaries(),
                     .segments_waiting = plane.primaries_waiting(),
                     .segments_learning = plane.segments_left(),
                     .segments_backup = segments_backup_,
                     .segments_lost = node_.segments_lost(),
                     .calls_in_flight = node_.calls_in_flight(),
                     .expired = node_.expired(),
                     .companions_expired = node_.companions_expired(),
                     .refused_for_memory = node_.plane().refused_for_memory(),
                     .logins_ended_for_room = node_.plane().logins_ended_for_room(),
                     .requests_served = node_.requests_served(),
                     .events_kept = plane.events_kept()};
  MutexLock lock(mutex_);
  // Acknowledged losses are lost all the same.
  state.segments_lost_ever = published_.segments_lost_ever + state.segments_lost -
                             std::min(state.segments_lost, published_.segments_lost);
  state.started = published_.started || state.seen.roles != nullptr;
  // Who was ready until now is not since now.
  state.unready_since = published_.waiting_for == "ready" ? time : published_.unready_since;
  state.unsafe_since = published_.unsafe_because.empty() ? time : published_.unsafe_since;
  published_ = std::move(state);
}

std::shared_ptr<const ring::Roles> Host::roles() const {
  MutexLock lock(mutex_);
  return published_.seen.roles;
}

Host::Seen Host::seen() const {
  MutexLock lock(mutex_);
  return published_.seen;
}

Health Host::health() const {
  const Time time = now();
  const Time due_at = due_at_;
  MutexLock lock(mutex_);
  const std::string closed = "the store was closed";
  const bool stuck = due_at != Time::max() && time - due_at > kStuckAfter;
  const bool ready = !stopped_ && !stuck && published_.waiting_for == "ready";
  const bool safe = ready && published_.unsafe_because.empty();
  const std::string stuck_reason =
      stuck ? "the store's thread has been stuck for " + seconds(time - due_at) : "";
  const std::string& waiting_for = stopped_ ? closed
                                   : stuck  ? stuck_reason
                                            : published_.waiting_for;
  const auto since = [time](Time begun) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(time - begun, Duration::zero()));
  };
  return {
      .started = published_.started,
      .started_reason = published_.started ? "started" : waiting_for,
      .live = !stopped_ && !stuck,
      .live_reason = stopped_ ? closed
                     : stuck  ? stuck_reason
                              : "live",
      .ready = ready,
      .reason = waiting_for,
      .safe = safe,
      .safe_reason = safe    ? "safe"
                     : ready ? published_.unsafe_because
                             : waiting_for,
      .leaving = published_.leaving,
      .left = published_.left,
      .unready_for = ready ? std::chrono::milliseconds::zero() : since(published_.unready_since),
      .unsafe_for = safe ? std::chrono::milliseconds::zero() : since(published_.unsafe_since)};
}

void Host::add_to(Metrics& metrics) const {
  const table::Usage usage = node_.plane().table().usage();
  metrics.sessions_login = usage.login;
  metrics.sessions_active = usage.active;
  metrics.companions_single_use = usage.single_use;
  metrics.companions_counters = usage.counters;
  metrics.companions_revoked = usage.revoked_tokens;
  metrics.bytes = usage.bytes;
  metrics.bytes_max = options_.plane.memory_bytes;
  metrics.queue_bytes = transport_->queue_bytes();
  for (const auto& [peer, bytes] : transport_->peer_queue_bytes()) {
    metrics.peer_queues.push_back({peer, bytes});
  }
  metrics.transfer_bytes_sent = transport_->bulk_bytes_sent();
  metrics.transfer_bytes_received = transport_->bulk_bytes_received();
  metrics.frames_rejected = transport_->frames_rejected();
  metrics.events_delivered = subscribers_->delivered_count();
  metrics.events_missed = subscribers_->missed_count();
  metrics.events_waiting = subscribers_->waiting();
  MutexLock lock(mutex_);
  metrics.events_kept = published_.events_kept;
  metrics.epoch = published_.seen.roles ? published_.seen.roles->view().epoch : 0;
  metrics.members = published_.seen.roles ? published_.seen.roles->view().members.size() : 0;
  metrics.segments_primary = published_.segments_primary;
  metrics.segments_waiting = published_.segments_waiting;
  metrics.segments_learning = published_.segments_learning;
  metrics.segments_backup = published_.segments_backup;
  metrics.segments_lost = published_.segments_lost;
  metrics.segments_lost_ever = published_.segments_lost_ever;
  metrics.members_connected = published_.members_connected;
  metrics.calls_in_flight = published_.calls_in_flight;
  metrics.expired = published_.expired;
  metrics.companions_expired = published_.companions_expired;
  metrics.refused_for_memory = published_.refused_for_memory;
  metrics.logins_ended_for_room = published_.logins_ended_for_room;
  metrics.requests_served = published_.requests_served + lookups_answered_;
}

}  // namespace sojourn::runtime
