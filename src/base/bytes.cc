#include "base/bytes.h"

#include <algorithm>
#include <limits>

namespace sojourn {

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

}  // namespace sojourn
