#include "chaos/process.h"

#include <absl/strings/str_format.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <csignal>
#include <utility>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX has it in no header

namespace sojourn::chaos {
namespace {

bool is_over(std::error_code error) { return error == asio::error::operation_aborted; }

// The header of glibc 2.36 declares pidfd_open() so that C++ cannot link it.
int open_pidfd(pid_t id) { return static_cast<int>(syscall(SYS_pidfd_open, id, 0)); }

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

absl::StatusOr<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  return Pipe{.read_end = ends[0], .write_end = ends[1]};
}

// A process is born in the namespace of the thread that makes it.
class InNamespace {
 public:
  explicit InNamespace(int network_namespace) {
    if (network_namespace < 0) return;
    own_ = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    ok_ = own_ >= 0 && setns(network_namespace, CLONE_NEWNET) == 0;
  }
  ~InNamespace() {
    if (own_ < 0) return;
    if (ok_) (void)setns(own_, CLONE_NEWNET);  // it was ours before
    close(own_);
  }
  InNamespace(const InNamespace&) = delete;
  InNamespace& operator=(const InNamespace&) = delete;
  bool ok() const { return ok_; }

 private:
  int own_ = -1;
  bool ok_ = true;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::start(asio::io_context& context,
                                                        const Command& command, Handlers handlers) {
  absl::StatusOr<Pipe> input = make_pipe();
  if (!input.ok()) return input.status();
  absl::StatusOr<Pipe> output = make_pipe();
  if (!output.ok()) return output.status();

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input->read_end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output->write_end, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, command.log_file.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0644);
  std::vector<std::string> arguments = command.arguments;
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  pid_t id = 0;
  int error = EPERM;
  {
    const InNamespace inside(command.network_namespace);
    if (inside.ok()) {
      error = posix_spawn(&id, pointers[0], &actions, nullptr, pointers.data(), environ);
    }
  }
  posix_spawn_file_actions_destroy(&actions);
  close(input->read_end);
  close(output->write_end);
  const int pidfd = error == 0 ? open_pidfd(id) : -1;
  if (pidfd < 0) {
    close(input->write_end);
    close(output->read_end);
    return absl::ErrnoToStatus(error == 0 ? errno : error, "start " + command.arguments[0]);
  }
  std::unique_ptr<Process> process(
      new Process(context, id, pidfd, input->write_end, output->read_end, std::move(handlers)));
  process->read_line();
  return process;
}

Process::Process(asio::io_context& context, pid_t id, int pidfd, int input, int output,
                 Handlers handlers)
    : id_(id),
      pidfd_(context, pidfd),
      input_(context, input),
      output_(context, output),
      handlers_(std::move(handlers)) {}

Process::~Process() {
  if (reaped_) return;
  signal(SIGKILL);
  waitpid(id_, nullptr, 0);
}

void Process::send(std::string line) {
  waiting_ += line;
  waiting_ += '\n';
  if (writing_.empty()) write_some();
}

void Process::write_some() {
  writing_ = std::exchange(waiting_, {});
  asio::async_write(input_, asio::buffer(writing_), [this](std::error_code error, std::size_t) {
    if (is_over(error)) return;
    writing_.clear();
    // A process that is gone reads nothing more; its end is told elsewhere.
    if (!error && !waiting_.empty()) write_some();
  });
}

void Process::signal(int number) const {
  if (!reaped_) (void)kill(id_, number);  // not reaped yet: the number is still its own
}

void Process::read_line() {
  asio::async_read_until(output_, received_, '\n', [this](std::error_code error, std::size_t size) {
    if (is_over(error)) return;
    if (error) return wait_for_exit();
    const auto begin = asio::buffers_begin(received_.data());
    const std::string line(begin, begin + static_cast<std::ptrdiff_t>(size) - 1);
    received_.consume(size);
    handlers_.line(line);
    read_line();
  });
}

void Process::wait_for_exit() {
  pidfd_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
    if (is_over(error)) return;
    int status = 0;
    waitpid(id_, &status, 0);
    reaped_ = true;
    input_.close();
    output_.close();
    pidfd_.close();
    handlers_.exit(status);
  });
}

std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) return absl::StrFormat("signal %d", WTERMSIG(status));
  return absl::StrFormat("exit status %d", WEXITSTATUS(status));
}

}  // namespace sojourn::chaos
