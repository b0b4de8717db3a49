// Discovery by DNS, against a real server and against one that answers nonsense.

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "discovery/dns.h"
#include "discovery/dns_query.h"
#include "discovery/sightings.h"
#include "integration/discovery_dns_server.h"
#include "support/catch.h"

namespace sojourn::discovery {
namespace {

using std::chrono::milliseconds;

Time now() {
  return Time(
      std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

// What a discovery reports.
class Watcher {
 public:
  explicit Watcher(const DnsOptions& options) : discovery_(make_dns(options, now)) {
    discovery_->start(
        {.on_found = [this](std::vector<Found> found) { note([&] { found_ = std::move(found); }); },
         .on_problem =
             [this](const std::string& problem) { note([&] { problems_.push_back(problem); }); }});
  }

  std::vector<Found> found() {
    std::lock_guard<std::mutex> lock(mutex_);
    return found_;
  }

  bool wait_found(const std::vector<Found>& expected) {
    return wait([&] { return found_ == expected; });
  }
  bool wait_count(std::size_t count) {
    return wait([&] { return found_.size() == count; });
  }
  // Returns the first problem.
  std::string wait_problem() {
    return wait([&] { return !problems_.empty(); }) ? problems_.front() : "";
  }

  Discovery& discovery() { return *discovery_; }

 private:
  template <typename Condition>
  bool wait(Condition condition) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

  void note(const std::function<void()>& change) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      change();
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Found> found_;
  std::vector<std::string> problems_;
  // Ends first.
  std::unique_ptr<Discovery> discovery_;
};

DnsOptions hosts_at(const DnsServer& server) {
  return {.name = "auth.test",
          .port = 7701,
          .interval = milliseconds(100),
          .servers = server.address()};
}

DnsOptions services_at(const DnsServer& server) {
  return {.name = "_sojourn._tcp.test", .interval = milliseconds(100), .servers = server.address()};
}

TEST_CASE("the addresses of a host name are found, of both kinds", "[discovery]") {
  DnsServer server;
  server.set_hosts({"10.0.0.2 auth.test", "10.0.0.1 auth.test", "fd00::1 auth.test"});
  server.start();
  Watcher watcher(hosts_at(server));

  CHECK(watcher.wait_found({{"", "10.0.0.1:7701"}, {"", "10.0.0.2:7701"}, {"", "[fd00::1]:7701"}}));
}

TEST_CASE("a host that has addresses of one kind only is found", "[discovery]") {
  const std::string address = GENERATE("10.0.0.1", "fd00::1");
  DnsServer server;
  server.set_hosts({address + " auth.test"});
  server.start();
  Watcher watcher(hosts_at(server));

  CHECK(watcher.wait_count(1));
}

TEST_CASE("services are found with their ports, and the names of members", "[discovery]") {
  DnsServer server;
  server.start({"--srv-host=_sojourn._tcp.test,auth-0.auth.test,7701",
                "--srv-host=_sojourn._tcp.test,AUTH-1.auth.test,7702",
                "--srv-host=_sojourn._tcp.test,not_a_member.auth.test,7703"});
  Watcher watcher(services_at(server));

  CHECK(watcher.wait_found({{"", "not_a_member.auth.test:7703"},
                            {"auth-0", "auth-0.auth.test:7701"},
                            {"auth-1", "auth-1.auth.test:7702"}}));
}

TEST_CASE("a new address is found at once, and one that is gone is forgotten late", "[discovery]") {
  DnsServer server;
  server.set_hosts({"10.0.0.1 auth.test"});
  server.start();
  Watcher watcher(hosts_at(server));
  REQUIRE(watcher.wait_count(1));

  server.set_hosts({"10.0.0.2 auth.test"});
  server.reload();
  const Time changed = now();

  REQUIRE(watcher.wait_count(2));
  CHECK(now() - changed < std::chrono::seconds(5));
  REQUIRE(watcher.wait_found({{"", "10.0.0.2:7701"}}));
  CHECK(now() - changed >= Sightings::kMissedMin);
}

TEST_CASE("services change when the server starts anew", "[discovery]") {
  DnsServer server;
  server.start({"--srv-host=_sojourn._tcp.test,auth-0.auth.test,7701"});
  Watcher watcher(services_at(server));
  REQUIRE(watcher.wait_count(1));

  server.kill();
  server.start({"--srv-host=_sojourn._tcp.test,auth-0.auth.test,7701",
                "--srv-host=_sojourn._tcp.test,auth-1.auth.test,7701"});

  CHECK(watcher.wait_count(2));
}

TEST_CASE("a dead server changes nothing, and the operator is told", "[discovery]") {
  DnsServer server;
  server.set_hosts({"10.0.0.1 auth.test"});
  server.start();
  Watcher watcher(hosts_at(server));
  REQUIRE(watcher.wait_count(1));

  server.kill();

  CHECK(watcher.wait_problem().find("dns: no addresses of auth.test: ") == 0);
  CHECK(watcher.found().size() == 1);

  server.set_hosts({"10.0.0.1 auth.test", "10.0.0.2 auth.test"});
  server.start();

  CHECK(watcher.wait_count(2));
}

TEST_CASE("a name that nobody knows is a problem that names it", "[discovery]") {
  DnsServer server;
  server.start();
  Watcher hosts(hosts_at(server));
  Watcher services(services_at(server));

  CHECK(hosts.wait_problem().find("dns: no addresses of auth.test: ") == 0);
  CHECK(services.wait_problem().find("dns: no SRV records of _sojourn._tcp.test: ") == 0);
  CHECK(hosts.found().empty());
}

TEST_CASE("more addresses than a datagram holds are all found", "[discovery]") {
  DnsServer server;
  std::vector<std::string> lines;
  for (int i = 1; i <= 250; ++i) lines.push_back("10.0.0." + std::to_string(i) + " auth.test");
  server.set_hosts(lines);
  server.start();
  Watcher watcher(hosts_at(server));

  CHECK(watcher.wait_count(250));
}

TEST_CASE("stopping does not wait for a server that is silent", "[discovery]") {
  // Takes questions.
  asio::io_context context;
  const asio::ip::udp::socket silent(
      context, asio::ip::udp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  Watcher watcher({.name = "auth.test",
                   .port = 7701,
                   .servers = "127.0.0.1:" + std::to_string(silent.local_endpoint().port())});

  const Time stopped = now();
  watcher.discovery().stop();

  CHECK(now() - stopped < std::chrono::seconds(1));
}

// Answers each question with the same bytes, of which the first two are the question's number.
class NonsenseServer {
 public:
  explicit NonsenseServer(std::string answer) : answer_(std::move(answer)) {
    thread_ = std::thread([this] { run(); });
  }
  ~NonsenseServer() {
    // An empty datagram ends it.
    asio::ip::udp::socket socket(context_, asio::ip::udp::v4());
    socket.send_to(asio::buffer("", 0), socket_.local_endpoint());
    thread_.join();
  }

  std::string address() const {
    return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
  }

 private:
  void run() {
    std::array<char, 1500> question = {};
    while (true) {
      asio::ip::udp::endpoint asker;
      const std::size_t size = socket_.receive_from(asio::buffer(question), asker);
      if (size == 0) return;
      std::string answer = answer_;
      // With a good number it is looked at. So that it is looked at more closely, the question
      // comes back as well where there is room for it.
      if (answer.size() >= 2) std::copy_n(question.begin(), 2, answer.begin());
      if (answer.size() >= 12 && size > 12) {
        answer.insert(answer.begin() + 12, question.begin() + 12,
                      question.begin() + static_cast<std::ptrdiff_t>(size));
      }
      socket_.send_to(asio::buffer(answer), asker);
    }
  }

  const std::string answer_;
  asio::io_context context_;
  asio::ip::udp::socket socket_{context_,
                                asio::ip::udp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
  std::thread thread_;
};

TEST_CASE("answers that are nonsense find nothing and harm nobody", "[discovery]") {
  using namespace std::string_literals;
  // A header: number, flags of a good answer, one question, so many answers.
  const auto header = [](char answers) { return "\0\0\x81\x80\0\1\0"s + answers + "\0\0\0\0"s; };
  // A name that points to the question's, type, class, and time to live.
  const std::string record_a = "\xc0\x0c\0\1\0\1\0\0\0\0"s;
  const std::string record_srv = "\xc0\x0c\0\x21\0\1\0\0\0\0"s;
  const std::string answer = GENERATE_COPY(
      "x"s, "garbage of some length, but no answer"s, std::string(1000, '\xff'), header(127),
      header(1) + record_a + "\0\4\1\2"s, header(1) + record_a + "\xff\xff\1\2\3\4"s,
      // Names that point to themselves.
      header(1) + "\xc0\x1f\0\1\0\1\0\0\0\0\0\4\1\2\3\4"s,
      header(1) + record_srv + "\0\x08\0\0\0\0\x1e\x15\xc0\x0c"s,
      header(1) + record_srv + "\0\x09\0\0\0\0\x1e\x15\x40zz"s,
      // A target with a blank, and one that is the root.
      header(1) + record_srv + "\0\x0b\0\0\0\0\x1e\x15\3a b\0"s,
      header(1) + record_srv + "\0\7\0\0\0\0\x1e\x15\0"s);
  const NonsenseServer server(answer);
  const std::uint16_t port = GENERATE(std::uint16_t{0}, std::uint16_t{7701});
  const Bell bell;

  const auto found =
      ask_dns({.name = "auth.test", .port = port, .servers = server.address()}, bell);

  // A name that is its own target is odd, and not wrong.
  if (found.ok()) {
    CHECK(found->size() == 1);
    CHECK(found->front().address == "auth.test:7701");
  } else {
    INFO(found.status());
    CHECK(std::string(found.status().message()).find("dns: no ") == 0);
  }
}

}  // namespace
}  // namespace sojourn::discovery
