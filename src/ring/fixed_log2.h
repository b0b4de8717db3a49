#pragma once

#include <cstdint>

namespace sojourn::ring {

// Binary logarithms as integers, in units of 2^-32, the same on every compiler and processor:
// members must agree on every bit, and floating point and libm's log2 do not promise that.
inline constexpr int kLog2Bits = 32;

// log2(x) for x >= 1, read off a table of 1025 values with straight lines between them. Too low by
// at most 2^-22, and never falling as x grows.
std::int64_t fixed_log2(std::uint64_t x);

}  // namespace sojourn::ring
