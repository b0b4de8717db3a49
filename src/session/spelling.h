#pragma once

#include <cstdint>

namespace sojourn::session {

// How ids are spelled, in the characters of IdText::kAlphabet. Eight are made at once, in the bytes
// of one word: an alphabet would be looked into 32 times for each id, and ids are spelled whenever
// they are drawn, hashed or ordered.

// Eight groups of six bits, from the lowest 48, as a byte each.
constexpr std::uint64_t spread(std::uint64_t bits) {
  bits = (bits & 0xffffff) | (bits & 0xffffff000000) << 8;
  bits = (bits & 0x00000fff00000fff) | (bits & 0x00fff00000fff000) << 4;
  return (bits & 0x003f003f003f003f) | (bits & 0x0fc00fc00fc00fc0) << 2;
}

constexpr std::uint64_t in_each_byte(std::uint64_t value) { return value * 0x0101010101010101; }

// A one in each byte that is at least `least`; all are below 128.
constexpr std::uint64_t at_least(std::uint64_t bytes, std::uint64_t least) {
  return (bytes + in_each_byte(128 - least)) >> 7 & in_each_byte(1);
}

// The characters of what spread() gave: the alphabet's stretches lie so far from each other. No
// byte leaves its place on the way. The first stands in the lowest byte.
constexpr std::uint64_t spelled(std::uint64_t bytes) {
  return bytes + in_each_byte('A') + at_least(bytes, 26) * ('a' - 'Z' - 1) -
         at_least(bytes, 52) * ('z' + 1 - '0') - at_least(bytes, 62) * ('9' + 1 - '-') +
         at_least(bytes, 63) * ('_' - '-' - 1);
}

}  // namespace sojourn::session
