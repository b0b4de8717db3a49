#include "transport/grpc_transport.h"

#include <absl/container/inlined_vector.h>
#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <grpcpp/channel.h>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <map>
#include <set>
#include <thread>
#include <utility>

#include "base/hash.h"
#include "base/mutex.h"
#include "base/random.h"
#include "transport/accepted_link.h"
#include "transport/bulk.h"
#include "transport/channel.h"
#include "transport/dialled_link.h"
#include "transport/health_service.h"
#include "transport/identity.h"
#include "transport/introduction.h"
#include "transport/listener.h"
#include "transport/lookout.h"
#include "transport/queues.h"
#include "transport/refusals.h"
#include "transport/server_stream.h"
#include "transport/service.h"

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

// How many addresses are asked at one time who is there.
constexpr std::size_t kIntroductionsMax = 1024;

// Threads: those of its queues call it through Links, Listener and Introductions; the owner's
// through Transport; and it has one more, for dialling and looking out. One mutex guards who is
// connected; it is never held while starting anything of gRPC's or calling the owner.
class GrpcTransport final : public Transport, public LinkOwner {
 public:
  GrpcTransport(const StoreOptions& options, const Presence& presence, std::function<Time()> now,
                Events events)
      : options_(options),
        address_(presence.address),
        now_(std::move(now)),
        events_(std::move(events)),
        credentials_(options),
        queues_(options.busy_poll),
        listener_({.connect = [this](auto call) { accept(std::move(call)); },
                   .introduce = [this](const auto& context) { return answer(context); },
                   .services = services(presence.beside)}),
        work_(asio::make_work_guard(context_)),
        lookout_(context_),
        health_(context_, events_.stages),
        incarnation_(presence.incarnation),
        random_(presence.incarnation.value) {}

  ~GrpcTransport() override { stop(); }

  absl::Status start(Presence presence) {
    if (!presence.listen.empty()) {
      absl::Status status = listener_.start(presence.listen, credentials_.server(), queues_);
      if (!status.ok()) return status;
    } else if (!presence.peers.empty()) {
      return absl::InvalidArgumentError("listen: is empty, and there are other members");
    } else {
      queues_.add(std::make_unique<grpc::CompletionQueue>());
    }
    queues_.start();
    thread_ = std::thread([this] { context_.run(); });
    set_peers(std::move(presence.peers));
    return absl::OkStatus();
  }

  absl::Status send(const std::string& to, const node::Envelope& envelope) override {
    const std::shared_ptr<Link> link = is_bulk(envelope.message) ? bulk_link_to(to) : link_to(to);
    if (!link) return absl::UnavailableError("member " + to + " is not connected");
    return link->push(envelope);
  }

  Taken send(const std::string& to, std::span<const replication::Lookup> lookups) override {
    const std::shared_ptr<Link> link = link_to(to);
    if (!link) return {.status = absl::UnavailableError("member " + to + " is not connected")};
    return link->push(lookups);
  }

  void send(const std::string& to, std::span<const replication::Found> found) override {
    if (const std::shared_ptr<Link> link = link_to(to)) link->push(found);
  }

  void flush() override {
    absl::InlinedVector<std::shared_ptr<Link>, 8> waiting;
    {
      MutexLock lock(mutex_);
      for (const std::shared_ptr<Link>& link : links_) {
        if (link->wants_flush()) waiting.push_back(link);
      }
    }
    for (const std::shared_ptr<Link>& link : waiting) link->flush();
  }

  void disconnect(const std::string& peer, const std::string& reason) override {
    if (const std::shared_ptr<Link> link = link_to(peer)) link->cancel(reason);
  }

  void set_peers(std::vector<Peer> peers) override {
    Links moved;
    Links dropped;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      std::set<std::string> names;
      for (Peer& peer : peers) {
        if (peer.name == options_.name || !names.insert(peer.name).second) continue;
        if (set_peer(peer.name, std::move(peer.address))) add_attempts(peer.name, moved);
      }
      for (auto entry = connections_.begin(); entry != connections_.end();) {
        const auto current = entry++;
        if (names.count(current->first) > 0) continue;
        add_links(current->first, dropped);
        drop(current);
      }
    }
    cancel(moved, "its address has changed");
    cancel(dropped, "it is a peer no more");
  }

  void introduce(const std::string& address) override {
    if (absl::Status status = check_dialled(options_, address); !status.ok()) {
      return report(address, std::string(status.message()));
    }
    {
      MutexLock lock(mutex_);
      if (stopping_ || introductions_.size() >= kIntroductionsMax) return;
      if (!introductions_.emplace(address, nullptr).second) return;
      ++busy_;
    }
    const std::shared_ptr<grpc::Channel> channel =
        make_channel(address, credentials_.client_of_any(options_.cluster));
    const auto introduction = std::make_shared<Introduction>(channel);
    Identity own;
    {
      MutexLock lock(mutex_);
      introductions_[address] = introduction;
      own = own_identity();
    }
    introduction->ask(own, queues_.next(),
                      [this, address](const grpc::Status& status) { met(address, status); });
    // stop() may have come before there was anything to cancel.
    if (stopping()) introduction->cancel();
  }

  void reincarnate(Incarnation incarnation) override {
    Links older;
    {
      MutexLock lock(mutex_);
      incarnation_ = incarnation;
      older.assign(links_.begin(), links_.end());
      for (auto& [name, connection] : connections_) connection.pause = kPauseMin;
    }
    cancel(older, "this member goes on as a new incarnation");
  }

  std::size_t queue_bytes() const override {
    std::size_t bytes = 0;
    for (const std::shared_ptr<Link>& link : links()) bytes += link->queued_bytes();
    return bytes;
  }

  std::map<std::string, std::size_t> peer_queue_bytes() const override {
    std::map<std::string, std::size_t> bytes;
    {
      MutexLock lock(mutex_);
      for (const auto& [name, connection] : connections_) {
        if (connection.wanted) bytes[name] = 0;
      }
    }
    for (const std::shared_ptr<Link>& link : links()) {
      const auto peer = bytes.find(link->peer());
      if (peer != bytes.end()) peer->second += link->queued_bytes();
    }
    return bytes;
  }

  std::uint64_t bulk_bytes_sent() const override { return bulk_traffic_.sent; }
  std::uint64_t bulk_bytes_received() const override { return bulk_traffic_.received; }

  std::uint64_t frames_rejected() const override { return frames_rejected_; }

  void stop() override {
    {
      MutexLock lock(mutex_);
      // From now on nothing is dialled and no link begins.
      if (std::exchange(stopping_, true)) return;
      for (const auto& [address, introduction] : introductions_) {
        if (introduction) introduction->cancel();
      }
    }
    cancel(links(), "this member was closed");
    listener_.stop();
    {
      std::unique_lock<std::mutex> lock(mutex_.native());
      idle_.wait(lock, [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return busy_ == 0; });
    }
    queues_.stop();
    context_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  using Links = std::vector<std::shared_ptr<Link>>;

  // What there is between us and one other member.
  struct Connection {
    // False while links of a member end that is a peer no more.
    bool wanted = false;
    std::string address = {};
    // If we dial it: when next. The number tells the dial that is due from those that were called
    // off; 0 if none is.
    std::unique_ptr<asio::steady_timer> timer = {};
    std::uint64_t dial = 0;
    Duration pause = kPauseMin;
    // The link in use, and when it came up.
    std::shared_ptr<Link> link = {};
    Time up_since = {};
    // Replaces it as soon as it has ended.
    std::shared_ptr<Link> next = {};
    // For bulk transfers, each dialled by whoever has something to send. They end with the link.
    std::shared_ptr<Link> bulk_out = {};
    std::shared_ptr<Link> bulk_in = {};
  };
  using Connections = std::map<std::string, Connection>;

  std::vector<Service*> services(Service* beside) {
    if (!beside) return {&health_};
    return {&health_, beside};
  }

  // Peers.

  // Returns whether attempts to connect with it are in vain now.
  bool set_peer(const std::string& name, std::string address)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Connection& connection = connections_[name];
    const bool moved = connection.address != address;
    if (std::exchange(connection.wanted, true) && !moved) return false;
    connection.address = std::move(address);
    connection.pause = kPauseMin;
    remember(name, connection.address);
    // Otherwise the end of its links leads to the next dial.
    if (!has_link(name)) schedule_dial(name, connection, Duration::zero());
    return moved;
  }

  void drop(Connections::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto& [name, connection] = *entry;
    asio::post(context_, [this, peer = name] { lookout_.forget(peer); });
    connection.wanted = false;
    connection.dial = 0;
    if (!has_link(name) && !has_bulk_link(name)) connections_.erase(entry);
  }

  void remember(const std::string& name, const std::string& address) {
    asio::post(context_, [this, name, address] { lookout_.remember(name, address); });
  }

  // Dialling. There is one timer, attempt or link at a time for each peer that is dialled.

  // One of each two dials: the one with the smaller name.
  bool is_dialled(const std::string& peer) const { return options_.name < peer; }

  // Calls off the dial that was due. Nothing if the peer is not ours to dial.
  void schedule_dial(const std::string& name, Connection& connection, Duration pause)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!is_dialled(name) || stopping_) return;
    const std::uint64_t number = ++dials_;
    connection.dial = number;
    connection.timer = std::make_unique<asio::steady_timer>(context_, pause);
    connection.timer->async_wait([this, name, number](const asio::error_code& cancelled) {
      if (!cancelled) dial(name, number);
    });
  }

  // The peer's connection if that dial is due.
  Connection* due(const std::string& name, std::uint64_t number)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = connections_.find(name);
    const bool is_due = found != connections_.end() && found->second.dial == number && !stopping_;
    return is_due ? &found->second : nullptr;
  }

  // On our own thread.
  void dial(const std::string& name, std::uint64_t number) {
    std::string address;
    {
      MutexLock lock(mutex_);
      const Connection* const connection = due(name, number);
      if (!connection) return;
      address = connection->address;
    }
    if (absl::Status status = check_dialled(options_, address); !status.ok()) {
      report(name, "member " + name + " is not dialled: " + std::string(status.message()));
      MutexLock lock(mutex_);
      if (Connection* connection = due(name, number)) schedule_dial(name, *connection, kPauseMax);
      return;
    }
    // A channel that no stream has used: what was refused may be right with a new connection, as
    // after certificates were renewed.
    const std::shared_ptr<grpc::Channel> channel = channel_to(name, address);
    std::shared_ptr<DialledLink> link;
    Identity own;
    {
      MutexLock lock(mutex_);
      Connection* const connection = due(name, number);
      if (!connection) return;
      connection->dial = 0;
      link = std::make_shared<DialledLink>(*this, name, link_options(), channel);
      own = own_identity();
      begin(link);
    }
    link->dial(own, queues_.next());
  }

  std::shared_ptr<grpc::Channel> channel_to(const std::string& name, const std::string& address) {
    return make_channel(address, credentials_.client(certificate_name(name, options_.cluster)));
  }

  absl::Status met(const std::shared_ptr<Link>& link, const Identity& peer) override {
    absl::Status status =
        check_identity(peer, {.cluster = options_.cluster, .member = options_.name});
    if (status.ok() && peer.member != link->peer()) {
      status = refusal(peer, own_name(), "its address should lead to member " + link->peer());
    }
    if (!status.ok()) {
      report(link->peer(), std::string(status.message()));
      return status;
    }
    if (!link->is_bulk()) {
      take(link);
    } else if (is_connected_as(link->peer(), peer.incarnation)) {
      link->start_reading();
    } else {
      return absl::UnavailableError("it is another incarnation");
    }
    return status;
  }

  // Accepting.

  void accept(std::unique_ptr<ServerCall> call) {
    const Identity caller = Identity::read(call->context.client_metadata());
    if (absl::Status status = check_caller(caller, *call->context.auth_context()); !status.ok()) {
      if (!absl::IsUnavailable(status)) report(caller.member, std::string(status.message()));
      return refuse(std::move(call), status);
    }
    std::shared_ptr<AcceptedLink> link;
    Identity own;
    {
      MutexLock lock(mutex_);
      if (!stopping_ && is_wanted(caller.member)) {
        link = std::make_shared<AcceptedLink>(*this, std::move(call), caller,
                                              link_options(caller.bulk));
        own = own_identity();
        begin(link);
      }
    }
    if (!link) {
      return refuse(std::move(call), absl::UnavailableError("member " + options_.name +
                                                            " does not accept it any more"));
    }
    link->accept(own);
    if (caller.bulk) {
      take_bulk(link);
    } else {
      take(link);
    }
  }

  // Whether the caller is a peer, meant us, and can prove who it is. kUnavailable if it is to try
  // again, since it may be a peer soon.
  absl::Status check_caller(const Identity& caller, const grpc::AuthContext& proof) const {
    const Identity own = own_name();
    if (absl::Status status = check_identity(caller, own); !status.ok()) return status;
    if (caller.addressee != own.member) {
      return refusal(caller, own,
                     "it dialled an address that should lead to member " + caller.addressee);
    }
    if (absl::Status status = check_certificate(caller, proof); !status.ok()) return status;
    if (caller.bulk && !is_connected_as(caller.member, caller.incarnation)) {
      return absl::UnavailableError("member " + own.member + " has no connection with it");
    }
    if (!is_peer(caller.member)) {
      if (!events_.on_introduced) return refusal(caller, own, "it is not in the list of members");
      absl::Status status = introduced(caller);
      return status.ok() ? absl::UnavailableError("member " + own.member + " did not know it")
                         : status;
    }
    if (!caller.bulk && is_dialled(caller.member)) {
      return refusal(caller, own, "it is to be dialled, not to dial");
    }
    return absl::OkStatus();
  }

  // Without a certificate nobody has claimed anything wrong in plain text.
  absl::Status check_certificate(const Identity& other, const grpc::AuthContext& proof) const {
    const std::string name = certificate_name(other.member, options_.cluster);
    if (!options_.tls || has_certificate(proof, name)) return absl::OkStatus();
    return refusal(other, own_name(), "its certificate lacks the DNS name " + name);
  }

  // Introductions.

  // The answer of whoever listens at that address.
  void met(const std::string& address, const grpc::Status& status) {
    std::shared_ptr<Introduction> introduction;
    {
      MutexLock lock(mutex_);
      introduction = std::move(introductions_.extract(address).mapped());
    }
    if (status.ok()) {
      Identity other = introduction->identity();
      if (other.address.empty()) other.address = address;
      const absl::Status checked = check_introduced(other, *introduction->proof());
      if (!checked.ok()) report(address, std::string(checked.message()));
    } else if (is_refusal(status)) {
      const std::string said = printable(status.error_message(), kReportBytesMax);
      report(address, status.error_code() == grpc::StatusCode::FAILED_PRECONDITION
                          ? said
                          : "nobody at " + address + " can be asked for its name: " + said);
    }
    introduction.reset();
    finished();
  }

  // Answers who asks.
  absl::StatusOr<Identity> answer(const grpc::GenericServerContext& context) {
    const Identity caller = Identity::read(context.client_metadata());
    if (absl::Status status = check_introduced(caller, *context.auth_context()); !status.ok()) {
      report(caller.member, std::string(status.message()));
      return status;
    }
    MutexLock lock(mutex_);
    return own_identity();
  }

  absl::Status check_introduced(const Identity& other, const grpc::AuthContext& proof) const {
    if (absl::Status status = check_identity(other, own_name()); !status.ok()) return status;
    if (is_ourselves(other)) return absl::OkStatus();
    if (absl::Status status = check_certificate(other, proof); !status.ok()) return status;
    return introduced(other);
  }

  absl::Status introduced(const Identity& other) const {
    absl::Status status = check_introduction(other, own_name());
    if (status.ok() && events_.on_introduced && !stopping()) {
      events_.on_introduced(other.member, other.address);
    }
    return status;
  }

  // Links, from begin() to finished().

  void begin(const std::shared_ptr<Link>& link) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    ++busy_;
    links_.insert(link);
  }

  // The link's peer is who it should be: it replaces an older link, whose events are to end first.
  void take(const std::shared_ptr<Link>& link) {
    std::shared_ptr<Link> older;
    std::shared_ptr<Link> between;
    {
      MutexLock lock(mutex_);
      Connection& connection = connections_.at(link->peer());
      older = connection.link;
      if (older) {
        between = std::exchange(connection.next, link);
      } else {
        connection.link = link;
        connection.up_since = now_();
      }
    }
    const std::string reason = "a newer connection replaced it";
    if (between) between->cancel(reason);
    if (older) return older->cancel(reason);
    link->start_reading();
  }

  void take_bulk(const std::shared_ptr<Link>& link) {
    std::shared_ptr<Link> older;
    {
      MutexLock lock(mutex_);
      older = std::exchange(connections_.at(link->peer()).bulk_in, link);
    }
    if (older) older->cancel("a newer connection replaced it");
    link->start_reading();
  }

  void up(const Link& link) override {
    if (link.is_bulk()) return;
    {
      MutexLock lock(mutex_);
      remember(link.peer(), connections_.at(link.peer()).address);
    }
    events_.on_up(link.peer());
  }

  void received(const Link& link, wire::Frame frame) override {
    // What was said to an earlier incarnation is not for this one.
    if (is_ours(link)) events_.on_frame(link.peer(), std::move(frame));
  }

  void after_frame() override {
    if (events_.after_frame) events_.after_frame();
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
    const std::string own_reason = link->reason();
    const bool is_down = link->was_up() && !link->is_bulk() && !stopping();
    if (is_down) {
      const std::string& reason = own_reason.empty() ? said : own_reason;
      events_.on_down(name, reason.empty() ? "it was closed by the other side" : reason);
    }
    const Successors successors = remove(link);
    cancel(successors.bulk, "the connection beside it ended");
    if (successors.next) successors.next->start_reading();
    if (is_down && own_reason.empty()) {
      asio::post(context_, [this, name, incarnation = link->peer_incarnation()] {
        lookout_.look(name, [this, name, incarnation] { gone(name, incarnation); });
      });
    }
  }

  void released() override { finished(); }

  // What a link leaves behind: the one that takes its place, and those that end with it.
  struct Successors {
    std::shared_ptr<Link> next = {};
    Links bulk = {};
  };

  Successors remove(const std::shared_ptr<Link>& link) {
    Successors successors;
    MutexLock lock(mutex_);
    links_.erase(link);
    const auto entry = connections_.find(link->peer());
    Connection& connection = entry->second;
    if (connection.bulk_out == link) connection.bulk_out = nullptr;
    if (connection.bulk_in == link) connection.bulk_in = nullptr;
    if (connection.next == link) connection.next = nullptr;
    const Time now = now_();
    const bool was_in_use = connection.link == link;
    const bool lasted = was_in_use && now - connection.up_since >= kPauseMax;
    if (was_in_use) {
      connection.link = std::exchange(connection.next, nullptr);
      connection.up_since = now;
      successors.next = connection.link;
      for (const std::shared_ptr<Link>& bulk : {connection.bulk_out, connection.bulk_in}) {
        if (bulk) successors.bulk.push_back(bulk);
      }
    }
    if (!connection.wanted) {
      if (!has_link(link->peer()) && !has_bulk_link(link->peer())) connections_.erase(entry);
      return successors;
    }
    if (!link->is_bulk() && !has_link(link->peer()) && connection.dial == 0) {
      if (lasted) connection.pause = kPauseMin;
      // Members that lost each other at one time should not meet again at one time.
      const auto jitter = static_cast<std::uint64_t>(connection.pause.count()) / 2;
      schedule_dial(link->peer(), connection, connection.pause - Duration(random_.below(jitter)));
      connection.pause = std::min(connection.pause * 2, kPauseMax);
    }
    return successors;
  }

  void finished() {
    MutexLock lock(mutex_);
    if (--busy_ == 0) idle_.notify_all();
  }

  // Nobody listens any more where the peer did. On our own thread.
  void gone(const std::string& name, Incarnation incarnation) {
    {
      MutexLock lock(mutex_);
      const auto found = connections_.find(name);
      if (stopping_ || found == connections_.end() || !found->second.wanted) return;
      if (found->second.link) return;
    }
    if (events_.on_gone) events_.on_gone(name, incarnation);
  }

  void report(const std::string& peer, const std::string& reason) {
    {
      MutexLock lock(mutex_);
      if (stopping_ || !refusals_.is_news(peer, reason, now_())) return;
    }
    events_.on_refused(reason);
  }

  static void cancel(const Links& links, const std::string& reason) {
    for (const std::shared_ptr<Link>& link : links) link->cancel(reason);
  }

  // The one to send bulk transfers by; it is made if there is none. Null if the member is not
  // connected.
  std::shared_ptr<Link> bulk_link_to(const std::string& name) {
    std::string address;
    {
      MutexLock lock(mutex_);
      const Connection* const connection = connected(name);
      if (!connection) return nullptr;
      if (connection->bulk_out) return connection->bulk_out;
      address = connection->address;
    }
    if (!check_dialled(options_, address).ok()) return nullptr;
    const std::shared_ptr<grpc::Channel> channel = channel_to(name, address);
    std::shared_ptr<DialledLink> link;
    Identity own;
    {
      MutexLock lock(mutex_);
      Connection* const connection = connected(name);
      if (!connection) return nullptr;
      if (connection->bulk_out) return connection->bulk_out;
      link = std::make_shared<DialledLink>(*this, name, link_options(true), channel);
      connection->bulk_out = link;
      own = own_identity();
      begin(link);
    }
    link->dial(own, queues_.next());
    return link;
  }

  std::shared_ptr<Link> link_to(const std::string& name) {
    MutexLock lock(mutex_);
    const Connection* const connection = connected(name);
    return connection ? connection->link : nullptr;
  }

  // The connection, if there is a link in use.
  Connection* connected(const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = connections_.find(name);
    if (stopping_ || found == connections_.end()) return nullptr;
    Connection& connection = found->second;
    const bool in_use =
        connection.wanted && connection.link && connection.link->own_incarnation() == incarnation_;
    return in_use ? &connection : nullptr;
  }

  bool is_connected_as(const std::string& name, Incarnation incarnation) const {
    MutexLock lock(mutex_);
    const auto found = connections_.find(name);
    return found != connections_.end() && found->second.link &&
           found->second.link->peer_incarnation() == incarnation;
  }

  bool has_link(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::any_of(links_.begin(), links_.end(), [&](const std::shared_ptr<Link>& link) {
      return link->peer() == name && !link->is_bulk();
    });
  }

  bool has_bulk_link(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::any_of(links_.begin(), links_.end(), [&](const std::shared_ptr<Link>& link) {
      return link->peer() == name && link->is_bulk();
    });
  }

  void add_links(const std::string& name, Links& to) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::copy_if(links_.begin(), links_.end(), std::back_inserter(to),
                 [&](const std::shared_ptr<Link>& link) { return link->peer() == name; });
  }

  // Links that may never come up.
  void add_attempts(const std::string& name, Links& to) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::shared_ptr<Link>& in_use = connections_.at(name).link;
    std::copy_if(links_.begin(), links_.end(), std::back_inserter(to),
                 [&](const std::shared_ptr<Link>& link) {
                   return link->peer() == name && link != in_use && !link->was_up();
                 });
  }

  Links links() const {
    MutexLock lock(mutex_);
    return {links_.begin(), links_.end()};
  }

  bool stopping() const {
    MutexLock lock(mutex_);
    return stopping_;
  }

  bool is_wanted(const std::string& name) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = connections_.find(name);
    return found != connections_.end() && found->second.wanted;
  }

  bool is_peer(const std::string& name) const {
    MutexLock lock(mutex_);
    return is_wanted(name);
  }

  bool is_ours(const Link& link) const {
    MutexLock lock(mutex_);
    return link.own_incarnation() == incarnation_;
  }

  bool is_ourselves(const Identity& other) const {
    MutexLock lock(mutex_);
    return other.member == options_.name && other.incarnation == incarnation_;
  }

  Identity own_identity() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return {.cluster = options_.cluster,
            .member = options_.name,
            .incarnation = incarnation_,
            .address = address_};
  }

  // As far as it never changes.
  Identity own_name() const { return {.cluster = options_.cluster, .member = options_.name}; }

  LinkOptions link_options(bool bulk = false) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return {.bulk = bulk,
            .traffic = bulk ? &bulk_traffic_ : nullptr,
            .answer_times = &answer_times_,
            .outbox = {.cluster = stable_hash(options_.cluster),
                       .from = incarnation_,
                       .queue_bytes_max = options_.peer_queue_bytes},
            .now = now_};
  }

  const StoreOptions options_;
  const std::string address_;
  const std::function<Time()> now_;
  const Events events_;
  const Credentials credentials_;
  Queues queues_;
  Listener listener_;
  std::atomic<std::uint64_t> frames_rejected_{0};
  Traffic bulk_traffic_;
  AnswerTimes answer_times_;

  // Our own thread, and what only it touches.
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
  Lookout lookout_;
  HealthService health_;

  mutable Mutex mutex_;
  std::condition_variable idle_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  // Links and introductions whose end has not been handled yet.
  int busy_ ABSL_GUARDED_BY(mutex_) = 0;
  Incarnation incarnation_ ABSL_GUARDED_BY(mutex_);
  Connections connections_ ABSL_GUARDED_BY(mutex_);
  // All of them, those included that are not in use yet, or not any more.
  std::set<std::shared_ptr<Link>> links_ ABSL_GUARDED_BY(mutex_);
  // By the address that is asked; null until it is.
  std::map<std::string, std::shared_ptr<Introduction>> introductions_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t dials_ ABSL_GUARDED_BY(mutex_) = 0;
  Refusals refusals_ ABSL_GUARDED_BY(mutex_);
  SeededRandom random_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> open_transport(const StoreOptions& options,
                                                          Presence presence,
                                                          std::function<Time()> now,
                                                          Events events) {
  if (options.tls) {
    const std::string name = certificate_name(options.name, options.cluster);
    if (absl::Status status = check_files(*options.tls, name); !status.ok()) return status;
  }
  auto transport =
      std::make_unique<GrpcTransport>(options, presence, std::move(now), std::move(events));
  if (absl::Status status = transport->start(std::move(presence)); !status.ok()) return status;
  return transport;
}

}  // namespace sojourn::transport
