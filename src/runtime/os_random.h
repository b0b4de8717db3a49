#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/random.h"

namespace sojourn::runtime {

// Randomness fit for session ids: OpenSSL's generator, seeded by the operating system, drawn a page
// at a time because a call of it costs more than everything else in making an id. Bytes are wiped
// as they are given out. Not safe from several threads.
class OsRandom final : public Random {
 public:
  OsRandom() = default;
  ~OsRandom() override;
  OsRandom(const OsRandom&) = delete;
  OsRandom& operator=(const OsRandom&) = delete;

  std::uint64_t next() override;

 private:
  std::array<std::uint64_t, 512> pool_{};
  std::size_t left_ = 0;
};

// Eight random bytes that are not all zero.
std::uint64_t random_nonzero();

}  // namespace sojourn::runtime
