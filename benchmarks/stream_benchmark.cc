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
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using grpc::ByteBuffer;

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

std::string file_of(const Settings& settings, const std::string& name) {
  std::ifstream file(settings.tls + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) throw std::runtime_error("cannot read " + name);
  return text.str();
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const Settings& settings) {
  if (settings.tls.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = file_of(settings, "ca.pem");
  options.pem_key_cert_pairs = {{file_of(settings, "a.key"), file_of(settings, "a.pem")}};
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::Channel> channel_to(int port, const Settings& settings) {
  const std::string address = "127.0.0.1:" + std::to_string(port);
  grpc::ChannelArguments arguments;
  for (const auto& [name, value] : settings.arguments) arguments.SetInt(name, value);
  if (settings.tls.empty()) {
    return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
  }
  arguments.SetSslTargetNameOverride("a.sojourn");
  return grpc::CreateCustomChannel(
      address,
      grpc::SslCredentials({.pem_root_certs = file_of(settings, "ca.pem"),
                            .pem_private_key = file_of(settings, "a.key"),
                            .pem_cert_chain = file_of(settings, "a.pem")}),
      arguments);
}

constexpr const char* kMethod = "/benchmark/Frames";

void run_on(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof(set), &set);
}

ByteBuffer frame_of(std::size_t size) {
  const grpc::Slice slice(std::string(size, 'x'));
  return ByteBuffer(&slice, 1);
}

// A frame is read as the transport does: in one piece.
void read(const ByteBuffer& buffer) {
  grpc::Slice bytes;
  if (!buffer.TrySingleSlice(&bytes).ok() && !buffer.DumpToSingleSlice(&bytes).ok()) std::abort();
}

// One at a time is written; what else is to be written waits. Safe from any thread.
class Writer {
 public:
  Writer(std::size_t size, std::function<void(const ByteBuffer&)> write)
      : size_(size), write_(std::move(write)) {}

  void add() { begin(1, false); }
  void written() { begin(0, true); }

 private:
  void begin(int more, bool ended) {
    {
      const std::lock_guard lock(mutex_);
      waiting_ += more;
      if (ended) writing_ = false;
      if (writing_ || waiting_ == 0) return;
      --waiting_;
      writing_ = true;
    }
    frame_ = frame_of(size_);
    write_(frame_);
  }

  const std::size_t size_;
  const std::function<void(const ByteBuffer&)> write_;
  std::mutex mutex_;
  int waiting_ = 0;
  bool writing_ = false;
  ByteBuffer frame_;
};

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
      : writer_(reply, [this](const ByteBuffer& frame) { StartWrite(&frame); }) {
    StartRead(&frame_);
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    read(frame_);
    writer_.add();
    StartRead(&frame_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) writer_.written();
  }
  void OnDone() override { delete this; }

  Writer writer_;
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
      : record_(record), stub_(channel), writer_(settings.request, [this](const ByteBuffer& frame) {
          record_.sent();
          StartWrite(&frame);
        }) {
    stub_.PrepareBidiStreamingCall(&context_, kMethod, grpc::StubOptions(), this);
    AddHold();
    StartRead(&frame_);
    StartCall();
    for (int i = 0; i < settings.in_flight; ++i) writer_.add();
  }
  void end() {
    context_.TryCancel();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [this] { return done_; });
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return RemoveHold();
    read(frame_);
    record_.answered();
    StartRead(&frame_);
    writer_.add();
  }
  void OnWriteDone(bool ok) override {
    if (ok) writer_.written();
  }
  void OnDone(const grpc::Status&) override {
    const std::lock_guard lock(mutex_);
    done_ = true;
    ended_.notify_one();
  }

  Record& record_;
  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  Writer writer_;
  ByteBuffer frame_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
};

// By a completion queue. A tag is what is called when it comes back.
using Tag = std::function<void(bool)>;

// Waits for what ends next, as transport/queues.cc does; false when the queue is shut down and
// empty.
bool next(grpc::CompletionQueue& queue, void*& tag, bool& ok, std::chrono::microseconds busy_poll) {
  for (const auto until = Clock::now() + busy_poll;
       busy_poll.count() > 0 && Clock::now() < until;) {
    const auto status = queue.AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_MONOTONIC));
    if (status != grpc::CompletionQueue::TIMEOUT) {
      return status == grpc::CompletionQueue::GOT_EVENT;
    }
  }
  return queue.Next(&tag, &ok);
}

// Tells the port to whoever reads from the pipe, once the server listens.
void tell(int pipe, const int& port) {
  if (::write(pipe, &port, sizeof(port)) != sizeof(port)) std::abort();
}

void serve_by_queue(grpc::ServerBuilder& builder, const int& port, const Settings& settings,
                    int pipe) {
  grpc::AsyncGenericService service;
  builder.RegisterAsyncGenericService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  if (!server) return;
  tell(pipe, port);

  grpc::GenericServerContext context;
  grpc::GenericServerAsyncReaderWriter stream(&context);
  ByteBuffer frame;
  Tag read_done;
  Tag write_done;
  Writer writer(settings.reply,
                [&](const ByteBuffer& answer) { stream.Write(answer, &write_done); });
  read_done = [&](bool ok) {
    if (!ok) return;
    read(frame);
    writer.add();
    stream.Read(&frame, &read_done);
  };
  write_done = [&](bool ok) {
    if (ok) writer.written();
  };
  Tag called = [&](bool ok) {
    if (ok) stream.Read(&frame, &read_done);
  };
  service.RequestCall(&context, &stream, queue.get(), queue.get(), &called);
  void* tag = nullptr;
  for (bool ok = false; next(*queue, tag, ok, settings.busy_poll);) (*static_cast<Tag*>(tag))(ok);
}

void serve(const Settings& settings, int pipe) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", server_credentials(settings), &port);
  for (const auto& [name, value] : settings.arguments) builder.AddChannelArgument(name, value);
  if (settings.how == "queue") return serve_by_queue(builder, port, settings, pipe);
  AnsweringService service(settings.reply);
  builder.RegisterCallbackGenericService(&service);
  const auto server = builder.BuildAndStart();
  if (!server) return;
  tell(pipe, port);
  server->Wait();
}

// Measures after a tenth of the time.
void ask_by_queue(const std::shared_ptr<grpc::Channel>& channel, const Settings& settings,
                  Record& record) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  const auto stream = stub.PrepareCall(&context, kMethod, &queue);
  ByteBuffer frame;
  bool over = false;
  Tag read_done;
  Tag write_done;
  Writer writer(settings.request, [&](const ByteBuffer& request) {
    record.sent();
    stream->Write(request, &write_done);
  });
  read_done = [&](bool ok) {
    if (!ok || over) return;
    read(frame);
    record.answered();
    stream->Read(&frame, &read_done);
    writer.add();
  };
  write_done = [&](bool ok) {
    if (ok && !over) writer.written();
  };
  Tag started = [&](bool ok) {
    if (!ok) return;
    stream->Read(&frame, &read_done);
    for (int i = 0; i < settings.in_flight; ++i) writer.add();
  };
  stream->StartCall(&started);
  const auto begin = Clock::now();
  const auto after = [&](double seconds) {
    return begin +
           std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  };
  bool measuring = false;
  void* tag = nullptr;
  for (bool ok = false;
       Clock::now() < after(settings.seconds * 1.1) && next(queue, tag, ok, settings.busy_poll);) {
    (*static_cast<Tag*>(tag))(ok);
    if (!measuring && Clock::now() > after(settings.seconds * 0.1)) {
      record.restart();
      measuring = true;
    }
  }
  record.print(settings);
  over = true;
  context.TryCancel();
  queue.Shutdown();
  for (bool ok = false; queue.Next(&tag, &ok);) (*static_cast<Tag*>(tag))(ok);
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

  int ends[2];
  if (pipe(ends) != 0) return 1;
  // Before gRPC has threads.
  const pid_t server = fork();
  if (server == 0) {
    run_on(settings.cores[1]);
    try {
      serve(settings, ends[1]);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "stream_benchmark: %s\n", error.what());
    }
    std::_Exit(1);
  }
  run_on(settings.cores[0]);
  close(ends[1]);
  int port = 0;
  int result = 1;
  if (::read(ends[0], &port, sizeof(port)) == sizeof(port)) {
    Record record;
    const auto channel = channel_to(port, settings);
    if (settings.how == "queue") {
      ask_by_queue(channel, settings, record);
    } else {
      ask_by_reactor(channel, settings, record);
    }
    result = 0;
  } else {
    std::fprintf(stderr, "stream_benchmark: the server does not start\n");
  }
  kill(server, SIGKILL);
  waitpid(server, nullptr, 0);
  return result;
}
