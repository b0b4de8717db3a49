#include "sojourn/store.h"

#include <algorithm>
#include <asio/io_context.hpp>
#include <cstddef>
#include <optional>
#include <utility>

#include "admin/administration.h"
#include "discovery/dns.h"
#include "replication/operation.h"
#include "runtime/clock.h"
#include "runtime/coarse_clock.h"
#include "runtime/host.h"
#include "runtime/memory.h"
#include "runtime/own_threads.h"
#include "session/access.h"
#include "session/companion.h"
#include "session/label_key.h"
#include "session/limits.h"
#include "store/cluster_state.h"
#include "store/companions.h"
#include "store/departure.h"
#include "store/last_refusal.h"
#include "store/options.h"
#include "store/striped_counter.h"
#include "store/tally.h"
#include "store/traced.h"
#include "transport/grpc_transport.h"

namespace sojourn {
namespace {

using replication::Findings;
using replication::Inquiry;
using replication::Key;
using replication::Operation;
using replication::Question;
using replication::Result;
using replication::Verb;

absl::StatusOr<Session> session_of(Result&& result) {
  if (!result.status.ok()) return std::move(result.status);
  return session::Access::make(std::move(result.record), result.last_seen,
                               runtime::CoarseClock::read().wall_offset);
}

// Attributes of a new session come in the order they were given.
std::vector<Attribute> sorted(std::vector<Attribute> attributes) {
  std::sort(attributes.begin(), attributes.end(),
            [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  return attributes;
}

// The tabs of a new session, as the changes that make them.
std::vector<Patch::Step> tab_steps(const NewSession& session) {
  Patch patch;
  for (const Tab& tab : session.tabs()) {
    patch.in_tab(tab.name);
    for (const Attribute& attribute : tab.attributes) patch.set(attribute.name, attribute.value);
  }
  return patch.steps();
}

Lifetime active_lifetime(const StoreOptions& options, bool remembered) {
  const Lifetime& usual = options.session_lifetime;
  if (!remembered) return usual;
  const Lifetime& longer = options.remembered_lifetime;
  return {.idle = std::max(usual.idle, longer.idle),
          .absolute = std::max(usual.absolute, longer.absolute)};
}

node::NodeOptions node_options(const StoreOptions& options) {
  node::NodeOptions node;
  node.membership.cluster = options.cluster;
  node.membership.self = options.name;
  const MemberOptions self = store::self_of(options);
  node.membership.address = self.address;
  node.membership.capacity = self.capacity;
  node.membership.zone = self.zone;
  for (const transport::Peer& peer : store::peers_of(options)) {
    node.membership.known.push_back({peer.name, peer.address});
  }
  node.membership.bootstrap_expect = store::bootstrap_expect(options);
  node.membership.segments = options.segments;
  node.membership.copies = options.copies;
  node.membership.heartbeat_interval = options.heartbeat_interval;
  node.membership.lease = options.lease;
  node.membership.recover_automatically = options.recovery == Recovery::kAutomatic;
  node.plane.segments = options.segments;
  node.plane.memory_bytes =
      options.memory_bytes != 0 ? options.memory_bytes : runtime::default_memory_bytes();
  node.plane.end_oldest_logins = options.logins_when_full == WhenFull::kEndOldest;
  node.sessions_per_subject = options.sessions_per_subject.maximum;
  node.when_full = options.sessions_per_subject.when_full == WhenFull::kEndOldest
                       ? node::WhenFull::kEndOldest
                       : node::WhenFull::kRefuseNew;
  node.calls_in_flight_max = options.calls_in_flight_max;
  node.place_locally = options.placement == PlacementPolicy::kLocal;
  return node;
}

}  // namespace

// What the Store's calls share; outlives the Store when a call that was made lazily starts later.
class Store::Impl {
 public:
  Impl(asio::any_io_executor executor, StoreOptions options)
      : destination{.executor = std::move(executor)},
        options(std::move(options)),
        host(node_options(this->options), this->options.log, this->options.tracer) {}

  // On threads of its own.
  explicit Impl(StoreOptions options)
      : own_threads(std::in_place),
        destination{.executor = own_threads->executor(), .own = &*own_threads},
        options(std::move(options)),
        host(node_options(this->options), this->options.log, this->options.tracer) {
    host.complete_in_place(&*own_threads);
  }

  // First: the completions of all calls run on it.
  std::optional<runtime::OwnThreads> own_threads;
  const detail::Destination destination;
  const StoreOptions options;
  // Before the host, whose transport writes it.
  store::LastRefusal last_refusal;
  // Before the host, whose transport offers it.
  admin::Administration administration{options,
                                       host,
                                       {.health = [this] { return health(); },
                                        .metrics = [this] { return metrics(); },
                                        .drain =
                                            [this](Duration timeout, StatusCompletion done) {
                                              store::Departure::begin(host, options.name, timeout,
                                                                      std::move(done));
                                            }}};
  runtime::Host host;

  // Reads on the threads of this member's callers, and all else that they ask for.
  mutable store::StripedCounter reads_here_hit, reads_here_miss;
  mutable store::Tally tally;

  Health health() const {
    Health health = host.health();
    if (health.live && !health.ready && !health.left) {
      health.reason += last_refusal.recent(runtime::now());
    }
    return health;
  }

  Metrics metrics() const;

  // A get or touch, first on the caller's own thread.
  std::optional<Result> read_here(const SessionId& id, bool touch) const {
    std::optional<Result> result = host.read_local(table::Key(id), touch);
    // Here nothing else fails: see replication::Plane::read().
    if (result) (result->status.ok() ? reads_here_hit : reads_here_miss).add();
    return result;
  }

  void touch(const SessionId& id, ReadOptions read_options, StatusCompletion done) const {
    read_there(Verb::kTouch, id.text(), true, read_options.timeout,
               runtime::ReadWaiter::Any([this, begun = store::Tally::begin_read(),
                                         done = std::move(done)](node::Finished finished) mutable {
                 tally.end_read(finished.result.status, finished.remote, begun);
                 std::move(done)(std::move(finished.result.status));
               }));
  }

  void get(const SessionId& id, ReadOptions read_options, SessionCompletion&& done) const {
    read_there(Verb::kGet, id.text(), read_options.touch, read_options.timeout,
               reader(std::move(done)));
  }

  void ask(Question question, std::chrono::milliseconds timeout,
           absl::AnyInvocable<void(Findings) &&> done) const {
    const_cast<runtime::Host&>(host).ask(std::move(question), timeout,
                                         [this, done = std::move(done)](Findings findings) mutable {
                                           tally.count_question(findings.status);
                                           std::move(done)(std::move(findings));
                                         });
  }

  void write(Operation&& operation, WriteOptions write_options,
             absl::AnyInvocable<void(Result) &&> done) const {
    const Verb verb = operation.verb;
    call(std::move(operation), write_options.timeout,
         [this, verb, begun = store::Tally::Clock::now(),
          done = std::move(done)](node::Finished finished) mutable {
           tally.count_write(verb, finished.result.status, finished.remote,
                             store::Tally::Clock::now() - begun);
           std::move(done)(std::move(finished.result));
         });
  }

  void write_session(Operation&& operation, WriteOptions write_options,
                     SessionCompletion done) const {
    write(std::move(operation), write_options, [done = std::move(done)](Result result) mutable {
      std::move(done)(session_of(std::move(result)));
    });
  }

  // Of a companion, on the caller's own thread.
  std::optional<Result> look_here(std::string_view id) const {
    std::optional<Result> result = host.read_local(table::Key(id), false);
    if (result) tally.count_companion(result->status, false);
    return result;
  }

  // `operation` is kInvalidArgument if the caller asked for what cannot be.
  void call_companion(absl::StatusOr<Operation> operation, std::chrono::milliseconds timeout,
                      absl::AnyInvocable<void(Result) &&> done) const {
    if (!operation.ok()) return std::move(done)({.status = operation.status()});
    if (replication::is_read(operation->verb)) {
      if (auto result = look_here(operation->id)) return std::move(done)(*std::move(result));
    }
    runtime::Host::Completion completion =
        [this, done = std::move(done)](node::Finished finished) mutable {
          tally.count_companion(finished.result.status, finished.remote);
          std::move(done)(std::move(finished.result));
        };
    if (replication::is_read(operation->verb)) {
      return read_there(operation->verb, operation->id, false, timeout, std::move(completion));
    }
    call(*std::move(operation), timeout, std::move(completion));
  }

 private:
  void call(Operation&& operation, std::chrono::milliseconds timeout,
            runtime::Host::Completion done) const {
    if (auto span = begin_span(operation.verb)) {
      operation.trace = span->context();
      done = store::ending(std::move(span), std::move(done));
    }
    const_cast<runtime::Host&>(host).call(std::move(operation), timeout, std::move(done));
  }

  // What was not answered on the caller's thread. A read that is traced goes the long way, as a
  // request: a lookup takes no trace along.
  void read_there(Verb verb, std::string_view id, bool touch, std::chrono::milliseconds timeout,
                  runtime::ReadWaiter&& waiter) const {
    auto& host = const_cast<runtime::Host&>(this->host);
    auto span = begin_span(verb);
    if (!span) return host.read(verb, id, touch, timeout, std::move(waiter));
    const TraceContext trace = span->context();
    host.call({.verb = verb, .id = std::string(id), .touch = touch, .trace = trace}, timeout,
              store::ending(std::move(span), std::move(waiter)));
  }

  std::unique_ptr<Span> begin_span(Verb verb) const {
    return options.tracer ? store::begin_span(*options.tracer, verb) : nullptr;
  }

  // A read that is not measured takes no memory beside that of `done`.
  runtime::ReadWaiter reader(SessionCompletion&& done) const {
    if (const auto begun = store::Tally::begin_read()) {
      return runtime::ReadWaiter::Any(
          [this, begun, done = std::move(done)](node::Finished finished) mutable {
            tally.end_read(finished.result.status, finished.remote, begun);
            std::move(done)(session_of(std::move(finished.result)));
          });
    }
    const auto tell = [](const void* impl, SessionCompletion&& waiter, node::Finished&& finished) {
      static_cast<const Impl*>(impl)->tally.end_read(finished.result.status, finished.remote, {});
      std::move(waiter)(session_of(std::move(finished.result)));
    };
    return runtime::ReadWaiter(std::move(done), tell, this);
  }
};

// Opening and closing.

absl::Status Store::check(const StoreOptions& options) { return store::check(options); }

absl::StatusOr<Store> Store::open(asio::any_io_executor executor, StoreOptions options) {
  if (absl::Status status = store::check(options); !status.ok()) return status;
  return start(std::make_shared<Impl>(std::move(executor), std::move(options)));
}

absl::StatusOr<Store> Store::open(StoreOptions options) {
  if (absl::Status status = store::check(options); !status.ok()) return status;
  return start(std::make_shared<Impl>(std::move(options)));
}

absl::StatusOr<Store> Store::start(std::shared_ptr<Impl> impl) {
  const asio::any_io_executor& executor = impl->destination.executor;
  if (const auto* const context = executor.target<asio::io_context::executor_type>()) {
    impl->host.gather_on(*context, impl);
  }
  std::unique_ptr<discovery::Discovery> discovery;
  if (impl->options.dns) discovery = discovery::make_dns(*impl->options.dns, runtime::now);
  const absl::Status started = impl->host.start(
      [&impl](Incarnation incarnation, transport::Events events) {
        // Kept for health(): who is refused may be whom this member waits for.
        events.on_refused = [&refusal = impl->last_refusal,
                             log = std::move(events.on_refused)](const std::string& reason) {
          refusal.note(runtime::now(), reason);
          log(reason);
        };
        return transport::open_transport(impl->options,
                                         {.incarnation = incarnation,
                                          .listen = store::listen_address(impl->options),
                                          .address = store::self_of(impl->options).address,
                                          .peers = store::peers_of(impl->options),
                                          .beside = &impl->administration},
                                         runtime::now, std::move(events));
      },
      std::move(discovery));
  if (!started.ok()) return started;
  return Store(std::move(impl));
}

Store::Store(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;

Store& Store::operator=(Store&& other) noexcept {
  if (this != &other) {
    if (impl_) impl_->host.stop();
    impl_ = std::move(other.impl_);
  }
  return *this;
}

Store::~Store() {
  if (impl_) impl_->host.stop();
}

// Calls.

void Store::ready(Impl& impl, StatusCompletion done) { impl.host.when_ready(std::move(done)); }

void Store::create(Impl& impl, NewSession session, WriteOptions options, SessionCompletion done) {
  if (absl::Status status = session::check_new_session(session); !status.ok()) {
    return std::move(done)(std::move(status));
  }
  impl.write_session({.verb = Verb::kCreate,
                      .phase = session.phase(),
                      .subject = session::Access::take_subject(session),
                      .lifetime = session.lifetime().value_or(
                          session.phase() == Phase::kLogin
                              ? impl.options.login_lifetime
                              : active_lifetime(impl.options, session.is_remembered())),
                      .attributes = sorted(session::Access::take_attributes(session)),
                      .steps = tab_steps(session),
                      .labels = session::label_keys(session.labels()),
                      .remembered = session.is_remembered()},
                     options, std::move(done));
}

std::optional<absl::StatusOr<Session>> Store::get_local(const SessionId& id,
                                                        ReadOptions options) const {
  return get_here(*impl_, id, options);
}

std::optional<absl::StatusOr<Session>> Store::get_here(const Impl& impl, const SessionId& id,
                                                       ReadOptions options) {
  if (const auto seen = impl.host.glimpse(table::Key(id), options.touch); seen.record) [[likely]] {
    impl.reads_here_hit.add();
    return session::Access::make(session::RecordRef::adopt(seen.record), seen.last_seen,
                                 runtime::CoarseClock::last_wall_offset());
  }
  std::optional<Result> result = impl.read_here(id, options.touch);
  if (!result) return std::nullopt;
  return session_of(std::move(*result));
}

void Store::get(Impl& impl, const SessionId& id, ReadOptions options, SessionCompletion done) {
  impl.get(id, options, std::move(done));
}

void Store::touch(Impl& impl, const SessionId& id, ReadOptions options, StatusCompletion done) {
  if (std::optional<Result> result = impl.read_here(id, true)) {
    return std::move(done)(std::move(result->status));
  }
  impl.touch(id, options, std::move(done));
}

void Store::update(Impl& impl, Session session, WriteOptions options, SessionCompletion done) {
  std::vector<Attribute> attributes = session::Access::attributes(session);
  if (absl::Status status = session::check_attributes(attributes, session.subject());
      !status.ok()) {
    return std::move(done)(std::move(status));
  }
  impl.write_session({.verb = Verb::kUpdate,
                      .id = std::string(session.id().text()),
                      .attributes = std::move(attributes),
                      .expected_version = session.version()},
                     options, std::move(done));
}

void Store::patch(Impl& impl, const SessionId& id, Patch patch, WriteOptions options,
                  SessionCompletion done) {
  if (absl::Status status = session::check_patch(patch); !status.ok()) {
    return std::move(done)(std::move(status));
  }
  impl.write_session({.verb = Verb::kPatch,
                      .id = std::string(id.text()),
                      .steps = patch.steps(),
                      .expected_version = patch.expected_version(),
                      .time_left = patch.time_left()},
                     options, std::move(done));
}

void Store::erase_tab(Impl& impl, const SessionId& id, std::string tab, WriteOptions options,
                      StatusCompletion done) {
  if (absl::Status status = session::check_tab_name(tab); !status.ok()) {
    return std::move(done)(std::move(status));
  }
  impl.write({.verb = Verb::kEraseTab, .id = std::string(id.text()), .tab = std::move(tab)},
             options, [done = std::move(done)](Result result) mutable {
               std::move(done)(std::move(result.status));
             });
}

void Store::authenticate(Impl& impl, const SessionId& id, std::string subject, Patch patch,
                         AuthenticateOptions options, SessionCompletion done) {
  absl::Status status = session::check_subject(subject);
  if (status.ok()) status = session::check_authentication(patch);
  if (status.ok() && options.lifetime) status = session::check_lifetime(*options.lifetime);
  if (!status.ok()) return std::move(done)(std::move(status));
  impl.write_session(
      {.verb = Verb::kAuthenticate,
       .id = std::string(id.text()),
       .subject = std::move(subject),
       .lifetime = options.lifetime.value_or(active_lifetime(impl.options, options.remembered)),
       .steps = patch.steps(),
       .labels = session::label_keys(patch.labels()),
       .expected_version = patch.expected_version(),
       .remembered = options.remembered,
       .keep_id = options.keep_id,
       .time_left = patch.time_left()},
      {.timeout = options.timeout}, std::move(done));
}

void Store::rotate(Impl& impl, const SessionId& id, RotateOptions options, SessionCompletion done) {
  if (absl::Status status = session::check_overlap(options.overlap); !status.ok()) {
    return std::move(done)(std::move(status));
  }
  impl.write_session(
      {.verb = Verb::kRotate, .id = std::string(id.text()), .overlap = options.overlap},
      {.timeout = options.timeout}, std::move(done));
}

void Store::revoke(Impl& impl, const SessionId& id, WriteOptions options, StatusCompletion done) {
  impl.write({.verb = Verb::kRevoke, .id = std::string(id.text())}, options,
             [done = std::move(done)](Result result) mutable {
               std::move(done)(std::move(result.status));
             });
}

// Companions.

void Store::put_once(Impl& impl, std::string_view name, std::string value,
                     std::chrono::seconds lifetime, WriteOptions options, StatusCompletion done) {
  impl.call_companion(store::put_once(name, std::move(value), lifetime), options.timeout,
                      [done = std::move(done)](Result result) mutable {
                        std::move(done)(std::move(result.status));
                      });
}

void Store::take(Impl& impl, std::string_view name, WriteOptions options, ValueCompletion done) {
  impl.call_companion(store::take(name), options.timeout,
                      [done = std::move(done)](Result result) mutable {
                        std::move(done)(store::value_of(result));
                      });
}

void Store::peek(Impl& impl, std::string_view name, ReadOptions options, ValueCompletion done) {
  impl.call_companion(store::look(session::Kind::kSingleUse, name), options.timeout,
                      [done = std::move(done)](Result result) mutable {
                        std::move(done)(store::value_of(result));
                      });
}

void Store::add(Impl& impl, std::string_view name, std::uint64_t amount,
                std::chrono::seconds lifetime, WriteOptions options, CounterCompletion done) {
  impl.call_companion(store::add(name, amount, lifetime), options.timeout,
                      [done = std::move(done)](Result result) mutable {
                        std::move(done)(store::counter_of(result, runtime::now()));
                      });
}

void Store::read_counter(Impl& impl, std::string_view name, ReadOptions options,
                         CounterCompletion done) {
  impl.call_companion(store::look(session::Kind::kCounter, name), options.timeout,
                      [done = std::move(done)](Result result) mutable {
                        std::move(done)(store::counter_of(result, runtime::now()));
                      });
}

void Store::reset_counter(Impl& impl, std::string_view name, WriteOptions options,
                          StatusCompletion done) {
  impl.call_companion(store::reset_counter(name), options.timeout,
                      [done = std::move(done)](Result result) mutable {
                        std::move(done)(std::move(result.status));
                      });
}

void Store::revoke_token(Impl& impl, std::string_view token_id, std::chrono::seconds lifetime,
                         WriteOptions options, StatusCompletion done) {
  impl.call_companion(store::revoke_token(token_id, lifetime), options.timeout,
                      [done = std::move(done)](Result result) mutable {
                        std::move(done)(std::move(result.status));
                      });
}

std::optional<absl::StatusOr<bool>> Store::is_token_revoked_local(std::string_view token_id) const {
  if (absl::Status status = session::check_companion_name(token_id); !status.ok()) return status;
  const session::CompanionId id(session::Kind::kRevokedToken, token_id);
  const std::optional<Result> result = impl_->look_here(id.text());
  if (!result) return std::nullopt;
  return store::revoked_of(*result);
}

void Store::is_token_revoked(Impl& impl, std::string_view token_id, ReadOptions options,
                             RevokedCompletion done) {
  impl.call_companion(store::look(session::Kind::kRevokedToken, token_id), options.timeout,
                      [done = std::move(done)](Result result) mutable {
                        std::move(done)(store::revoked_of(result));
                      });
}

// Questions about all sessions of a subject or label.

namespace {

absl::StatusOr<Key> key_of_subject(std::string subject) {
  if (absl::Status status = session::check_subject(subject); !status.ok()) return status;
  return Key{session::KeyView::Kind::kSubject, std::move(subject)};
}

absl::StatusOr<Key> key_of_label(std::string name, std::string value) {
  const Label label = {std::move(name), std::move(value)};
  if (absl::Status status = session::check_label(label); !status.ok()) return status;
  return Key{session::KeyView::Kind::kLabel, session::label_key(label)};
}

std::string text_of(const std::optional<SessionId>& id) {
  return id ? std::string(id->text()) : std::string();
}

template <typename Impl, typename Done>
void list_all(Impl& impl, absl::StatusOr<Key> key, const ListOptions& options, Done done) {
  if (key.ok() && (options.limit < 1 || options.limit > replication::kPageMax)) {
    key = absl::InvalidArgumentError("limit: a page has between 1 and 1000 sessions");
  }
  if (!key.ok()) return std::move(done)(key.status());
  impl.ask({.inquiry = Inquiry::kList,
            .key = *std::move(key),
            .after = text_of(options.after),
            .limit = options.limit},
           options.timeout, [done = std::move(done)](Findings findings) mutable {
             if (!findings.status.ok()) return std::move(done)(std::move(findings.status));
             SessionPage page;
             for (replication::Copy& copy : findings.sessions) {
               page.sessions.push_back(session::Access::make(std::move(copy.record), copy.last_seen,
                                                             runtime::wall_offset()));
             }
             if (findings.more && !page.sessions.empty()) page.next = page.sessions.back().id();
             std::move(done)(std::move(page));
           });
}

template <typename Impl, typename Done>
void count_all(Impl& impl, Inquiry inquiry, absl::StatusOr<Key> key, std::string except,
               std::chrono::milliseconds timeout, Done done) {
  if (!key.ok()) return std::move(done)(key.status());
  impl.ask({.inquiry = inquiry, .key = *std::move(key), .except = std::move(except)}, timeout,
           [done = std::move(done)](Findings findings) mutable {
             if (!findings.status.ok()) return std::move(done)(std::move(findings.status));
             std::move(done)(findings.count);
           });
}

}  // namespace

void Store::list(Impl& impl, std::string subject, ListOptions options, PageCompletion done) {
  list_all(impl, key_of_subject(std::move(subject)), options, std::move(done));
}

void Store::count(Impl& impl, std::string subject, ReadOptions options, CountCompletion done) {
  count_all(impl, Inquiry::kCount, key_of_subject(std::move(subject)), {}, options.timeout,
            std::move(done));
}

void Store::revoke_all(Impl& impl, std::string subject, RevokeOptions options,
                       CountCompletion done) {
  count_all(impl, Inquiry::kEnd, key_of_subject(std::move(subject)), text_of(options.except),
            options.timeout, std::move(done));
}

void Store::not_before(Impl& impl, std::string subject, WriteOptions options,
                       StatusCompletion done) {
  revoke_all(impl, std::move(subject), {.timeout = options.timeout},
             [done = std::move(done)](absl::StatusOr<std::uint64_t> count) mutable {
               std::move(done)(count.status());
             });
}

void Store::list_labelled(Impl& impl, std::string name, std::string value, ListOptions options,
                          PageCompletion done) {
  list_all(impl, key_of_label(std::move(name), std::move(value)), options, std::move(done));
}

void Store::count_labelled(Impl& impl, std::string name, std::string value, ReadOptions options,
                           CountCompletion done) {
  count_all(impl, Inquiry::kCount, key_of_label(std::move(name), std::move(value)), {},
            options.timeout, std::move(done));
}

void Store::revoke_labelled(Impl& impl, std::string name, std::string value, RevokeOptions options,
                            CountCompletion done) {
  count_all(impl, Inquiry::kEnd, key_of_label(std::move(name), std::move(value)),
            text_of(options.except), options.timeout, std::move(done));
}

// Events.

Subscription Store::subscribe_on(asio::any_io_executor executor,
                                 absl::AnyInvocable<void(const Event&)> handler,
                                 SubscribeOptions options) {
  return Subscription(impl_->host.subscribe(std::move(executor), std::move(handler), options));
}

// State.

void Store::drain(Impl& impl, DrainOptions options, StatusCompletion done) {
  store::Departure::begin(impl.host, impl.options.name, options.timeout, std::move(done));
}

void Store::recover(Impl& impl, StatusCompletion done) { impl.host.recover(std::move(done)); }

void Store::acknowledge_losses() { impl_->host.acknowledge_losses(); }

std::string Store::owner_of(const SessionId& id) const {
  const auto roles = impl_->host.roles();
  if (!roles) return {};
  const auto primary = roles->primary(roles->segment_of(id.text()));
  return primary ? roles->view().members[primary->value].name : std::string();
}

std::shared_ptr<const View> Store::view() const {
  const auto roles = impl_->host.roles();
  if (!roles) return nullptr;
  // Shares the roles' ownership, which hold the view.
  return {roles, &roles->view()};
}

ClusterState Store::cluster_state() const {
  runtime::Host::Seen seen = impl_->host.seen();
  return store::cluster_state_of(std::move(seen.roles), std::move(seen.connected));
}

std::string_view Store::name() const { return impl_->options.name; }

Health Store::health() const { return impl_->health(); }

Metrics Store::metrics() const { return impl_->metrics(); }

Metrics Store::Impl::metrics() const {
  Metrics metrics;
  host.add_to(metrics);
  tally.add_to(metrics);
  tally.add_reads_here(reads_here_hit.sum(), reads_here_miss.sum(), metrics);
  return metrics;
}

Sticky Store::note_route(const CookieCandidate& cookie) const {
  if (cookie.route.empty()) {
    impl_->tally.count_route(Sticky::kNone, false);
    return Sticky::kNone;
  }
  const auto roles = impl_->host.roles();
  const bool known = roles && roles->view().find(cookie.route) != nullptr;
  const std::string owner = owner_of(cookie.id);
  const Sticky sticky = !known                         ? Sticky::kUnknown
                        : owner == impl_->options.name ? Sticky::kHit
                                                       : Sticky::kMiss;
  impl_->tally.count_route(sticky, known && cookie.route != owner);
  return sticky;
}

void Store::note_rejected(const CookieCodec::Found& found) const {
  for (std::size_t fault = 0; fault < found.faults.size(); ++fault) {
    if (found.faults[fault] == 0) continue;
    impl_->tally.count_rejected(static_cast<CookieFault>(fault), found.faults[fault]);
  }
}

const detail::Destination& Store::destination() const { return impl_->destination; }

namespace detail {
namespace {
thread_local bool starting = false;
}  // namespace

Starting::Starting() : outer_(std::exchange(starting, true)) {}
Starting::~Starting() { starting = outer_; }

bool runs_in_place(const void* own) { return !starting && runtime::OwnThreads::here() == own; }

}  // namespace detail

}  // namespace sojourn
