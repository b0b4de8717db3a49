// Drives one Redis as hard as one thread can, recording latencies as session_load does: one
// connection that awaits each answer, many connections over one epoll, or one connection with many
// commands in flight. benchmarks/run starts and drives it.
//
//   redis_load --port PORT
//
// It speaks the protocol itself, with commands and the expected answers made beforehand: a client
// library that makes an object of each answer is slower, and would make Redis look slower than it
// is. Commands are those of load/command.h.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "load/command.h"
#include "load/latencies.h"

namespace {

using load::Clock;
using load::Command;
using load::Recorder;
using nlohmann::json;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string request(const std::vector<std::string>& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  return text;
}

// What is asked again and again: any of these requests, each of which has this one answer.
struct Question {
  std::vector<std::string> requests;
  std::string answer;
};

// One connection, with some of the questions in flight. Answers all have one size, so finding where
// one ends costs nothing; each is compared with what it must be.
class Connection {
 public:
  explicit Connection(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      fail("connect to Redis");
    }
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int socket() const { return socket_; }
  std::size_t in_flight() const { return started_.size(); }

  // Adds a question to what flush() sends.
  void ask(std::string_view request, Clock::time_point now) {
    outgoing_ += request;
    started_.push_back(now);
  }
  void flush() {
    for (std::string_view rest = outgoing_; !rest.empty();) {
      const ssize_t sent = write(socket_, rest.data(), rest.size());
      if (sent <= 0) fail("write to Redis");
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    outgoing_.clear();
  }

  // Reads once, waiting if there is nothing; records the answers that are whole. How many.
  std::size_t receive(std::string_view expected, Recorder& recorder) {
    if (buffer_.size() - filled_ < kReadBytes) buffer_.resize(filled_ + kReadBytes);
    const ssize_t got = read(socket_, buffer_.data() + filled_, buffer_.size() - filled_);
    if (got <= 0) fail("read from Redis");
    filled_ += static_cast<std::size_t>(got);
    const auto now = Clock::now();
    std::size_t at = 0;
    std::size_t answers = 0;
    for (; filled_ - at >= expected.size() && !started_.empty(); at += expected.size()) {
      const bool ok = std::memcmp(buffer_.data() + at, expected.data(), expected.size()) == 0;
      recorder.add(started_.front(), now, ok);
      started_.pop_front();
      ++answers;
    }
    if (answers == 0 && buffer_[0] == '-') {
      throw std::runtime_error("Redis: " + std::string(buffer_.data(), filled_));
    }
    std::memmove(buffer_.data(), buffer_.data() + at, filled_ - at);
    filled_ -= at;
    return answers;
  }

 private:
  static constexpr std::size_t kReadBytes = std::size_t{256} << 10;

  int socket_;
  std::string outgoing_;
  std::vector<char> buffer_;
  std::size_t filled_ = 0;
  std::deque<Clock::time_point> started_;
};

class Driver {
 public:
  explicit Driver(int port) : port_(port) {}

  load::Verbs verbs() {
    return {
        {"await_replica", [this](const Command&) { return await_replica(); }},
        {"fill", [this](const Command& command) { return fill(command); }},
        {"get", [this](const Command& command) { return run(command, get_); }},
        {"set_wait", [this](const Command& command) { return run(command, set_wait_); }},
    };
  }

 private:
  // Until a replica holds what is written.
  json await_replica() {
    constexpr int kAttempts = 100;  // of 100 ms each
    const std::string probe = request({"SET", "probe", "x"}) + request({"WAIT", "1", "100"});
    Connection connection(port_);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      Recorder recorder(0, 0);
      connection.ask(probe, Clock::now());
      connection.flush();
      while (connection.in_flight() > 0) connection.receive(kHeld, recorder);
      if (recorder.summary()["failed"] == 0) return json::object();
    }
    throw std::runtime_error("the replica does not follow");
  }

  // Makes so many values of so many bytes under ids as a session store has them.
  json fill(const Command& command) {
    const std::size_t sessions = command.count("sessions", 1000);
    const std::string value(command.count("payload", 512), 'x');
    get_.answer = "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
    set_wait_.answer = kHeld;
    const std::string stored = "+OK\r\n";
    Connection connection(port_);
    Recorder nobody(0, 0);
    for (std::size_t i = 0; i < sessions; ++i) {
      const std::string id = draw_id();
      get_.requests.push_back(request({"GET", id}));
      const std::string set = request({"SET", id, value});
      set_wait_.requests.push_back(set + request({"WAIT", "1", "0"}));
      connection.ask(set, Clock::now());
      connection.flush();
      while (connection.in_flight() > 0) connection.receive(stored, nobody);
    }
    return {{"sessions", sessions}};
  }

  // The answer to SET and WAIT when one replica holds it.
  static constexpr std::string_view kHeld = "+OK\r\n:1\r\n";

  std::string draw_id() {
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    constexpr std::size_t kIdBytes = 32;
    std::string id(kIdBytes, ' ');
    std::generate(id.begin(), id.end(), [&] { return kAlphabet[random_() % kAlphabet.size()]; });
    return id;
  }

  const std::string& any_of(const Question& question) {
    return question.requests[random_() % question.requests.size()];
  }

  json run(const Command& command, const Question& question) {
    if (question.requests.empty()) throw std::runtime_error("fill comes first");
    Recorder recorder(command.number("warm", 0.1), command.number("seconds", 1));
    const std::size_t connections = command.count("connections", 1);
    if (connections == 1) {
      run_one(question, command.count("in_flight", 1), recorder);
    } else {
      run_many(question, connections, recorder);
    }
    return recorder.summary();
  }

  // Keeps so many in flight; what has been answered is asked anew by one write.
  void run_one(const Question& question, std::size_t in_flight, Recorder& recorder) {
    Connection connection(port_);
    ask_anew(connection, question, in_flight, recorder);
    while (connection.in_flight() > 0) {
      const std::size_t answers = connection.receive(question.answer, recorder);
      ask_anew(connection, question, answers, recorder);
    }
  }

  void run_many(const Question& question, std::size_t count, Recorder& recorder) {
    const int poll = epoll_create1(EPOLL_CLOEXEC);
    if (poll < 0) fail("epoll_create1");
    std::vector<std::unique_ptr<Connection>> connections;
    for (std::size_t i = 0; i < count; ++i) {
      connections.push_back(std::make_unique<Connection>(port_));
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = connections.back().get();
      if (epoll_ctl(poll, EPOLL_CTL_ADD, connections.back()->socket(), &event) != 0) {
        fail("epoll_ctl");
      }
    }
    for (const auto& connection : connections) ask_anew(*connection, question, 1, recorder);
    for (std::size_t busy = count; busy > 0;) {
      std::array<epoll_event, 256> events;
      const int ready = epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < ready; ++i) {
        auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        const std::size_t answers = connection.receive(question.answer, recorder);
        ask_anew(connection, question, answers, recorder);
        if (connection.in_flight() == 0) --busy;
      }
    }
    close(poll);
  }

  void ask_anew(Connection& connection, const Question& question, std::size_t count,
                const Recorder& recorder) {
    if (count == 0) return;
    const auto now = Clock::now();
    if (recorder.is_over(now)) return;
    for (std::size_t i = 0; i < count; ++i) connection.ask(any_of(question), now);
    connection.flush();
  }

  const int port_;
  Question get_;
  Question set_wait_;
  std::minstd_rand random_{1};
};

}  // namespace

int main(int argc, char** argv) {
  int port = 0;
  CLI::App app("Drives a Redis on loopback by commands on standard input");
  app.add_option("--port", port, "where it listens")->required();
  CLI11_PARSE(app, argc, argv);
  Driver driver(port);
  load::obey(driver.verbs());
  return 0;
}
