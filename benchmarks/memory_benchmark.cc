// What a session costs in memory beyond its payload, as the operating system counts (RSS): in the
// store's table with its expiry and its index of subjects; and what Redis and memcached need for as
// many values of the same sizes under the same ids, with an expiry each. It reports; it judges
// nothing.
//
//   memory_benchmark [--sessions N] [--payload BYTES] [--json]
//
// Redis and memcached are started for it, on a socket file and without persistence, if they are
// installed (tools/install-dependencies bench).

#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/random.h"
#include "session/id_draw.h"
#include "session/record.h"
#include "table/table.h"

namespace {

using namespace std::chrono_literals;
using sojourn::SeededRandom;
using sojourn::session::Record;

struct Settings {
  std::size_t sessions = 1'000'000;
  std::size_t payload = 512;
  bool json = false;
};

constexpr std::size_t kSubjectBytes = 16;
constexpr std::size_t kIdBytes = 32;
// Payloads are a little larger and smaller by turns, so that what allocators round up to is what it
// is on average.
constexpr std::size_t kSpread = 16;
constexpr int kExpirySeconds = 43200;

// Of the subject, and of the attributes' names and values.
std::size_t payload_of(const Settings& settings, std::size_t number) {
  return settings.payload - kSpread + number % (2 * kSpread + 1);
}

std::string subject_of(std::size_t number) {
  std::string digits = std::to_string(number);
  return "user" + std::string(kSubjectBytes - 4 - digits.size(), '0') + digits;
}

std::size_t resident_bytes(const std::string& process) {
  std::ifstream status("/proc/" + process + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6)) * 1024;
  }
  return 0;
}

// Rows as they are measured; or all of them at the end as JSON, by their keys.
class Report {
 public:
  explicit Report(const Settings& settings) : settings_(settings) {}

  void say(const std::string& line) const {
    if (settings_.json) return;
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  }
  void add(const std::string& key, const std::string& what, double bytes) {
    figures_[key] = bytes;
    const auto payload = static_cast<double>(settings_.payload);
    say(absl::StrFormat("%-44s %10.1f %16.1f %16.1f", what, bytes, bytes - payload,
                        bytes - payload - kIdBytes));
  }
  void end() const {
    if (settings_.json) std::printf("%s\n", figures_.dump().c_str());
  }

 private:
  const Settings& settings_;
  nlohmann::json figures_ = nlohmann::json::object();
};

// The figure that `measure` writes, from a process of its own: so each begins with a clean heap.
double in_process_of_its_own(const std::function<double()>& measure) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  const pid_t process = fork();
  if (process == 0) {
    const double figure = measure();
    const bool written = write(ends[1], &figure, sizeof(figure)) == sizeof(figure);
    _exit(written ? 0 : 1);
  }
  double figure = 0;
  if (read(ends[0], &figure, sizeof(figure)) != sizeof(figure)) std::abort();
  waitpid(process, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
  return figure;
}

// --- The store's table --------------------------------------------------------------------------

enum class Indexed : bool { kNo, kYes };

// Three attributes, the last of which makes up the size. Without the index the subject is an
// attribute's value instead, so that the sessions are as large.
void put_session(sojourn::table::Table& table, std::string_view id, std::size_t number,
                 const Settings& settings, Indexed indexed, char filling) {
  constexpr std::string_view kDevice = "Firefox on Linux, .1";
  constexpr std::size_t kNamesBytes = 6 + 4 + 5;
  const std::string subject = subject_of(number);
  const bool is_subject = indexed == Indexed::kYes;
  const std::string_view user = is_subject ? "here" : std::string_view(subject);
  const std::size_t taken =
      kNamesBytes + kDevice.size() + user.size() + (is_subject ? subject.size() : 0);
  const std::string token(payload_of(settings, number) - taken, filling);
  const std::array<sojourn::session::AttributeView, 3> attributes = {
      {{"device", kDevice}, {"from", user}, {"token", token}}};
  table.put(Record::make({.id = id,
                          .phase = sojourn::Phase::kActive,
                          .subject = is_subject ? subject : std::string_view(),
                          .lifetime = {30min, 12h},
                          .version = {.epoch = 1, .sequence = number + 1},
                          .created_at = sojourn::Time(1h),
                          .last_seen = sojourn::Time(1h),
                          .attributes = attributes}));
}

double measure_table(const Settings& settings, Indexed indexed, int changes) {
  sojourn::table::Table table;
  const std::size_t before = resident_bytes("self");
  for (int round = 0; round <= changes; ++round) {
    // The same ids each time.
    SeededRandom random(1);
    for (std::size_t i = 0; i < settings.sessions; ++i) {
      put_session(table, sojourn::session::draw_id(random), i, settings, indexed,
                  static_cast<char>('a' + round));
    }
  }
  const std::size_t after = resident_bytes("self");
  const std::size_t counted = table.usage().bytes;
  const double bytes = static_cast<double>(after - before) / static_cast<double>(settings.sessions);
  Report(settings).say(
      absl::StrFormat("# the table itself counts %.1f bytes a session",
                      static_cast<double>(counted) / static_cast<double>(settings.sessions)));
  return bytes;
}

// --- Others -------------------------------------------------------------------------------------

// A directory that goes with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "sojourn-memory-XXXXXX").string();
    if (!mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A server that runs as long as this object lives, or this process.
class Server {
 public:
  explicit Server(std::vector<std::string> command) {
    process_ = fork();
    if (process_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  ~Server() {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::size_t resident() const { return resident_bytes(std::to_string(process_)); }

 private:
  pid_t process_ = 0;
};

// Speaks lines over a socket file.
class Connection {
 public:
  // Empty if nobody listens there within five seconds.
  static std::optional<int> dial(const std::string& path) {
    sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
    if (path.size() >= sizeof(address.sun_path)) return std::nullopt;
    std::copy(path.begin(), path.end(), address.sun_path);
    for (int attempt = 0; attempt < 100; ++attempt) {
      const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const auto* raw = reinterpret_cast<const sockaddr*>(&address);
      if (connect(socket, raw, sizeof(address)) == 0) return socket;
      close(socket);
      std::this_thread::sleep_for(50ms);
    }
    return std::nullopt;
  }

  explicit Connection(int socket) : socket_(socket) {}
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends so many commands and awaits a line in answer to each. False unless each is `expected`.
  bool ask(std::string_view commands, std::size_t count, std::string_view expected) {
    while (!commands.empty()) {
      const ssize_t sent = write(socket_, commands.data(), commands.size());
      if (sent <= 0) return false;
      commands.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string answers;
    const std::size_t size = count * expected.size();
    while (answers.size() < size) {
      std::array<char, 65536> buffer;
      const ssize_t got = read(socket_, buffer.data(), buffer.size());
      if (got <= 0) return false;
      answers.append(buffer.data(), static_cast<std::size_t>(got));
    }
    for (std::size_t at = 0; at < size; at += expected.size()) {
      if (answers.compare(at, expected.size(), expected) != 0) return false;
    }
    return answers.size() == size;
  }

 private:
  int socket_;
};

// How one server is told to keep a value.
struct Dialect {
  std::string name;
  std::vector<std::string> command;
  std::function<std::string(const std::string& id, const std::string& value)> set;
  std::string answer;
};

// Nothing if it is not installed, or fails.
std::optional<double> measure_server(const Dialect& dialect, const std::string& socket,
                                     const Settings& settings) {
  const Server server(dialect.command);
  const std::optional<int> dialled = Connection::dial(socket);
  if (!dialled) return std::nullopt;
  Connection connection(*dialled);
  const std::size_t before = server.resident();
  SeededRandom random(1);
  constexpr std::size_t kAtOnce = 100;
  for (std::size_t i = 0; i < settings.sessions;) {
    std::string commands;
    std::size_t count = 0;
    for (; count < kAtOnce && i < settings.sessions; ++count, ++i) {
      commands +=
          dialect.set(sojourn::session::draw_id(random), std::string(payload_of(settings, i), 'x'));
    }
    if (!connection.ask(commands, count, dialect.answer)) return std::nullopt;
  }
  return static_cast<double>(server.resident() - before) / static_cast<double>(settings.sessions);
}

void report_server(const Dialect& dialect, const std::string& socket, const Settings& settings,
                   Report& report) {
  const std::string& program = dialect.command[0];
  if (std::system(("command -v " + program + " > /dev/null").c_str()) != 0) {
    report.say(absl::StrFormat("%-44s %s is not installed: skipped", dialect.name, program));
    return;
  }
  if (const auto bytes = measure_server(dialect, socket, settings)) {
    report.add(program, dialect.name, *bytes);
  } else {
    report.say(absl::StrFormat("%-44s failed: skipped", dialect.name));
  }
}

int measure(const Settings& settings) {
  Report report(settings);
  report.say(absl::StrFormat("%u sessions of %u bytes of payload, ids of %u bytes\n",
                             settings.sessions, settings.payload, kIdBytes));
  report.say(absl::StrFormat("%-44s %10s %16s %16s", "RSS in bytes", "a session", "beyond payload",
                             "and beyond id"));
  const auto table = [&](Indexed indexed, int changes) {
    return in_process_of_its_own([&] { return measure_table(settings, indexed, changes); });
  };
  const double indexed = table(Indexed::kYes, 0);
  const double plain = table(Indexed::kNo, 0);
  report.add("indexed", "sojourn, each of a subject of its own", indexed);
  report.add("changed", "the same, each changed three times", table(Indexed::kYes, 3));
  report.add("plain", "without the index", plain);
  report.say(absl::StrFormat("%-44s %10.1f", "the index's share", indexed - plain));

  const TemporaryDirectory directory;
  const std::string redis = (directory.path() / "redis").string();
  report_server({.name = "redis-server, SET with EX",
                 .command = {"redis-server", "--port", "0", "--unixsocket", redis, "--save", "",
                             "--appendonly", "no", "--dir", directory.path().string()},
                 .set =
                     [](const std::string& id, const std::string& value) {
                       const std::string seconds = std::to_string(kExpirySeconds);
                       std::string text = "*5\r\n";
                       for (const std::string& word :
                            {std::string("SET"), id, value, std::string("EX"), seconds}) {
                         text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
                       }
                       return text;
                     },
                 .answer = "+OK\r\n"},
                redis, settings, report);
  const std::string memcached = (directory.path() / "memcached").string();
  report_server({.name = "memcached, set with an expiry",
                 .command = {"memcached", "-s", memcached, "-m", "8192", "-u", "root"},
                 .set =
                     [](const std::string& id, const std::string& value) {
                       return "set " + id + " 0 " + std::to_string(kExpirySeconds) + " " +
                              std::to_string(value.size()) + "\r\n" + value + "\r\n";
                     },
                 .answer = "STORED\r\n"},
                memcached, settings, report);
  report.end();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("What a session costs in memory beyond its payload");
  app.add_option("--sessions", settings.sessions, "how many there are")
      ->check(CLI::Range(1000, 100000000))
      ->capture_default_str();
  app.add_option("--payload", settings.payload, "bytes of subject, names and values, on average")
      ->check(CLI::Range(128, 16000))
      ->capture_default_str();
  app.add_flag("--json", settings.json, "bytes a session as one line of JSON");
  CLI11_PARSE(app, argc, argv);
  return measure(settings);
}
