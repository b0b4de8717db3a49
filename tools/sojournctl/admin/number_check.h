#pragma once

#include <CLI/CLI.hpp>

namespace sojournctl {

// Both included. --help says what the number is of, and not its type and bounds.
template <typename Number>
CLI::Validator between(Number least, Number most) {
  return CLI::Range(least, most).description("");
}

}  // namespace sojournctl
