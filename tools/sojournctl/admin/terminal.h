#pragma once

#include <chrono>
#include <csignal>
#include <string>

namespace sojournctl {

// Lines cut so that they fit: a picture for a terminal of so many rows and columns. Pure; counts a
// character of UTF-8 as one column.
std::string fitted(const std::string& picture, std::size_t rows, std::size_t columns);

// The terminal while a live view has it: its other screen, without a cursor. The user has the first
// one back at the end.
class Screen {
 public:
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  // In place of the picture before.
  void show(const std::string& picture);
};

// Ctrl-C, or a polite signal to end, as something that can be waited for. One at a time in a
// process, and on its main thread.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // Waits; true, at once, when it has come.
  bool comes_within(std::chrono::milliseconds patience);

 private:
  struct sigaction before_int_ = {};
  struct sigaction before_term_ = {};
};

}  // namespace sojournctl
