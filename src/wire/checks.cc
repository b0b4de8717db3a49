#include "wire/checks.h"

#include <algorithm>
#include <bit>

#include "wire/bounds.h"

namespace sojourn::wire {

bool is_name(std::string_view name) {
  const auto is_letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= kNameBytesMax && name.front() != '-' &&
         name.back() != '-' &&
         std::ranges::all_of(name, [&](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_address(std::string_view address) {
  return !address.empty() && address.size() <= kAddressBytesMax &&
         std::ranges::all_of(address, [](char c) { return c > ' ' && c <= '~'; });
}

Wrong check_shape(std::uint32_t segments, std::uint32_t copies) {
  if (!std::has_single_bit(segments) || segments > kSegmentsMax) {
    return "the number of segments is not a power of two up to 65536";
  }
  if (copies < 1 || copies > kCopiesMax) return "the number of copies is not between 1 and 5";
  return nullptr;
}

}  // namespace sojourn::wire
