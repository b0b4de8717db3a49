#pragma once

#include <absl/functional/any_invocable.h>
#include <absl/status/statusor.h>
#include <sys/types.h>

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/streambuf.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sojourn::chaos {

// A child process that is talked to by lines on its standard input and output. Used on the
// context's thread only, and not destroyed before the context has stopped for good; that kills the
// process.
class Process {
 public:
  struct Command {
    std::vector<std::string> arguments = {};
    // Standard error is appended to this file.
    std::string log_file = {};
    // The network namespace that it lives in; -1: the driver's own.
    int network_namespace = -1;
  };
  struct Handlers {
    absl::AnyInvocable<void(std::string_view line)> line = {};
    // After its last line: how it ended, as waitpid() tells.
    absl::AnyInvocable<void(int status)> exit = {};
  };

  static absl::StatusOr<std::unique_ptr<Process>> start(asio::io_context& context,
                                                        const Command& command, Handlers handlers);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Returns at once; the line waits here while the process does not read.
  void send(std::string line);
  void signal(int number) const;

 private:
  Process(asio::io_context& context, pid_t id, int pidfd, int input, int output, Handlers handlers);

  void read_line();
  void write_some();
  void wait_for_exit();

  const pid_t id_;
  // A name for the process that is never given to another.
  asio::posix::stream_descriptor pidfd_;
  asio::posix::stream_descriptor input_;
  asio::posix::stream_descriptor output_;
  Handlers handlers_;
  asio::streambuf received_;
  // What is being written, and what waits for it.
  std::string writing_;
  std::string waiting_;
  bool reaped_ = false;
};

// "exit status 1", "signal 9".
std::string describe_exit(int status);

}  // namespace sojourn::chaos
