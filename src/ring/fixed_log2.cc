#include "ring/fixed_log2.h"

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>

namespace sojourn::ring {
namespace {

constexpr int kTableBits = 10;

// The fraction of log2(mantissa / 2^31) for a mantissa in [2^31, 2^32), bit by bit: squaring a
// number doubles its logarithm, and the next bit is whether the square reaches 2.
constexpr std::uint64_t log2_bits(std::uint64_t mantissa) {
  std::uint64_t bits = 0;
  for (int i = 0; i < kLog2Bits; ++i) {
    mantissa = mantissa * mantissa >> 31;
    bits <<= 1;
    if (mantissa >> 32 != 0) {
      mantissa >>= 1;
      bits |= 1;
    }
  }
  return bits;
}

// Entry i is log2(1 + i / 1024).
constexpr auto kTable = [] {
  std::array<std::uint64_t, (1 << kTableBits) + 1> table = {};
  for (std::size_t i = 0; i + 1 < table.size(); ++i) {
    table[i] = log2_bits((std::uint64_t{1} << 31) + (std::uint64_t{i} << (31 - kTableBits)));
  }
  table.back() = std::uint64_t{1} << kLog2Bits;
  return table;
}();

}  // namespace

std::int64_t fixed_log2(std::uint64_t x) {
  assert(x > 0);
  const int whole = static_cast<int>(std::bit_width(x)) - 1;
  const std::uint64_t mantissa = x << (63 - whole) << 1;  // what follows the leading one
  const std::size_t entry = mantissa >> (64 - kTableBits);
  const std::uint64_t beyond = mantissa << kTableBits >> 32;  // the way to the next entry, of 2^32
  const std::uint64_t step = kTable[entry + 1] - kTable[entry];
  const std::uint64_t fraction = kTable[entry] + (step * beyond >> 32);
  return (std::int64_t{whole} << kLog2Bits) + static_cast<std::int64_t>(fraction);
}

}  // namespace sojourn::ring
