#include "transport/grpc_transport.h"

#include <absl/container/inlined_vector.h>
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <grpcpp/alarm.h>
#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <set>
#include <utility>

#include "base/hash.h"
#include "base/mutex.h"
#include "base/random.h"
#include "transport/accepted_link.h"
#include "transport/channel.h"
#include "transport/dialled_link.h"
#include "transport/identity.h"
#include "transport/listener.h"
#include "transport/refusals.h"

namespace sojourn::transport {
namespace {

// Pauses between attempts to dial. They double up to the longest, which is also how long a
// connection must have lasted to count as a success.
constexpr Duration kPauseMin = std::chrono::milliseconds(50);
constexpr Duration kPauseMax = std::chrono::seconds(1);

// Much longer than what members say about each other.
constexpr std::size_t kReportBytesMax = 512;

// Whether the status of a dialled stream is worth telling the operator: a member that is not there,
// or not yet, is not; one that turns us away is, or a failed handshake, for which gRPC has no code
// of its own.
bool is_refusal(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::UNIMPLEMENTED:
      return true;
    default:
      const std::string said = absl::AsciiStrToLower(status.error_message());
      return absl::StrContains(said, "handshake") || absl::StrContains(said, "verification");
  }
}

// Threads: gRPC's call it through Links, Listener and alarms; the owner's through Transport. One
// mutex guards who is connected; it is never held while calling a link, gRPC or the owner.
class GrpcTransport final : public Transport, public LinkOwner {
 public:
  GrpcTransport(const StoreOptions& options, const std::vector<Member>& members,
                Incarnation incarnation, std::function<Time()> now, Events events)
      : tls_(options.tls),
        own_{.cluster = options.cluster, .member = options.name, .incarnation = incarnation},
        link_options_{.outbox = {.cluster = stable_hash(options.cluster),
                                 .from = incarnation,
                                 .queue_bytes_max = options.peer_queue_bytes},
                      .now = std::move(now)},
        events_(std::move(events)),
        credentials_(options),
        listener_([this](grpc::GenericCallbackServerContext& context) { return accept(context); }),
        random_(incarnation.value) {
    for (const Member& member : members) {
      if (member.name != own_.member) peers_[member.name].address = member.address;
    }
  }

  ~GrpcTransport() override { stop(); }

  absl::Status start(const std::string& listen) {
    if (alone()) return absl::OkStatus();
    absl::Status status = listener_.start(listen, credentials_.server());
    if (!status.ok()) return status;
    MutexLock lock(mutex_);
    for (auto& [name, peer] : peers_) {
      if (!is_dialled(name)) continue;
      peer.credentials = credentials_.client(certificate_name(name, own_.cluster));
      schedule_dial(name, peer, Duration::zero());
    }
    return absl::OkStatus();
  }

  absl::Status send(const std::string& to, const node::Envelope& envelope) override {
    const std::shared_ptr<Link> link = link_to(to);
    if (!link) return absl::UnavailableError("member " + to + " is not connected");
    return link->push(envelope);
  }

  void flush() override {
    absl::InlinedVector<std::shared_ptr<Link>, 8> links;
    {
      MutexLock lock(mutex_);
      for (const auto& [name, peer] : peers_) {
        if (peer.link && peer.link->wants_flush()) links.push_back(peer.link);
      }
    }
    for (const std::shared_ptr<Link>& link : links) link->flush();
  }

  void disconnect(const std::string& peer, const std::string& reason) override {
    if (const std::shared_ptr<Link> link = link_to(peer)) link->cancel(reason);
  }

  std::size_t queue_bytes() const override {
    std::size_t bytes = 0;
    for (const std::shared_ptr<Link>& link : links()) bytes += link->queued_bytes();
    return bytes;
  }

  std::uint64_t frames_rejected() const override { return frames_rejected_; }

  void stop() override {
    std::vector<grpc::Alarm*> alarms;
    {
      MutexLock lock(mutex_);
      // From now on no alarm is set and no link begins.
      if (std::exchange(stopping_, true)) return;
      for (const auto& [name, peer] : peers_) {
        if (peer.alarm) alarms.push_back(peer.alarm.get());
      }
    }
    for (grpc::Alarm* alarm : alarms) alarm->Cancel();
    for (const std::shared_ptr<Link>& link : links()) link->cancel("this member was closed");
    listener_.stop();
    std::unique_lock<std::mutex> lock(mutex_.native());
    idle_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return busy_ == 0; });
  }

 private:
  struct Peer {
    std::string address = {};
    // Only if we dial it: how, and when next.
    std::shared_ptr<grpc::ChannelCredentials> credentials = {};
    std::shared_ptr<grpc::Channel> channel = {};
    std::unique_ptr<grpc::Alarm> alarm = {};
    Duration pause = kPauseMin;
    // The link in use, and when it came up.
    std::shared_ptr<Link> link = {};
    Time up_since = {};
    // Replaces it as soon as it has ended.
    std::shared_ptr<Link> next = {};
  };

  // One of each two dials: the one with the smaller name.
  bool is_dialled(const std::string& peer) const { return own_.member < peer; }

  // Dialling. There is one alarm, attempt or link at a time for each peer that is dialled.

  void schedule_dial(const std::string& name, Peer& peer, Duration pause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ++busy_;
    peer.alarm = std::make_unique<grpc::Alarm>();
    peer.alarm->Set(std::chrono::system_clock::now() + pause, [this, name](bool) {
      dial(name);
      finished();
    });
  }

  void dial(const std::string& name) {
    const auto link =
        std::make_shared<DialledLink>(*this, name, link_options_, fresh_channel(name));
    if (begin(link)) link->dial(own_);
  }

  // A channel that no stream has used: what was refused may be right with a new connection, as
  // after certificates were renewed. The peer keeps it, because a channel must not be let go on
  // gRPC's own threads: the last one of a process joins them.
  std::shared_ptr<grpc::Channel> fresh_channel(const std::string& name) {
    std::string address;
    std::shared_ptr<grpc::ChannelCredentials> credentials;
    {
      MutexLock lock(mutex_);
      address = peers_.at(name).address;
      credentials = peers_.at(name).credentials;
    }
    std::shared_ptr<grpc::Channel> fresh = make_channel(address, credentials);
    std::shared_ptr<grpc::Channel> older = fresh;
    MutexLock lock(mutex_);
    peers_.at(name).channel.swap(older);
    return fresh;
  }

  absl::Status met(const std::shared_ptr<Link>& link, const Identity& peer) override {
    absl::Status status = check_identity(peer, own_);
    if (status.ok() && peer.member != link->peer()) {
      status = refusal(peer, own_, "its address should lead to member " + link->peer());
    }
    if (!status.ok()) {
      report(link->peer(), std::string(status.message()));
      return status;
    }
    take(link);
    return status;
  }

  // Accepting.

  absl::StatusOr<grpc::ServerGenericBidiReactor*> accept(
      grpc::GenericCallbackServerContext& context) {
    const Identity caller = Identity::read(context.client_metadata());
    if (absl::Status status = check_caller(caller, *context.auth_context()); !status.ok()) {
      report(caller.member, std::string(status.message()));
      return status;
    }
    const auto link = std::make_shared<AcceptedLink>(*this, context, caller, link_options_);
    if (!begin(link)) return absl::UnavailableError("member " + own_.member + " is being closed");
    grpc::ServerGenericBidiReactor* const reactor = link->accept(own_);
    take(link);
    return reactor;
  }

  // Whether the caller is a member of this cluster, meant us, and can prove it.
  absl::Status check_caller(const Identity& caller, const grpc::AuthContext& proof) const {
    if (absl::Status status = check_identity(caller, own_); !status.ok()) return status;
    if (caller.addressee != own_.member) {
      return refusal(caller, own_,
                     "it dialled an address that should lead to member " + caller.addressee);
    }
    if (!is_peer(caller.member)) return refusal(caller, own_, "it is not in the list of members");
    if (is_dialled(caller.member)) return refusal(caller, own_, "it is to be dialled, not to dial");
    if (const std::string name = certificate_name(caller.member, own_.cluster);
        tls_ && !has_certificate(proof, name)) {
      return refusal(caller, own_, "its certificate lacks the DNS name " + name);
    }
    return absl::OkStatus();
  }

  // Links, from begin() to finished().

  // False if we are stopping: then the link must not be used.
  bool begin(const std::shared_ptr<Link>& link) {
    MutexLock lock(mutex_);
    if (stopping_) return false;
    ++busy_;
    links_.insert(link);
    return true;
  }

  // The link's peer is who it should be: it replaces an older link, whose events are to end first.
  void take(const std::shared_ptr<Link>& link) {
    std::shared_ptr<Link> older;
    std::shared_ptr<Link> between;
    {
      MutexLock lock(mutex_);
      Peer& peer = peers_.at(link->peer());
      older = peer.link;
      if (older) {
        between = std::exchange(peer.next, link);
      } else {
        peer.link = link;
        peer.up_since = link_options_.now();
      }
    }
    const std::string reason = "a newer connection replaced it";
    if (between) between->cancel(reason);
    if (older) return older->cancel(reason);
    link->start_reading();
  }

  void up(const Link& link) override { events_.on_up(link.peer()); }

  void received(const Link& link, wire::Frame frame) override {
    events_.on_frame(link.peer(), std::move(frame));
  }

  void rejected(const Link& link, const absl::Status& status) override {
    ++frames_rejected_;
    report(link.peer(),
           "member " + link.peer() + " sent a bad frame: " + std::string(status.message()));
  }

  void ended(const std::shared_ptr<Link>& link, const grpc::Status& status) override {
    const std::string& name = link->peer();
    const std::string said = printable(status.error_message(), kReportBytesMax);
    if (is_refusal(status)) {
      // What a member says names both sides.
      report(name, status.error_code() == grpc::StatusCode::FAILED_PRECONDITION
                       ? said
                       : "member " + name + " cannot be connected: " + said);
    }
    if (link->was_up() && !stopping()) {
      const std::string reason = link->reason().empty() ? said : link->reason();
      events_.on_down(name, reason.empty() ? "it was closed by the other side" : reason);
    }
    if (const std::shared_ptr<Link> next = remove(link)) next->start_reading();
  }

  void released() override { finished(); }

  // Returns the link that takes its place.
  std::shared_ptr<Link> remove(const std::shared_ptr<Link>& link) {
    MutexLock lock(mutex_);
    links_.erase(link);
    Peer& peer = peers_.at(link->peer());
    if (peer.next == link) peer.next = nullptr;
    const Time now = link_options_.now();
    const bool was_in_use = peer.link == link;
    const bool lasted = was_in_use && now - peer.up_since >= kPauseMax;
    if (was_in_use) {
      peer.link = std::exchange(peer.next, nullptr);
      peer.up_since = now;
    }
    if (is_dialled(link->peer()) && !stopping_) {
      if (lasted) peer.pause = kPauseMin;
      // Members that lost each other at one time should not meet again at one time.
      const auto jitter = static_cast<std::uint64_t>(peer.pause.count()) / 2;
      schedule_dial(link->peer(), peer, peer.pause - Duration(random_.below(jitter)));
      peer.pause = std::min(peer.pause * 2, kPauseMax);
    }
    return was_in_use ? peer.link : nullptr;
  }

  void finished() {
    MutexLock lock(mutex_);
    if (--busy_ == 0) idle_.notify_all();
  }

  void report(const std::string& peer, const std::string& reason) {
    {
      MutexLock lock(mutex_);
      if (stopping_ || !refusals_.is_news(peer, reason, link_options_.now())) return;
    }
    events_.on_refused(reason);
  }

  bool stopping() const {
    MutexLock lock(mutex_);
    return stopping_;
  }

  bool alone() const {
    MutexLock lock(mutex_);
    return peers_.empty();
  }

  bool is_peer(const std::string& name) const {
    MutexLock lock(mutex_);
    return peers_.count(name) > 0;
  }

  std::shared_ptr<Link> link_to(const std::string& name) const {
    MutexLock lock(mutex_);
    const auto peer = peers_.find(name);
    return peer == peers_.end() ? nullptr : peer->second.link;
  }

  std::vector<std::shared_ptr<Link>> links() const {
    MutexLock lock(mutex_);
    return {links_.begin(), links_.end()};
  }

  const bool tls_;
  const Identity own_;
  const LinkOptions link_options_;
  const Events events_;
  const Credentials credentials_;
  Listener listener_;
  std::atomic<std::uint64_t> frames_rejected_{0};

  mutable Mutex mutex_;
  std::condition_variable idle_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Alarms and links whose end has not been handled yet.
  int busy_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Peer> peers_ ABSL_GUARDED_BY(mutex_);
  // All of them, those included that are not in use yet, or not any more.
  std::set<std::shared_ptr<Link>> links_ ABSL_GUARDED_BY(mutex_);
  Refusals refusals_ ABSL_GUARDED_BY(mutex_);
  SeededRandom random_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> open_transport(
    const StoreOptions& options, std::vector<Member> members, std::string listen,
    Incarnation incarnation, std::function<Time()> now, Events events) {
  if (options.tls) {
    const std::string name = certificate_name(options.name, options.cluster);
    if (absl::Status status = check_files(*options.tls, name); !status.ok()) return status;
  }
  auto transport = std::make_unique<GrpcTransport>(options, members, incarnation, std::move(now),
                                                   std::move(events));
  if (absl::Status status = transport->start(listen); !status.ok()) return status;
  return transport;
}

}  // namespace sojourn::transport
