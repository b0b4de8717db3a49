// Members whose process ends, or hangs. Each is a real process: this program, told to run the
// hidden test at the end of this file.

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "support/catch.h"
#include "support/ports.h"
#include "unit/transport/participant.h"

extern char** environ;

namespace sojourn::transport {
namespace {

constexpr char kPortsVariable[] = "SOJOURN_TEST_PORTS";
constexpr char kMemberVariable[] = "SOJOURN_TEST_MEMBER";

// A member of its own process, among a and b.
class Process {
 public:
  Process(const std::string& member, const std::vector<int>& ports) {
    // Not by setenv(): other threads of this process read the environment.
    std::string member_setting = kMemberVariable + ("=" + member);
    std::string ports_setting =
        kPortsVariable + ("=" + std::to_string(ports[0]) + " " + std::to_string(ports[1]));
    std::vector<char*> environment = {member_setting.data(), ports_setting.data()};
    for (char** inherited = environ; *inherited; ++inherited) environment.push_back(*inherited);
    environment.push_back(nullptr);
    std::string program = "/proc/self/exe";
    std::string test = "a member that waits for its end";
    char* arguments[] = {program.data(), test.data(), nullptr};
    REQUIRE(posix_spawn(&id_, program.c_str(), nullptr, nullptr, arguments, environment.data()) ==
            0);
  }
  ~Process() { end(SIGKILL); }

  void tell(int signal) const { kill(id_, signal); }

  void end(int signal) {
    if (id_ == 0) return;
    tell(signal);
    waitpid(std::exchange(id_, 0), nullptr, 0);
  }

 private:
  pid_t id_ = 0;
};

TEST_CASE("that a process was killed is known at once, whoever had dialled", "[transport][grpc]") {
  const std::string self = GENERATE("a", "b");
  const std::string other = self == "a" ? "b" : "a";
  const auto ports = support::free_ports(2);
  Participant member(options_of(self, ports), 1);
  Process process(other, ports);
  REQUIRE(member.wait_up(other));

  const Time killed = now();
  process.end(SIGKILL);
  REQUIRE(member.wait_gone(other, 7));

  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(now() - killed);
  INFO(took.count() << " ms");
  // On a machine with something else to do.
  CHECK(took < std::chrono::milliseconds(1000));
  CHECK(member.seen().downs(other) == 1);
}

TEST_CASE("a process that hangs is disconnected, and not called gone", "[transport][grpc]") {
  const std::string self = GENERATE("a", "b");
  const std::string other = self == "a" ? "b" : "a";
  const auto ports = support::free_ports(2);
  Participant member(options_of(self, ports), 1);
  Process process(other, ports);
  REQUIRE(member.wait_up(other));

  process.tell(SIGSTOP);

  const Time stopped = now();
  REQUIRE(member.wait_down(other));
  CHECK(now() - stopped < std::chrono::seconds(10));
  process.tell(SIGCONT);
  CHECK(member.wait_up(other, 2));
  CHECK(member.seen().changes.size() == 3);
}

TEST_CASE("a process that stops is gone as well", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  auto b = std::make_unique<Participant>(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));

  b.reset();

  CHECK(a.wait_gone("b", 2));
}

TEST_CASE("nobody is gone whom we left ourselves", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  Participant a(options_of("a", ports), 1);
  Participant b(options_of("b", ports), 2);
  REQUIRE(a.wait_up("b"));
  REQUIRE(b.wait_up("a"));

  a.transport().disconnect("b", "for the test");
  REQUIRE(a.wait_up("b", 2));
  REQUIRE(b.wait_up("a", 2));
  a.transport().set_peers({});
  REQUIRE(b.wait([](const Participant::Seen& seen) { return seen.downs("a") == 2; }));
  b.transport().stop();
  a.transport().stop();

  for (const Participant::Seen& seen : {a.seen(), b.seen()}) {
    for (const std::string& change : seen.changes) CHECK(change.find("gone") != 0);
  }
}

TEST_CASE("a peer that is known by a host name can be gone", "[transport][grpc]") {
  const auto ports = support::free_ports(2);
  // Who is dialled, so that only the lookout resolves the name.
  StoreOptions options = options_of("b", ports);
  options.members[0].address = "localhost:" + std::to_string(ports[0]);
  Participant b(options, 2);
  auto a = std::make_unique<Participant>(options_of("a", ports), 1);
  REQUIRE(b.wait_up("a"));

  a.reset();

  CHECK(b.wait_gone("a", 1));
}

TEST_CASE("a member that waits for its end", "[.][child]") {
  const char* const member = std::getenv(kMemberVariable);
  const char* const text = std::getenv(kPortsVariable);
  if (!member || !text) return;
  char* rest = nullptr;
  const int first = static_cast<int>(std::strtol(text, &rest, 10));
  const int second = static_cast<int>(std::strtol(rest, nullptr, 10));
  Participant participant(options_of(member, {first, second}), 7);
  // Its parent ends it, and nothing is left behind if the parent ends first.
  while (getppid() != 1) std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

}  // namespace
}  // namespace sojourn::transport
