#include "transport/grpc_transport.h"

#include <absl/strings/str_format.h>
#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <set>
#include <utility>

#include "base/hash.h"
#include "base/mutex.h"
#include "transport/identity.h"
#include "transport/link.h"

namespace sojourn::transport {
namespace {

using Reactor = grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

constexpr char kMethod[] = "/sojourn.v1.Peer/Connect";
constexpr std::chrono::milliseconds kRedialMin{50};
constexpr std::chrono::milliseconds kRedialMax{1000};
constexpr std::chrono::seconds kRefusalInterval{10};
// A peer that answers no ping for so long is cut off. Heartbeats notice silence sooner; this is for
// connections that the network has forgotten.
constexpr int kKeepaliveMilliseconds = 5000;

void set_arguments(const std::function<void(const std::string&, int)>& set) {
  set(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  set(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMilliseconds);
  set(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  set(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  set(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  set(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, static_cast<int>(wire::kFrameBytesMax));
}

class GrpcTransport;

// The side that accepted.
class AcceptedLink final : public Link, public grpc::ServerGenericBidiReactor {
 public:
  AcceptedLink(GrpcTransport& transport, grpc::GenericCallbackServerContext& context)
      : transport_(transport), context_(context) {}

  // Keeps itself alive until its stream is done.
  void accept(std::shared_ptr<Link> self, const Identity& own, Options options) {
    self_ = std::move(self);
    peer_ = options.peer;
    own.write([this](const std::string& key, const std::string& value) {
      context_.AddInitialMetadata(key, value);
    });
    StartSendInitialMetadata();
    open(std::move(options));
  }

  void OnReadDone(bool ok) override { read_done(ok); }
  void OnWriteDone(bool ok) override { write_done(ok); }
  void OnDone() override;

 private:
  void start_read(grpc::ByteBuffer* buffer) override { StartRead(buffer); }
  void start_write(const grpc::ByteBuffer* buffer) override { StartWrite(buffer); }
  void try_cancel() override { context_.TryCancel(); }
  void finish(const grpc::Status& status) override { Finish(status); }

  GrpcTransport& transport_;
  grpc::GenericCallbackServerContext& context_;
  std::string peer_;
  std::shared_ptr<Link> self_;
};

// Turns a peer away before anything was said.
class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const std::string& reason) {
    Finish(grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, reason));
  }
  void OnDone() override { delete this; }
};

// The side that dials.
class DialledLink final : public Link, public Reactor {
 public:
  DialledLink(GrpcTransport& transport, std::string peer, std::shared_ptr<grpc::Channel> channel)
      : transport_(transport), peer_(std::move(peer)), stub_(std::move(channel)) {}

  // Keeps itself alive until its stream is done.
  void dial(std::shared_ptr<Link> self, const Identity& own) {
    self_ = std::move(self);
    own.write([this](const std::string& key, const std::string& value) {
      context_.AddMetadata(key, value);
    });
    context_.AddMetadata(Identity::kAddressee, peer_);
    stub_.PrepareBidiStreamingCall(&context_, kMethod, grpc::StubOptions(), this);
    // Writes start outside of reactions: the hold keeps the call until finish().
    AddHold();
    StartCall();
  }

  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override { read_done(ok); }
  void OnWriteDone(bool ok) override { write_done(ok); }
  void OnDone(const grpc::Status& status) override;

 private:
  void start_read(grpc::ByteBuffer* buffer) override { StartRead(buffer); }
  void start_write(const grpc::ByteBuffer* buffer) override { StartWrite(buffer); }
  void try_cancel() override { context_.TryCancel(); }
  void finish(const grpc::Status& status) override {
    if (!status.ok()) context_.TryCancel();
    RemoveHold();
  }

  GrpcTransport& transport_;
  const std::string peer_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  std::shared_ptr<Link> self_;
};

class GrpcTransport final : public Transport, public grpc::CallbackGenericService {
 public:
  GrpcTransport(const StoreOptions& options, std::vector<Member> members, Incarnation incarnation,
                std::function<Time()> now, Events events)
      : options_(options),
        own_{.cluster = options.cluster, .member = options.name, .incarnation = incarnation},
        outbox_options_{.cluster = stable_hash(options.cluster),
                        .from = incarnation,
                        .queue_bytes_max = std::max(options.peer_queue_bytes, wire::kMessageBytesMax)},
        now_(std::move(now)),
        events_(std::move(events)) {
    for (const Member& member : members) {
      if (member.name != own_.member) peers_[member.name].address = member.address;
    }
  }

  ~GrpcTransport() override { stop(); }

  absl::Status start(const std::string& listen) {
    if (peers_.empty()) return absl::OkStatus();
    if (options_.tls) {
      if (absl::Status status = check_files(*options_.tls); !status.ok()) return status;
    }
    grpc::ServerBuilder builder;
    set_arguments([&](const std::string& name, int value) { builder.AddChannelArgument(name, value); });
    // Two processes on one address would each get some of the connections.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    int port = 0;
    builder.AddListeningPort(listen, server_credentials(options_), &port);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0) {
      return absl::UnavailableError("listen: " + listen + " cannot be listened on");
    }
    channel_credentials_ = channel_credentials(options_);
    MutexLock lock(mutex_);
    for (auto& [name, peer] : peers_) {
      if (own_.member < name) schedule_dial(name, peer, std::chrono::milliseconds(0));
    }
    return absl::OkStatus();
  }

  // Transport.

  absl::Status send(const std::string& to, const node::Envelope& envelope) override {
    const std::shared_ptr<Link> link = link_to(to);
    if (!link) return absl::UnavailableError("member " + to + " is not connected");
    return link->push(envelope);
  }

  void flush() override {
    for (const std::shared_ptr<Link>& link : links()) link->flush();
  }

  std::size_t queue_bytes() const override {
    std::size_t bytes = 0;
    for (const std::shared_ptr<Link>& link : links()) bytes += link->queued_bytes();
    return bytes;
  }

  std::uint64_t frames_rejected() const override { return frames_rejected_; }

  void stop() override {
    {
      MutexLock lock(mutex_);
      if (std::exchange(stopping_, true)) return;
      for (auto& [name, peer] : peers_) {
        if (peer.alarm) peer.alarm->Cancel();
      }
    }
    for (const std::shared_ptr<Link>& link : all_links()) link->cancel("the store was closed");
    if (server_) {
      server_->Shutdown(std::chrono::system_clock::now());
      server_->Wait();
    }
    std::unique_lock<std::mutex> lock(mutex_.native());
    idle_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return busy_ == 0; });
  }

  // grpc::CallbackGenericService: somebody has dialled.
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const Identity peer = Identity::read(context->client_metadata());
    absl::Status status = check_caller(*context, peer);
    if (!status.ok()) {
      refused(peer.member, std::string(status.message()));
      return new Refusal(std::string(status.message()));
    }
    auto link = std::make_shared<AcceptedLink>(*this, *context);
    if (!begin(link)) return new Refusal("member " + own_.member + " is stopping");
    link->accept(link, own_, link_options(peer));
    connected(peer.member, link);
    return link.get();
  }

  // What links report.

  void dialled(const std::string& name, const std::shared_ptr<Link>& link) { connected(name, link); }

  // The peer that we reached is not who we dialled.
  absl::Status check_callee(const Identity& peer, const std::string& dialled) const {
    return peer.check(own_.cluster, dialled);
  }

  Link::Options link_options(const Identity& peer) {
    return {.peer = peer.member,
            .peer_incarnation = peer.incarnation,
            .outbox = outbox_options_,
            .now = now_,
            .on_frame = [this, name = peer.member](
                            wire::Frame frame) { events_.on_frame(name, std::move(frame)); },
            .on_bad_frame =
                [this, name = peer.member](const absl::Status& status) {
                  ++frames_rejected_;
                  refused(name, "member " + name + " sent a bad frame: " +
                                    std::string(status.message()));
                }};
  }

  // The stream is done for. `why` may be empty.
  void ended(const std::string& name, const std::shared_ptr<Link>& link, const std::string& why) {
    bool was_up = false;
    {
      MutexLock lock(mutex_);
      Peer& peer = peers_[name];
      all_links_.erase(link);
      if (peer.link == link) {
        peer.link = nullptr;
        was_up = true;
      }
      if (own_.member < name && !stopping_) {
        peer.backoff = was_up ? kRedialMin : std::clamp(peer.backoff * 2, kRedialMin, kRedialMax);
        schedule_dial(name, peer, peer.backoff);
      }
    }
    if (was_up && !stopping()) {
      const std::string reason = link->reason().empty() ? why : link->reason();
      events_.on_down(name, reason.empty() ? "it was closed" : reason);
    }
    done();
  }

  // Reported, but not the same about one peer too often.
  void refused(const std::string& peer, const std::string& reason) {
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      // Names come from outside: their number must not grow without bound.
      if (refusals_.size() > 1000) refusals_.clear();
      auto& [last_reason, last_time] = refusals_[peer];
      const auto now = std::chrono::steady_clock::now();
      if (last_reason == reason && now - last_time < kRefusalInterval) return;
      last_reason = reason;
      last_time = now;
    }
    events_.on_refused(reason);
  }

 private:
  struct Peer {
    std::string address = {};
    // When this member dials next; only for those that it dials.
    std::unique_ptr<grpc::Alarm> alarm = {};
    std::chrono::milliseconds backoff = kRedialMin;
    // The stream in use; null while there is none.
    std::shared_ptr<Link> link = {};
  };

  grpc::ChannelArguments channel_arguments(const std::string& peer) const {
    grpc::ChannelArguments arguments;
    set_arguments([&](const std::string& name, int value) { arguments.SetInt(name, value); });
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, static_cast<int>(kRedialMin.count()));
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(kRedialMax.count()));
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, static_cast<int>(kRedialMax.count()));
    if (options_.tls) {
      arguments.SetSslTargetNameOverride(certificate_name(peer, own_.cluster));
    }
    return arguments;
  }

  // Whether the caller is a member of this cluster, meant us, and has the certificate to prove it.
  absl::Status check_caller(const grpc::GenericCallbackServerContext& context,
                            const Identity& peer) const {
    if (context.method() != kMethod) {
      return absl::FailedPreconditionError("there is no method " + context.method());
    }
    if (absl::Status status = peer.check(own_.cluster, peer.member); !status.ok()) return status;
    if (!peers_.contains(peer.member)) {
      return absl::FailedPreconditionError(peer.in_words() + " is not in the list of members of " +
                                           own_.member);
    }
    if (peer.addressee != own_.member) {
      return absl::FailedPreconditionError(peer.in_words() + " dialled member " + peer.addressee +
                                           " and reached " + own_.member);
    }
    if (!options_.tls) return absl::OkStatus();
    const std::string wanted = certificate_name(peer.member, own_.cluster);
    const auto authentication = context.auth_context();
    for (const grpc::string_ref& name :
         authentication->FindPropertyValues("x509_subject_alternative_name")) {
      if (name == wanted) return absl::OkStatus();
    }
    return absl::FailedPreconditionError(peer.in_words() +
                                         " has a certificate without the name " + wanted);
  }

  bool begin(const std::shared_ptr<Link>& link) {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    ++busy_;
    all_links_.insert(link);
    return true;
  }

  void done() {
    MutexLock lock(mutex_);
    if (--busy_ == 0) idle_.notify_all();
  }

  bool stopping() const {
    MutexLock lock(mutex_);
    return stopping_;
  }

  void connected(const std::string& name, const std::shared_ptr<Link>& link) {
    std::shared_ptr<Link> older;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      Peer& peer = peers_[name];
      older = std::exchange(peer.link, link);
      peer.backoff = kRedialMin;
      refusals_.erase(name);
    }
    if (older) older->cancel("a newer connection of member " + name + " replaced it");
    events_.on_up(name);
  }

  // Dials after a pause. One dialling or link at a time for each peer.
  void schedule_dial(const std::string& name, Peer& peer, std::chrono::milliseconds pause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ++busy_;
    peer.alarm = std::make_unique<grpc::Alarm>();
    peer.alarm->Set(std::chrono::system_clock::now() + pause, [this, name](bool) {
      dial(name);
      done();
    });
  }

  void dial(const std::string& name) {
    // A channel for each stream: what was refused may be right with a new connection, as after certificates
    // were renewed.
    auto link = std::make_shared<DialledLink>(
        *this, name,
        grpc::CreateCustomChannel(peers_.at(name).address, channel_credentials_,
                                  channel_arguments(name)));
    if (begin(link)) link->dial(link, own_);
  }

  std::shared_ptr<Link> link_to(const std::string& name) const {
    MutexLock lock(mutex_);
    const auto peer = peers_.find(name);
    return peer == peers_.end() ? nullptr : peer->second.link;
  }

  std::vector<std::shared_ptr<Link>> links() const {
    MutexLock lock(mutex_);
    std::vector<std::shared_ptr<Link>> links;
    for (const auto& [name, peer] : peers_) {
      if (peer.link) links.push_back(peer.link);
    }
    return links;
  }

  std::vector<std::shared_ptr<Link>> all_links() const {
    MutexLock lock(mutex_);
    return {all_links_.begin(), all_links_.end()};
  }

  const StoreOptions options_;
  const Identity own_;
  const wire::OutboxOptions outbox_options_;
  const std::function<Time()> now_;
  const Events events_;
  std::atomic<std::uint64_t> frames_rejected_{0};
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::ChannelCredentials> channel_credentials_;

  mutable Mutex mutex_;
  std::condition_variable idle_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Links and alarms whose end has not been reported yet.
  int busy_ ABSL_GUARDED_BY(mutex_) = 0;
  // The names are constant after construction; the rest is guarded.
  std::map<std::string, Peer> peers_;
  std::set<std::shared_ptr<Link>> all_links_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::pair<std::string, std::chrono::steady_clock::time_point>> refusals_
      ABSL_GUARDED_BY(mutex_);
};

void AcceptedLink::OnDone() {
  const std::shared_ptr<Link> self = std::move(self_);
  transport_.ended(peer_, self, {});
}

void DialledLink::OnReadInitialMetadataDone(bool ok) {
  if (!ok) return RemoveHold();
  const Identity peer = Identity::read(context_.GetServerInitialMetadata());
  // Without it there will be a status instead, which says why.
  if (peer.member.empty()) return RemoveHold();
  if (const absl::Status status = transport_.check_callee(peer, peer_); !status.ok()) {
    transport_.refused(peer_, std::string(status.message()));
    cancel(std::string(status.message()));
    return RemoveHold();
  }
  open(transport_.link_options(peer));
  transport_.dialled(peer_, self_);
}

void DialledLink::OnDone(const grpc::Status& status) {
  const std::shared_ptr<Link> self = std::move(self_);
  // A member that is not there yet is nothing to report; one that turns us away is, or one whose
  // certificate does (gRPC has no code of its own for that).
  const auto says = [&](const char* text) {
    return status.error_message().find(text) != std::string::npos;
  };
  if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION ||
      status.error_code() == grpc::StatusCode::INVALID_ARGUMENT || says("handshake") ||
      says("erification")) {
    transport_.refused(peer_, "member " + peer_ + " refused the connection: " + status.error_message());
  }
  transport_.ended(peer_, self, status.error_message());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> open_transport(const StoreOptions& options,
                                                          std::vector<Member> members,
                                                          std::string listen,
                                                          Incarnation incarnation,
                                                          std::function<Time()> now,
                                                          Events events) {
  auto transport = std::make_unique<GrpcTransport>(options, std::move(members), incarnation,
                                                   std::move(now), std::move(events));
  if (absl::Status status = transport->start(listen); !status.ok()) return status;
  return transport;
}

}  // namespace sojourn::transport
