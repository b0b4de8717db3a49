// Transports of several members in one process, over real loopback connections.

#include "transport/grpc_transport.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/mutex.h"
#include "support/catch.h"
#include "support/ports.h"
#include "transport/identity.h"

namespace sojourn::transport {
namespace {

using namespace std::chrono_literals;

Time now() {
  return Time(std::chrono::duration_cast<Duration>(
      std::chrono::steady_clock::now().time_since_epoch()));
}

// One member's transport, and what it was told.
class Peer {
 public:
  struct Seen {
    std::vector<node::Envelope> envelopes;
    std::size_t frames = 0;
    std::map<std::string, int> ups;
    std::map<std::string, int> downs;
    std::vector<std::string> refusals;
  };

  Peer(StoreOptions options, std::uint64_t incarnation) : options_(std::move(options)) {
    std::vector<Member> members;
    for (const MemberOptions& member : options_.members) {
      members.push_back({.name = member.name, .address = member.address});
      if (member.name == options_.name) listen_ = member.address;
    }
    auto opened = open_transport(options_, members, listen_, Incarnation{incarnation}, now, events());
    status_ = opened.status();
    if (opened.ok()) transport_ = *std::move(opened);
    incarnation_ = Incarnation{incarnation};
  }

  const absl::Status& status() const { return status_; }
  Transport& transport() { return *transport_; }

  absl::Status send(const std::string& to, const node::Message& message) {
    return transport_->send(to, {.cluster = stable_hash(options_.cluster),
                                 .generation = 1,
                                 .epoch = 1,
                                 .from = incarnation_,
                                 .message = message});
  }

  // Waits until the condition holds of what was seen.
  bool wait(const std::function<bool(const Seen&)>& condition, std::chrono::seconds limit = 30s) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return condition(seen_); });
  }
  bool wait_up(const std::string& peer, int times = 1) {
    return wait([&](const Seen& seen) {
      const auto up = seen.ups.find(peer);
      return up != seen.ups.end() && up->second >= times;
    });
  }
  bool wait_refusal(const std::string& text) {
    return wait([&](const Seen& seen) {
      return std::any_of(seen.refusals.begin(), seen.refusals.end(), [&](const std::string& refusal) {
        return refusal.find(text) != std::string::npos;
      });
    });
  }
  Seen seen() {
    std::lock_guard<std::mutex> lock(mutex_);
    return seen_;
  }

 private:
  Events events() {
    return {.on_frame =
                [this](const std::string&, wire::Frame frame) {
                  note([&] {
                    ++seen_.frames;
                    for (node::Envelope& envelope : frame.envelopes) {
                      seen_.envelopes.push_back(std::move(envelope));
                    }
                  });
                  // As the runtime does when it has handled the messages.
                  transport_->flush();
                },
            .on_up = [this](const std::string& peer) { note([&] { ++seen_.ups[peer]; }); },
            .on_down = [this](const std::string& peer,
                              const std::string&) { note([&] { ++seen_.downs[peer]; }); },
            .on_refused =
                [this](const std::string& reason) { note([&] { seen_.refusals.push_back(reason); }); }};
  }

  void note(const std::function<void()>& change) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

  const StoreOptions options_;
  Incarnation incarnation_;
  std::string listen_;
  absl::Status status_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Seen seen_;
  std::unique_ptr<Transport> transport_;
};

StoreOptions options_of(const std::string& self, const std::vector<int>& ports) {
  StoreOptions options;
  options.cluster = "test";
  options.name = self;
  for (std::size_t i = 0; i < ports.size(); ++i) {
    options.members.push_back({.name = std::string(1, static_cast<char>('a' + i)),
                               .address = "127.0.0.1:" + std::to_string(ports[i])});
  }
  options.insecure = true;
  return options;
}

replication::Request request(std::uint64_t number, std::size_t value_bytes = 10) {
  return {.number = number,
          .settled = number,
          .time_left = 1s,
          .operation = {.verb = replication::Verb::kPatch,
                        .id = "id",
                        .steps = {{"name", std::string(value_bytes, 'x')}}}};
}

std::uint64_t number_of(const node::Envelope& envelope) {
  return std::get<replication::Request>(envelope.message).number;
}

TEST_CASE("members connect and hear each other", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Peer a(options_of("a", ports), 1);
  Peer b(options_of("b", ports), 2);
  Peer c(options_of("c", ports), 3);
  for (Peer* peer : {&a, &b, &c}) REQUIRE(peer->status().ok());
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));
  REQUIRE(c.wait_up("b"));
  REQUIRE(b.wait_up("c"));

  CHECK(a.send("b", request(1)).ok());
  a.transport().flush();
  CHECK(c.send("b", request(2)).ok());
  c.transport().flush();
  REQUIRE(b.wait([](const Peer::Seen& seen) { return seen.envelopes.size() == 2; }));
  CHECK(b.send("a", request(3)).ok());
  b.transport().flush();
  REQUIRE(a.wait([](const Peer::Seen& seen) { return seen.envelopes.size() == 1; }));

  const node::Envelope heard = a.seen().envelopes[0];
  CHECK(number_of(heard) == 3);
  CHECK(heard.from == Incarnation{2});
  CHECK(heard.epoch == 1);
}

TEST_CASE("many messages share few frames and keep their order", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Peer a(options_of("a", ports), 1);
  Peer b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));
  constexpr std::uint64_t kMessages = 10000;

  for (std::uint64_t i = 1; i <= kMessages; ++i) {
    REQUIRE(a.send("b", request(i)).ok());
    a.transport().flush();
  }

  REQUIRE(b.wait([](const Peer::Seen& seen) { return seen.envelopes.size() == kMessages; }));
  const Peer::Seen seen = b.seen();
  CHECK(seen.frames < kMessages / 2);
  for (std::uint64_t i = 0; i < kMessages; ++i) REQUIRE(number_of(seen.envelopes[i]) == i + 1);
}

TEST_CASE("messages at the size bound arrive whole", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Peer a(options_of("a", ports), 1);
  Peer b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  replication::Request large = request(1);
  large.operation.steps.clear();
  for (int i = 0; i < 128; ++i) {
    large.operation.steps.push_back({"name" + std::to_string(i), std::string(16 * 1024, 'x')});
  }

  CHECK(a.send("b", large).ok());
  a.transport().flush();

  REQUIRE(b.wait([](const Peer::Seen& seen) { return seen.envelopes.size() == 1; }));
  CHECK(std::get<replication::Request>(b.seen().envelopes[0].message).operation.steps.size() == 128);
}

TEST_CASE("sending to a member that is not connected is unavailable", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Peer a(options_of("a", ports), 1);

  const absl::Status status = a.send("b", request(1));

  CHECK(absl::IsUnavailable(status));
  CHECK(status.message() == "member b is not connected");
}

TEST_CASE("an address that is taken is an error that names it", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Peer a(options_of("a", ports), 1);
  Peer again(options_of("a", ports), 2);

  CHECK(absl::IsUnavailable(again.status()));
  CHECK(again.status().message().find(std::to_string(ports[0])) != std::string::npos);
}

TEST_CASE("a member of another cluster is refused, and both sides say so", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  StoreOptions other = options_of("b", ports);
  other.cluster = "other";
  Peer a(options_of("a", ports), 1);
  Peer b(other, 2);

  CHECK(a.wait_refusal("cluster"));
  CHECK(b.wait_refusal("member a of cluster test was refused: this cluster is other"));
  CHECK(absl::IsUnavailable(a.send("b", request(1))));
}

TEST_CASE("a member that is not in the list is refused", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  StoreOptions shorter = options_of("b", {ports[0], ports[1]});
  shorter.members.erase(shorter.members.begin());  // b does not know a
  Peer a(options_of("a", ports), 1);
  shorter.members.push_back({.name = "z", .address = "127.0.0.1:1"});
  Peer b(shorter, 2);

  CHECK(a.wait_refusal("member a of cluster test is not in the list of members of b"));
}

TEST_CASE("a member that restarts is connected again", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Peer a(options_of("a", ports), 1);
  auto b = std::make_unique<Peer>(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));

  b.reset();
  REQUIRE(a.wait([](const Peer::Seen& seen) { return seen.downs.contains("b"); }));
  b = std::make_unique<Peer>(options_of("b", ports), 3);

  REQUIRE(a.wait_up("b", 2));
  REQUIRE(b->wait_up("a"));
  CHECK(b->send("a", request(7)).ok());
  b->transport().flush();
  REQUIRE(a.wait([](const Peer::Seen& seen) { return seen.envelopes.size() == 1; }));
  CHECK(a.seen().envelopes[0].from == Incarnation{3});
}

TEST_CASE("stopping under load neither hangs nor reports anything afterwards", "[transport][grpc]") {
  for (int round = 0; round < 5; ++round) {
    const auto ports = support::free_ports(2);
    Peer a(options_of("a", ports), 1);
    Peer b(options_of("b", ports), 2);
    REQUIRE(a.wait_up("b"));
    for (std::uint64_t i = 1; i <= 1000; ++i) (void)a.send("b", request(i, 1000));
    a.transport().flush();

    a.transport().stop();
    const std::size_t frames = a.seen().frames;
    CHECK(absl::IsUnavailable(a.send("b", request(1))));
    b.transport().stop();
    CHECK(a.seen().frames == frames);
  }
}

// A client that speaks gRPC and nothing else of ours: what it writes are not frames, or it does not read.
class Stranger : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Stranger(int port, const Identity& identity, const std::string& addressee, bool reads)
      : stub_(grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                  grpc::InsecureChannelCredentials())),
        reads_(reads) {
    identity.write([this](const std::string& key, const std::string& value) {
      context_.AddMetadata(key, value);
    });
    context_.AddMetadata(Identity::kAddressee, addressee);
    stub_.PrepareBidiStreamingCall(&context_, "/sojourn.v1.Peer/Connect", grpc::StubOptions(), this);
    AddHold();
    if (reads_) StartRead(&incoming_);
    StartCall();
  }
  ~Stranger() override {
    context_.TryCancel();
    RemoveHold();
    wait_done();
  }

  void write(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    outgoing_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&outgoing_);
  }

  void OnReadDone(bool ok) override {
    if (ok) return StartRead(&incoming_);
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  void OnDone(const grpc::Status&) override {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }
  bool wait_closed() {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return closed_; });
  }

 private:
  void wait_done() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return done_; });
  }

  grpc::GenericStub stub_;
  const bool reads_;
  grpc::ClientContext context_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  bool done_ = false;
};

TEST_CASE("a peer that sends garbage loses its stream, and nobody else does", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  Peer b(options_of("b", ports), 2);
  Peer c(options_of("c", ports), 3);
  REQUIRE(b.wait_up("c"));
  const Identity a{.cluster = "test", .member = "a", .incarnation = Incarnation{1}};
  const wire::Frame foreign{.number = 1, .cluster = stable_hash("test"), .from = Incarnation{99}};
  const wire::Frame skipping{.number = 5, .cluster = stable_hash("test"), .from = Incarnation{1}};
  std::uint64_t rejected = 0;

  for (const std::string& garbage :
       {std::string("garbage"), std::string(1000, '\xff'), wire::encode_frame(foreign, now()),
        wire::encode_frame(skipping, now())}) {
    Stranger stranger(ports[1], a, "b", true);
    stranger.write(garbage);
    CHECK(stranger.wait_closed());
    CHECK(b.transport().frames_rejected() == ++rejected);
  }
  CHECK(b.wait_refusal("member a sent a bad frame"));

  CHECK(c.send("b", request(1)).ok());
  c.transport().flush();
  CHECK(b.wait([](const Peer::Seen& seen) { return seen.envelopes.size() == 1; }));
  CHECK(b.seen().downs.count("c") == 0);
}

TEST_CASE("a peer that stops reading fills its own queue and no other", "[transport][grpc]") {
  const auto ports = support::free_ports(3);
  StoreOptions options = options_of("b", ports);
  options.peer_queue_bytes = std::size_t{4} << 20;
  Peer b(options, 2);
  Peer c(options_of("c", ports), 3);
  REQUIRE(b.wait_up("c"));
  Stranger stranger(ports[1], {.cluster = "test", .member = "a", .incarnation = Incarnation{1}}, "b",
                    false);
  REQUIRE(b.wait_up("a"));

  absl::Status status;
  for (int i = 0; i < 10000 && status.ok(); ++i) {
    status = b.send("a", request(static_cast<std::uint64_t>(i + 1), 16 * 1024));
    b.transport().flush();
  }

  CHECK(absl::IsResourceExhausted(status));
  CHECK(status.message().find("member a") != std::string::npos);
  CHECK(b.send("c", request(1)).ok());
  b.transport().flush();
  CHECK(c.wait([](const Peer::Seen& seen) { return seen.envelopes.size() == 1; }));
}

// TLS.

class Certificates {
 public:
  explicit Certificates(const std::string& cluster = "test")
      : directory_(std::filesystem::temp_directory_path() /
                   ("sojourn-certificates-" + std::to_string(std::rand()))) {
    make(cluster, "a b c");
  }
  ~Certificates() { std::filesystem::remove_all(directory_); }

  void make(const std::string& cluster, const std::string& members) const {
    const std::string command = std::string(SOJOURN_MAKE_CERTIFICATES) + " " + directory_.string() +
                                " " + cluster + " " + members;
    REQUIRE(std::system(command.c_str()) == 0);
  }

  StoreOptions secure(StoreOptions options, const std::string& certificate) const {
    options.insecure = false;
    options.tls = TlsOptions{.certificate_file = file(certificate + ".pem"),
                             .key_file = file(certificate + ".key"),
                             .ca_file = file("ca.pem"),
                             .reload_interval = 1s};
    return options;
  }

  std::string file(const std::string& name) const { return (directory_ / name).string(); }

 private:
  const std::filesystem::path directory_;
};

TEST_CASE("members with certificates of one authority talk over TLS", "[transport][grpc]") {
  const Certificates certificates;
  const auto ports = support::free_ports(2);
  Peer a(certificates.secure(options_of("a", ports), "a"), 1);
  Peer b(certificates.secure(options_of("b", ports), "b"), 2);
  REQUIRE(a.status().ok());
  REQUIRE(a.wait_up("b"));

  CHECK(a.send("b", request(1)).ok());
  a.transport().flush();
  CHECK(b.wait([](const Peer::Seen& seen) { return seen.envelopes.size() == 1; }));
}

TEST_CASE("a certificate of another member is refused on either side", "[transport][grpc]") {
  const Certificates certificates;
  const auto ports = support::free_ports(2);
  {
    Peer a(certificates.secure(options_of("a", ports), "c"), 1);
    Peer b(certificates.secure(options_of("b", ports), "b"), 2);
    CHECK(b.wait_refusal("has a certificate without the name a.test"));
    CHECK(a.seen().ups.empty());
  }
  {
    Peer a(certificates.secure(options_of("a", ports), "a"), 1);
    Peer b(certificates.secure(options_of("b", ports), "c"), 2);
    CHECK(a.wait_refusal("member b refused the connection"));
    CHECK(b.seen().ups.empty());
  }
}

TEST_CASE("a certificate of another authority is refused", "[transport][grpc]") {
  const Certificates ours;
  const Certificates theirs;
  const auto ports = support::free_ports(2);
  Peer a(theirs.secure(options_of("a", ports), "a"), 1);
  Peer b(ours.secure(options_of("b", ports), "b"), 2);

  CHECK(a.wait_refusal("member b refused the connection"));
  CHECK(b.seen().ups.empty());
}

TEST_CASE("plain text is refused where TLS is on", "[transport][grpc]") {
  const Certificates certificates;
  const auto ports = support::free_ports(3);
  Peer b(certificates.secure(options_of("b", ports), "b"), 2);
  Stranger stranger(ports[1], {.cluster = "test", .member = "a", .incarnation = Incarnation{1}}, "b",
                    true);

  CHECK(stranger.wait_closed());
  CHECK(b.seen().ups.empty());
}

TEST_CASE("renewed certificates are used without a restart", "[transport][grpc]") {
  const Certificates certificates;
  const auto ports = support::free_ports(2);
  // A certificate that the other side refuses, until it is replaced by the right one.
  Peer b(certificates.secure(options_of("b", ports), "b"), 2);
  certificates.make("elsewhere", "a");
  Peer a(certificates.secure(options_of("a", ports), "a"), 1);
  REQUIRE(b.wait_refusal("has a certificate without the name a.test"));

  certificates.make("test", "a");

  CHECK(a.wait_up("b"));
}

TEST_CASE("TLS files that cannot be used are named", "[transport]") {
  const Certificates certificates;
  const auto ports = support::free_ports(2);
  const StoreOptions good = certificates.secure(options_of("a", ports), "a");
  const auto says = [&](const TlsOptions& tls, const std::string& text) {
    const absl::Status status = check_files(tls);
    INFO(status);
    CHECK(absl::IsFailedPrecondition(status));
    CHECK(std::string(status.message()).find(text) != std::string::npos);
  };
  CHECK(check_files(*good.tls).ok());

  TlsOptions tls = *good.tls;
  tls.certificate_file = certificates.file("missing.pem");
  says(tls, "missing.pem cannot be read");
  tls = *good.tls;
  tls.key_file = certificates.file("b.key");
  says(tls, "is not the key of certificate_file");
  tls = *good.tls;
  tls.key_file = certificates.file("a.pem");
  says(tls, "holds no PEM key");
  tls = *good.tls;
  tls.ca_file = certificates.file("a.key");
  says(tls, "ca_file");
}

TEST_CASE("plain text must be asked for, and twice beyond loopback", "[transport]") {
  StoreOptions options = options_of("a", {7701, 7702});
  CHECK(check_security(options, "127.0.0.1:7701").ok());
  CHECK(check_security(options, "localhost:7701").ok());
  CHECK(check_security(options, "[::1]:7701").ok());

  CHECK(absl::IsInvalidArgument(check_security(options, "0.0.0.0:7701")));
  options.members[1].address = "auth-1.auth:7701";
  CHECK(absl::IsInvalidArgument(check_security(options, "127.0.0.1:7701")));
  options.insecure_beyond_loopback = true;
  CHECK(check_security(options, "0.0.0.0:7701").ok());
  options.insecure = false;
  CHECK(absl::IsInvalidArgument(check_security(options, "127.0.0.1:7701")));
  options.tls = TlsOptions{};
  CHECK(check_security(options, "0.0.0.0:7701").ok());
  options.insecure = true;
  CHECK(absl::IsInvalidArgument(check_security(options, "0.0.0.0:7701")));
}

}  // namespace
}  // namespace sojourn::transport
