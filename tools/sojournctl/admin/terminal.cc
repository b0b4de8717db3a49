#include "sojournctl/admin/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <sstream>

namespace sojournctl {
namespace {

// What handlers of signals may touch. The reading end is watched; nothing is ever read from it.
int interruption_pipe[2] = {-1, -1};

void interrupt(int) {
  const int error = errno;
  const char byte = 0;
  // When it is full it has come already.
  (void)!write(interruption_pipe[1], &byte, 1);
  errno = error;
}

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

std::string first_columns(const std::string& line, std::size_t columns) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (continues_character(line[i])) continue;
    if (++width > columns) return line.substr(0, i);
  }
  return line;
}

}  // namespace

std::string fitted(const std::string& picture, std::size_t rows, std::size_t columns) {
  std::istringstream lines(picture);
  std::string text;
  std::string line;
  for (std::size_t row = 0; row < rows && std::getline(lines, line); ++row) {
    text += (row > 0 ? "\n" : "") + first_columns(line, columns);
  }
  return text;
}

Screen::Screen() { std::cout << "\033[?1049h\033[?25l" << std::flush; }
Screen::~Screen() { std::cout << "\033[?25h\033[?1049l" << std::flush; }

void Screen::show(const std::string& picture) {
  struct winsize size = {};
  const bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;
  std::string text = fitted(picture, is_known ? size.ws_row : 24, is_known ? size.ws_col : 80);
  // Each line's remainder and what is below is what an older picture left behind: clearing all of
  // it first would flicker.
  std::string lines = "\033[H";
  for (const char each : text) lines += each == '\n' ? "\033[K\r\n" : std::string(1, each);
  std::cout << lines << "\033[K\033[J" << std::flush;
}

Interruption::Interruption() {
  if (pipe2(interruption_pipe, O_CLOEXEC | O_NONBLOCK) != 0) return;
  struct sigaction action = {};
  action.sa_handler = interrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &before_int_);
  sigaction(SIGTERM, &action, &before_term_);
}

Interruption::~Interruption() {
  if (interruption_pipe[0] < 0) return;
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
  for (int& end : interruption_pipe) {
    close(end);
    end = -1;
  }
}

bool Interruption::comes_within(std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + patience;
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    struct pollfd end = {.fd = interruption_pipe[0], .events = POLLIN, .revents = 0};
    const int count = poll(&end, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (count > 0) return true;
    // A signal, which may be the one that is waited for.
    if (count < 0 && errno == EINTR) continue;
    return false;
  }
}

}  // namespace sojournctl
