#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace sojourn::session {

// Name and value, borrowed.
struct AttributeView {
  std::string_view name = {};
  std::string_view value = {};

  friend bool operator==(const AttributeView&, const AttributeView&) = default;
};

// Attributes in the form in which records keep them and frames carry them, borrowed. One after the
// other, of each: the size of its name, in one byte; the size of its value, in one byte up to 127,
// and otherwise in two, of which the first has its highest bit set and the size's seven highest
// bits, as values are at most 16 KiB; its name; its value.
struct AttributeBlock {
  std::size_t count = 0;
  std::string_view bytes = {};

  static constexpr std::size_t kOneByteMax = 127;
  static constexpr unsigned kTwoBytes = 0x80;

  // The bytes before an attribute's texts, and how many they are at most.
  static constexpr std::size_t kSizesBytesMax = 3;
  static std::size_t sizes_bytes(std::size_t value_size) {
    return 1 + (value_size <= kOneByteMax ? 1u : 2u);
  }
  // Writes them and answers where they end.
  static char* write_sizes(char* at, std::size_t name_size, std::size_t value_size) {
    *at++ = static_cast<char>(name_size);
    if (value_size > kOneByteMax) *at++ = static_cast<char>(value_size >> 8 | kTwoBytes);
    *at++ = static_cast<char>(value_size & 0xff);
    return at;
  }

  static std::size_t size_of(std::span<const AttributeView> attributes) {
    std::size_t size = 0;
    for (const auto& [name, value] : attributes) {
      size += sizes_bytes(value.size()) + name.size() + value.size();
    }
    return size;
  }
  // Writes all of them and answers where they end.
  static char* write(char* at, std::span<const AttributeView> attributes) {
    for (const auto& [name, value] : attributes) {
      at = write_sizes(at, name.size(), value.size());
      at += name.copy(at, name.size());
      at += value.copy(at, value.size());
    }
    return at;
  }

  // The attribute that begins at `at`, which moves behind it. Of a block that this program wrote,
  // or has checked.
  static AttributeView next(const char*& at) {
    const std::size_t name_size = byte_at(at);
    std::size_t value_size = byte_at(at + 1);
    const char* name = at + 2;
    if (value_size > kOneByteMax) value_size = (value_size & kOneByteMax) << 8 | byte_at(name++);
    at = name + name_size + value_size;
    return {{name, name_size}, {name + name_size, value_size}};
  }

 private:
  static std::size_t byte_at(const char* at) { return static_cast<unsigned char>(*at); }
};

}  // namespace sojourn::session
