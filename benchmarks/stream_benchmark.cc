// What a bare gRPC stream between two processes allows: frames of fixed sizes go back and forth,
// with nothing in them and nobody to tell. No lookup over gRPC can take less than its share of a
// frame, so this is the limit that docs/performance.md holds the remote reads against.
//
//   stream_benchmark --how queue --in-flight 2 --request 1200 --reply 14500 [--cores 0,1]
//
// `queue` is how the transport uses gRPC: one thread that polls one completion queue, which may
// look on for --busy-poll microseconds before it sleeps. `callback` is reactors, called on gRPC's
// own threads. Each process runs on one core.
//
// --tls has a directory with ca.pem, a.pem and a.key, whose certificate is for a.sojourn, as
// tests/support/make-certificates makes them: both sides show it to each other.
//
// --argument sets one of gRPC's channel arguments on both sides. Abseil's detection of deadlocks is
// off, as docs/performance.md advises, unless --detect-deadlocks is given.

#include <absl/synchronization/mutex.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "streams/channel.h"
#include "streams/queue_stream.h"

namespace {

using streams::ByteBuffer;
using streams::Clock;

struct Settings {
  std::string how = "callback";
  std::size_t request = 50;
  std::size_t reply = 600;
  int in_flight = 1;
  double seconds = 2;
  std::chrono::microseconds busy_poll{0};
  // Empty: plain text.
  std::string tls = {};
  // Of gRPC's channels, on both sides.
  std::map<std::string, int> arguments = {};
  std::vector<int> cores = {0, 1};
};

std::shared_ptr<grpc::Channel> channel_to(int port, const Settings& settings) {
  grpc::ChannelArguments arguments;
  for (const auto& [name, value] : settings.arguments) arguments.SetInt(name, value);
  const auto credentials = streams::channel_credentials(settings.tls, arguments);
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), credentials, arguments);
}

ByteBuffer frame_of(std::size_t size) {
  const grpc::Slice slice(std::string(size, 'x'));
  return ByteBuffer(&slice, 1);
}

// Of the caller: when frames went, and how long each took.
class Record {
 public:
  void sent() {
    const std::lock_guard lock(mutex_);
    sent_.push_back(Clock::now());
  }
  void answered() {
    const std::lock_guard lock(mutex_);
    took_.push_back(
        std::chrono::duration<double, std::micro>(Clock::now() - sent_.front()).count());
    sent_.pop_front();
  }
  void restart() {
    const std::lock_guard lock(mutex_);
    took_.clear();
    begin_ = Clock::now();
    processor_ = processor_seconds();
  }
  void print(const Settings& settings) {
    const std::lock_guard lock(mutex_);
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    const double processor = processor_seconds() - processor_;
    const double count = static_cast<double>(took_.size());
    if (took_.empty()) throw std::runtime_error("no frame was answered");
    std::sort(took_.begin(), took_.end());
    std::printf(
        "{\"how\": \"%s\", \"in_flight\": %d, \"frames_per_second\": %.0f, \"p50_us\": %.1f, "
        "\"p99_us\": %.1f, \"caller_cpu_us\": %.2f}\n",
        settings.how.c_str(), settings.in_flight, count / seconds, took_[took_.size() / 2],
        took_[took_.size() * 99 / 100], processor / count * 1e6);
  }

 private:
  static double processor_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }

  std::mutex mutex_;
  std::deque<Clock::time_point> sent_;
  std::vector<double> took_;
  Clock::time_point begin_;
  double processor_ = 0;
};

// By reactors.

class Answering final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Answering(std::size_t reply)
      : reply_(reply), writer_([this](const ByteBuffer& frame) { StartWrite(&frame); }) {
    StartRead(&frame_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    streams::read(frame_);
    writer_.add(frame_of(reply_));
    StartRead(&frame_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) writer_.written();
  }
  void OnDone() override { delete this; }

  const std::size_t reply_;
  streams::Writer writer_;
  ByteBuffer frame_;
};

class AnsweringService final : public grpc::CallbackGenericService {
 public:
  explicit AnsweringService(std::size_t reply) : reply_(reply) {}

 private:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new Answering(reply_);
  }
  const std::size_t reply_;
};

class Asking final : public grpc::ClientBidiReactor<ByteBuffer, ByteBuffer> {
 public:
  Asking(const std::shared_ptr<grpc::Channel>& channel, const Settings& settings, Record& record)
      : record_(record),
        request_(settings.request),
        stub_(channel),
        writer_([this](const ByteBuffer& frame) { StartWrite(&frame); }) {
    stub_.PrepareBidiStreamingCall(&context_, streams::kMethod, grpc::StubOptions(), this);
    AddHold();
    StartRead(&frame_);
    StartCall();
    for (int i = 0; i < settings.in_flight; ++i) send();
  }
  void end() {
    context_.TryCancel();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return done_; });
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return RemoveHold();
    streams::read(frame_);
    record_.answered();
    StartRead(&frame_);
    send();
  }
  void OnWriteDone(bool ok) override {
    if (ok) writer_.written();
  }
  void OnDone(const grpc::Status&) override {
    const std::lock_guard lock(mutex_);
    done_ = true;
    ended_.notify_one();
  }

  void send() {
    record_.sent();
    writer_.add(frame_of(request_));
  }

  Record& record_;
  const std::size_t request_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  streams::Writer writer_;
  ByteBuffer frame_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
};

void serve(const Settings& settings, int pipe) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", streams::server_credentials(settings.tls), &port);
  for (const auto& [name, value] : settings.arguments) builder.AddChannelArgument(name, value);
  const auto listening = [&] { streams::tell(pipe, port); };
  if (settings.how == "queue") {
    const auto answer = [&](const ByteBuffer& frame) {
      streams::read(frame);
      return frame_of(settings.reply);
    };
    return streams::serve_by_queue(builder, listening, answer, settings.busy_poll);
  }
  AnsweringService service(settings.reply);
  builder.RegisterCallbackGenericService(&service);
  const auto server = builder.BuildAndStart();
  if (!server) return;
  listening();
  server->Wait();
}

// Measures after a tenth of the time.
void ask_by_queue(const std::shared_ptr<grpc::Channel>& channel, const Settings& settings,
                  Record& record) {
  const auto begin = Clock::now();
  const auto after = [&](double seconds) {
    return begin +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  };
  bool measuring = false;
  streams::ask_by_queue(channel, {.in_flight = settings.in_flight,
                                  .make =
                                      [&] {
                                        record.sent();
                                        return frame_of(settings.request);
                                      },
                                  .answered =
                                      [&](const ByteBuffer& frame) {
                                        streams::read(frame);
                                        record.answered();
                                      },
                                  .goes_on =
                                      [&] {
                                        const auto now = Clock::now();
                                        if (!measuring && now > after(settings.seconds * 0.1)) {
                                          record.restart();
                                          measuring = true;
                                        }
                                        return now < after(settings.seconds * 1.1);
                                      },
                                  .busy_poll = settings.busy_poll});
  record.print(settings);
}

void ask_by_reactor(const std::shared_ptr<grpc::Channel>& channel, const Settings& settings,
                    Record& record) {
  Asking asking(channel, settings, record);
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.seconds * 0.1));
  record.restart();
  std::this_thread::sleep_for(std::chrono::duration<double>(settings.seconds));
  record.print(settings);
  asking.end();
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("What a bare gRPC stream between two processes allows");
  app.add_option("--how", settings.how, "callback or queue")
      ->check(CLI::IsMember({"callback", "queue"}));
  app.add_option("--request", settings.request, "bytes of a frame to the server");
  app.add_option("--reply", settings.reply, "bytes of a frame back");
  app.add_option("--in-flight", settings.in_flight, "frames on their way at one time")
      ->check(CLI::Range(1, 64));
  app.add_option("--seconds", settings.seconds, "how long to measure");
  app.add_option_function<int>(
         "--busy-poll",
         [&](int microseconds) { settings.busy_poll = std::chrono::microseconds(microseconds); },
         "microseconds to look on before a queue's thread sleeps")
      ->check(CLI::Range(0, 1000));
  app.add_option("--tls", settings.tls, "a directory with ca.pem, a.pem and a.key")
      ->check(CLI::ExistingDirectory);
  app.add_option_function<std::vector<std::string>>(
      "--argument",
      [&](const std::vector<std::string>& all) {
        for (const std::string& each : all) {
          const std::size_t sign = std::min(each.find('='), each.size());
          const char* const end = each.data() + each.size();
          int number = 0;
          const auto read = std::from_chars(std::min(each.data() + sign + 1, end), end, number);
          if (sign == 0 || read.ec != std::errc() || read.ptr != end) {
            throw CLI::ValidationError("--argument", each + " is not NAME=NUMBER");
          }
          settings.arguments[each.substr(0, sign)] = number;
        }
      },
      "one of gRPC's channel arguments, as NAME=NUMBER, for both sides");
  bool detect_deadlocks = false;
  app.add_flag("--detect-deadlocks", detect_deadlocks,
               "leave Abseil's detection of deadlocks as it was built");
  app.add_option("--cores", settings.cores, "of the caller and of the server")
      ->delimiter(',')
      ->expected(2);
  CLI11_PARSE(app, argc, argv);
  if (!detect_deadlocks) absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  const auto ask = [&](int port, pid_t) {
    Record record;
    const auto channel = channel_to(port, settings);
    if (settings.how == "queue") {
      ask_by_queue(channel, settings, record);
    } else {
      ask_by_reactor(channel, settings, record);
    }
  };
  return streams::run(
      "stream_benchmark", settings.cores, [&](int pipe) { serve(settings, pipe); }, ask);
}
