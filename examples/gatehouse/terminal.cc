#include "gatehouse/terminal.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>

namespace gatehouse {

std::string read_secret(const std::string& prompt) {
  std::string line;
  termios before = {};
  if (isatty(STDIN_FILENO) == 0 || tcgetattr(STDIN_FILENO, &before) != 0) {
    std::getline(std::cin, line);
    return line;
  }
  std::cerr << prompt << std::flush;
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::getline(std::cin, line);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  std::cerr << "\n";
  return line;
}

}  // namespace gatehouse
