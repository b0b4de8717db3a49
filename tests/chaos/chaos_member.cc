// One member of a chaos run: a store, and calls to it that come as lines on standard input. What
// they ended with goes as lines to standard output (message.h). SIGTERM: hands everything over,
// then exits.
//
// It knows nothing of the library but its public headers, as a user's server.

#include <sojourn/store.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/streambuf.hpp>
#include <asio/thread_pool.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <mutex>
#include <utility>

#include "chaos/message.h"

namespace sojourn::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kReportInterval{100};
constexpr seconds kDrainTimeout{30};
// Calls that were under way when everything was handed over may end; longer than any call takes.
constexpr seconds kLastCalls{2};
// Between being drained and exiting, calls of a driver that does not know it yet are still taken.
constexpr milliseconds kAfterDrain{200};
constexpr std::size_t kFillsInFlight = 256;

Microseconds now() {
  return std::chrono::duration_cast<Microseconds>(Clock::now().time_since_epoch());
}

// Whole lines, from any thread.
class Output {
 public:
  void write(std::string line) {
    line += '\n';
    const std::lock_guard lock(mutex_);
    for (std::string_view left = line; !left.empty();) {
      const ssize_t written = ::write(STDOUT_FILENO, left.data(), left.size());
      if (written < 0 && errno != EINTR) _exit(1);  // the driver is gone
      if (written > 0) left.remove_prefix(static_cast<std::size_t>(written));
    }
  }

 private:
  std::mutex mutex_;
};

Seen seen(const Session& session) {
  Seen seen = {.id = std::string(session.id().text()),
               .phase = session.phase(),
               .subject = std::string(session.subject()),
               .lifetime = session.lifetime(),
               .version = session.version()};
  for (const auto& [name, value] : session.attributes()) {
    seen.attributes[std::string(name)] = std::string(value);
  }
  return seen;
}

Patch patch_of(const std::vector<Patch::Step>& steps) {
  Patch patch;
  for (const Patch::Step& step : steps) {
    if (step.value) {
      patch.set(step.name, *step.value);
    } else {
      patch.erase(step.name);
    }
  }
  return patch;
}

NewSession new_session(const Question& question) {
  NewSession session = question.subject.empty() ? NewSession() : NewSession(question.subject);
  for (const Patch::Step& step : question.steps) {
    session.with(step.name, step.value.value_or(""));
  }
  return session;
}

class Program {
 public:
  Program(Store store, asio::io_context& context, asio::thread_pool& pool)
      : store_(std::move(store)),
        context_(context),
        pool_(pool),
        input_(context, STDIN_FILENO),
        signals_(context, SIGTERM),
        report_timer_(context),
        exit_timer_(context) {}

  void start() {
    read_line();
    report();
    signals_.async_wait([this](std::error_code error, int) {
      if (!error) drain_and_exit();
    });
  }

 private:
  void read_line() {
    asio::async_read_until(input_, buffer_, '\n', [this](std::error_code error, std::size_t size) {
      if (error) return context_.stop();  // the driver is gone
      const std::string line(asio::buffers_begin(buffer_.data()),
                             asio::buffers_begin(buffer_.data()) + static_cast<long>(size) - 1);
      buffer_.consume(size);
      obey(line);
      read_line();
    });
  }

  void obey(const std::string& line) {
    if (std::optional<Question> question = parse_question(line)) {
      ++calls_pending_;
      asio::post(pool_, [this, question = *std::move(question)] { call(question); });
    } else if (const std::optional<Fill> fill = parse_fill(line)) {
      std::make_shared<Filling>(*this, *fill)->start();
    } else {
      std::cerr << "not understood: " << line << "\n";
    }
  }

  // What takes the answer of a call that began then, on a thread of the pool.
  auto told_session(std::uint64_t number, Microseconds began) {
    return asio::bind_executor(
        pool_, [this, number, began](const absl::StatusOr<Session>& session) {
          answer(number, began, session.status(), session.ok() ? &*session : nullptr);
        });
  }

  // On a thread of the pool.
  void call(const Question& question) {
    if (question.verb == Verb::kCreate) {
      const Microseconds began = now();
      return store_.async_create(new_session(question), WriteOptions{.timeout = question.timeout},
                                 told_session(question.number, began));
    }
    const absl::StatusOr<SessionId> id = SessionId::parse(question.id);
    const Microseconds began = now();
    if (!id.ok()) return answer(question.number, began, id.status(), nullptr);
    const WriteOptions options = {.timeout = question.timeout};
    switch (question.verb) {
      case Verb::kCreate:
        return;  // above
      case Verb::kGet:
        return store_.async_get(*id, ReadOptions{.timeout = question.timeout},
                                told_session(question.number, began));
      case Verb::kPatch:
        return store_.async_patch(*id, patch_of(question.steps), options,
                                  told_session(question.number, began));
      case Verb::kAuthenticate:
        return store_.async_authenticate(*id, question.subject, patch_of(question.steps),
                                         AuthenticateOptions{.timeout = question.timeout},
                                         told_session(question.number, began));
      case Verb::kRotate:
        return store_.async_rotate(*id, RotateOptions{.timeout = question.timeout},
                                   told_session(question.number, began));
      case Verb::kRevoke:
        return store_.async_revoke(*id, options,
                                   asio::bind_executor(pool_, [this, number = question.number,
                                                               began](const absl::Status& status) {
                                     answer(number, began, status, nullptr);
                                   }));
    }
  }

  void answer(std::uint64_t number, Microseconds began, const absl::Status& status,
              const Session* session) {
    Answer answer = {.number = number,
                     .began = began,
                     .ended = now(),
                     .status = status.code(),
                     .message = std::string(status.message())};
    if (session != nullptr) {
      answer.session = seen(*session);
      answer.owner = store_.owner_of(session->id());
    }
    output_.write(to_line(answer));
    --calls_pending_;
  }

  void report() {
    const auto health = store_.health();
    const Metrics metrics = store_.metrics();
    Report current = {.ready = health.ready,
                      .safe = health.safe,
                      .epoch = metrics.epoch,
                      .members = metrics.members,
                      .sessions = metrics.sessions_login + metrics.sessions_active,
                      .reason = health.ready ? health.safe_reason : health.reason};
    if (const std::shared_ptr<const View> view = store_.view()) {
      current.epoch = view->epoch;
      current.members = view->members.size();
      // Members are ordered by name, which decides between those that joined together.
      const Member* oldest = nullptr;
      for (const Member& member : view->members) {
        const bool older = oldest == nullptr || member.joined < oldest->joined;
        if (member.capacity > 0 && older) oldest = &member;
      }
      if (oldest != nullptr) current.oldest = oldest->name;
    }
    output_.write(to_line(current));
    report_timer_.expires_after(kReportInterval);
    report_timer_.async_wait([this](std::error_code error) {
      if (!error) this->report();
    });
  }

  void drain_and_exit() {
    std::cerr << "SIGTERM: draining" << std::endl;
    store_.async_drain({.timeout = kDrainTimeout},
                       asio::bind_executor(context_, [this](const absl::Status& status) {
                         std::cerr << "drained: " << status << std::endl;
                         output_.write(to_line(Drained{.status = status.code(),
                                                       .message = std::string(status.message())}));
                         exit_at_ = Clock::now() + kLastCalls;
                         wait_for_last_calls();
                       }));
  }

  void wait_for_last_calls() {
    exit_timer_.expires_after(kAfterDrain);
    exit_timer_.async_wait([this](std::error_code) {
      if (calls_pending_ == 0 || Clock::now() >= exit_at_) return context_.stop();
      wait_for_last_calls();
    });
  }

  // Sessions in bulk, so many at a time. Owned by its calls.
  class Filling : public std::enable_shared_from_this<Filling> {
   public:
    Filling(Program& program, const Fill& fill)
        : program_(program), fill_(fill), value_(fill.bytes, 'x') {}

    void start() {
      const std::size_t at_once = std::min<std::uint64_t>(fill_.count, kFillsInFlight);
      left_ = fill_.count;
      running_ = at_once;
      for (std::size_t i = 0; i < at_once; ++i) next();
    }

   private:
    void next() {
      if (left_.fetch_sub(1) <= 0) return end_one();
      program_.store_.async_create(
          NewSession("filler").with("filler", value_), WriteOptions{.timeout = seconds(10)},
          asio::bind_executor(program_.pool_,
                              [self = shared_from_this()](const absl::StatusOr<Session>& session) {
                                ++(session.ok() ? self->made_ : self->failed_);
                                self->next();
                              }));
    }
    void end_one() {
      if (--running_ > 0) return;
      program_.output_.write(to_line(Filled{.made = made_, .failed = failed_}));
    }

    Program& program_;
    const Fill fill_;
    const std::string value_;
    std::atomic<std::int64_t> left_ = 0;
    std::atomic<std::size_t> running_ = 0;
    std::atomic<std::uint64_t> made_ = 0;
    std::atomic<std::uint64_t> failed_ = 0;
  };

  Output output_;
  Store store_;
  asio::io_context& context_;
  asio::thread_pool& pool_;
  std::atomic<int> calls_pending_ = 0;
  asio::posix::stream_descriptor input_;
  asio::streambuf buffer_;
  asio::signal_set signals_;
  asio::steady_timer report_timer_;
  asio::steady_timer exit_timer_;
  Clock::time_point exit_at_ = {};
};

struct Arguments {
  std::string name;
  // name=host:port, or name=host:port/capacity.
  std::vector<std::string> members;
  std::uint32_t copies = 2;
  std::uint32_t segments = 4096;
  int lease_ms = 1000;
};

StoreOptions options_of(const Arguments& arguments) {
  StoreOptions options;
  options.cluster = "chaos";
  options.name = arguments.name;
  options.insecure = true;
  options.insecure_beyond_loopback = true;
  options.session_lifetime = kLifetime;
  options.login_lifetime = kLifetime;
  options.copies = arguments.copies;
  options.segments = arguments.segments;
  options.lease = milliseconds(arguments.lease_ms);
  for (const std::string& text : arguments.members) {
    const std::size_t equals = text.find('=');
    const std::size_t slash = text.find('/');
    MemberOptions member;
    member.name = text.substr(0, equals);
    member.address = text.substr(equals + 1, slash - equals - 1);
    if (slash != std::string::npos) {
      member.capacity = static_cast<std::uint32_t>(std::stoul(text.substr(slash + 1)));
    }
    options.members.push_back(std::move(member));
  }
  // Milliseconds of the clock that the histories use, so that logs can be laid beside them.
  options.log = std::make_shared<LogSink>([](const LogRecord& record) {
    std::fprintf(stderr, "%lld.%03lld %.*s\n", static_cast<long long>(now().count() / 1'000'000),
                 static_cast<long long>(now().count() / 1000 % 1000),
                 static_cast<int>(record.message.size()), record.message.data());
  });
  return options;
}

int run(const Arguments& arguments) {
  asio::io_context context;
  asio::thread_pool pool(3);
  absl::StatusOr<Store> store = Store::open(pool.get_executor(), options_of(arguments));
  if (!store.ok()) {
    std::cerr << store.status() << "\n";
    return 1;
  }
  {
    Program program(*std::move(store), context, pool);
    program.start();
    context.run();
    // What is still under way ends with kCancelled; nobody reads it any more.
    std::cerr << "closing" << std::endl;
    std::fflush(stderr);
    _exit(0);
  }
}

}  // namespace
}  // namespace sojourn::chaos

int main(int argc, char** argv) {
  // Nothing of a run may outlive its driver, however that ends.
  prctl(PR_SET_PDEATHSIG, SIGKILL);

  CLI::App app("One member of a chaos run; the chaos program starts it.");
  sojourn::chaos::Arguments arguments;
  app.add_option("--name", arguments.name)->required();
  app.add_option("--members", arguments.members)->required()->delimiter(',');
  app.add_option("--copies", arguments.copies);
  app.add_option("--segments", arguments.segments);
  app.add_option("--lease", arguments.lease_ms);
  CLI11_PARSE(app, argc, argv);
  return sojourn::chaos::run(arguments);
}
