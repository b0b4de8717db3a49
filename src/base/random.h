#pragma once

#include <array>
#include <cstdint>

namespace sojourn {

// The only randomness that the engines know: given from outside, so that a seed replays a run. Not
// safe from several threads.
//
// Distributions are our own, because those of the standard library differ between implementations.
class Random {
 public:
  virtual ~Random() = default;

  virtual std::uint64_t next() = 0;

  // Uniform in [0, bound); `bound` is at least 1. Rejects the last, incomplete range, so it is
  // exact.
  std::uint64_t below(std::uint64_t bound);

  // True once in `n` times on average; `n` is at least 1.
  bool one_in(std::uint64_t n) { return below(n) == 0; }
};

// xoshiro256** (Blackman and Vigna, 2018), seeded by splitmix64: the same sequence for the same
// seed everywhere. For simulation and for drawing that needs no secrecy.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);

  std::uint64_t next() override;

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace sojourn
