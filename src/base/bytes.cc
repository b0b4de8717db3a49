#include "base/bytes.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace sojourn {
namespace {

// From the machine's order of bytes, and back.
std::uint64_t in_little_endian(std::uint64_t value) {
  return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}

}  // namespace

void ByteWriter::fixed64(std::uint64_t value) {
  value = in_little_endian(value);
  char eight[sizeof(value)];
  std::memcpy(eight, &value, sizeof(value));
  bytes({eight, sizeof(eight)});
}

std::uint64_t ByteReader::long_varint() {
  constexpr std::size_t kMost = 10;
  std::uint64_t value = 0;
  const std::size_t end = std::min(in_.size(), kMost);
  for (std::size_t at = 0; at < end; ++at) {
    const auto next = static_cast<std::uint8_t>(in_[at]);
    const std::uint64_t bits = next & 0x7f;
    if (at == kMost - 1 && bits > 1) break;  // beyond 64 bits
    value |= bits << (7 * at);
    if (next < 0x80) {
      // One spelling a number: a trailing zero group would be a second one.
      if (next == 0 && at > 0) break;
      in_.remove_prefix(at + 1);
      return value;
    }
  }
  fail();
  return 0;
}

std::uint32_t ByteReader::varint32() {
  const std::uint64_t value = varint();
  if (value > std::numeric_limits<std::uint32_t>::max()) {
    fail();
    return 0;
  }
  return static_cast<std::uint32_t>(value);
}

std::uint64_t ByteReader::fixed64() {
  const std::string_view eight = bytes(8);
  if (eight.empty()) return 0;
  std::uint64_t value;
  std::memcpy(&value, eight.data(), sizeof(value));
  return in_little_endian(value);
}

}  // namespace sojourn
