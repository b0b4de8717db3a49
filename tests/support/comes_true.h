#pragma once

#include <chrono>
#include <thread>

namespace sojourn::support {

// Of what a running store says of itself and tells nobody when it changes, such as its metrics:
// asks until it is so, or for thirty seconds.
template <typename Condition>
bool comes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace sojourn::support
