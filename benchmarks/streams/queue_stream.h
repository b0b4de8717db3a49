#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace streams {

// A gRPC stream of frames between two processes as the transport has it, with nothing else: in each
// of them one thread polls one completion queue.

using Clock = std::chrono::steady_clock;
using grpc::ByteBuffer;

inline constexpr const char* kMethod = "/benchmark/Frames";

inline void run_on(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  sched_setaffinity(0, sizeof(set), &set);
}

// A frame is read as the transport does: in one piece.
inline grpc::Slice read(const ByteBuffer& buffer) {
  grpc::Slice bytes;
  if (!buffer.TrySingleSlice(&bytes).ok() && !buffer.DumpToSingleSlice(&bytes).ok()) std::abort();
  return bytes;
}

// One frame at a time is written; what else is to be written waits. Safe from any thread.
class Writer {
 public:
  explicit Writer(std::function<void(const ByteBuffer&)> write) : write_(std::move(write)) {}

  void add(ByteBuffer frame) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(frame));
    }
    write_next(false);
  }
  void written() { write_next(true); }

 private:
  void write_next(bool ended) {
    {
      const std::lock_guard lock(mutex_);
      if (ended) writing_ = false;
      if (writing_ || waiting_.empty()) return;
      frame_ = std::move(waiting_.front());
      waiting_.pop_front();
      writing_ = true;
    }
    // Without the lock: gRPC may say that it is written before this returns.
    write_(frame_);
  }

  const std::function<void(const ByteBuffer&)> write_;
  std::mutex mutex_;
  std::deque<ByteBuffer> waiting_;
  bool writing_ = false;
  ByteBuffer frame_;
};

// What is called when it comes back from the queue.
using Tag = std::function<void(bool)>;

// Waits for what ends next, as transport/queues.cc does; false when the queue is shut down and
// empty. It looks on for so long before the thread sleeps.
inline bool next(grpc::CompletionQueue& queue, void*& tag, bool& ok,
                 std::chrono::microseconds busy_poll) {
  for (const auto until = Clock::now() + busy_poll;
       busy_poll.count() > 0 && Clock::now() < until;) {
    const auto status = queue.AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_MONOTONIC));
    if (status != grpc::CompletionQueue::TIMEOUT) {
      return status == grpc::CompletionQueue::GOT_EVENT;
    }
  }
  return queue.Next(&tag, &ok);
}

// Answers each frame of one stream, until the process ends. Calls listening() once it can be asked,
// and returns only if it cannot.
inline void serve_by_queue(grpc::ServerBuilder& builder, const std::function<void()>& listening,
                           const std::function<ByteBuffer(const ByteBuffer&)>& answer,
                           std::chrono::microseconds busy_poll = {}) {
  grpc::AsyncGenericService service;
  builder.RegisterAsyncGenericService(&service);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  if (!server) return;
  listening();

  grpc::GenericServerContext context;
  grpc::GenericServerAsyncReaderWriter stream(&context);
  ByteBuffer frame;
  Tag read_done;
  Tag write_done;
  Writer writer([&](const ByteBuffer& reply) { stream.Write(reply, &write_done); });
  read_done = [&](bool ok) {
    if (!ok) return;
    writer.add(answer(frame));
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
  for (bool ok = false; next(*queue, tag, ok, busy_poll);) (*static_cast<Tag*>(tag))(ok);
}

struct Asking {
  int in_flight = 1;
  // The next frame; nothing if there is none.
  std::function<std::optional<ByteBuffer>()> make;
  std::function<void(const ByteBuffer&)> answered;
  // Asked after whatever happens.
  std::function<bool()> goes_on;
  std::chrono::microseconds busy_poll = {};
};

// Keeps so many frames on their way. Throws if the stream breaks off.
inline void ask_by_queue(const std::shared_ptr<grpc::Channel>& channel, const Asking& asking) {
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  const auto stream = stub.PrepareCall(&context, kMethod, &queue);
  ByteBuffer frame;
  bool over = false;
  bool broken = false;
  Tag read_done;
  Tag write_done;
  Writer writer([&](const ByteBuffer& request) { stream->Write(request, &write_done); });
  const auto send = [&] {
    if (std::optional<ByteBuffer> request = asking.make()) writer.add(std::move(*request));
  };
  read_done = [&](bool ok) {
    broken |= !ok && !over;
    if (!ok || over) return;
    asking.answered(frame);
    stream->Read(&frame, &read_done);
    send();
  };
  write_done = [&](bool ok) {
    if (ok && !over) writer.written();
  };
  Tag started = [&](bool ok) {
    broken |= !ok;
    if (!ok) return;
    stream->Read(&frame, &read_done);
    for (int i = 0; i < asking.in_flight; ++i) send();
  };
  stream->StartCall(&started);
  void* tag = nullptr;
  for (bool ok = false; !broken && asking.goes_on() && next(queue, tag, ok, asking.busy_poll);) {
    (*static_cast<Tag*>(tag))(ok);
  }
  over = true;
  context.TryCancel();
  queue.Shutdown();
  for (bool ok = false; queue.Next(&tag, &ok);) (*static_cast<Tag*>(tag))(ok);
  if (broken) throw std::runtime_error("the stream broke off");
}

// Tells the port to whoever reads from the pipe, once the server listens.
inline void tell(int pipe, const int& port) {
  if (::write(pipe, &port, sizeof(port)) != sizeof(port)) std::abort();
}

// Runs serve(pipe) in a process of its own on the second core, and ask(port, server) in this one on
// the first, with the port that the other one has told; then ends the other. Before gRPC has
// threads. Answers the status to exit with.
inline int run(const char* program, const std::vector<int>& cores,
               const std::function<void(int)>& serve, const std::function<void(int, pid_t)>& ask) {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  const pid_t server = fork();
  if (server == 0) {
    run_on(cores[1]);
    try {
      serve(ends[1]);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", program, error.what());
    }
    std::_Exit(1);
  }
  run_on(cores[0]);
  close(ends[1]);
  int result = 1;
  try {
    int port = 0;
    if (::read(ends[0], &port, sizeof(port)) != sizeof(port)) {
      throw std::runtime_error("the server does not start");
    }
    ask(port, server);
    result = 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", program, error.what());
  }
  kill(server, SIGKILL);
  waitpid(server, nullptr, 0);
  return result;
}

}  // namespace streams
