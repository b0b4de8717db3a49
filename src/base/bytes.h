#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sojourn {

// From the machine's order of bytes, and back.
inline std::uint64_t in_little_endian(std::uint64_t value) {
  return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}

// Appends integers and byte strings to a text. Integers are unsigned LEB128 (7 bits a byte, lowest
// first); strings have their length before them. What is short is gathered first: all of it is in
// the text when the writer has ended.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  ~ByteWriter() { flush(); }
  ByteWriter(const ByteWriter&) = delete;
  ByteWriter& operator=(const ByteWriter&) = delete;

  void byte(std::uint8_t value) {
    make_room(1);
    gathered_[size_++] = static_cast<char>(value);
  }
  void varint(std::uint64_t value) {
    make_room(kVarintBytesMax);
    for (; value >= 0x80; value >>= 7) gathered_[size_++] = static_cast<char>(value | 0x80);
    gathered_[size_++] = static_cast<char>(value);
  }
  // The lowest so many bytes, the lowest first.
  template <std::size_t kBytes>
  void fixed(std::uint64_t value) {
    static_assert(kBytes <= sizeof(value));
    make_room(sizeof(value));
    value = in_little_endian(value);
    std::memcpy(&gathered_[size_], &value, sizeof(value));
    size_ += kBytes;
  }
  void fixed64(std::uint64_t value) { fixed<sizeof(value)>(value); }
  void string(std::string_view value) {
    varint(value.size());
    bytes(value);
  }
  // Without its length.
  void bytes(std::string_view value) {
    if (value.size() > kShort) {
      flush();
      out_.append(value);
      return;
    }
    make_room(value.size());
    value.copy(&gathered_[size_], value.size());
    size_ += value.size();
  }

 private:
  static constexpr std::size_t kVarintBytesMax = 10;
  static constexpr std::size_t kShort = 48;
  static constexpr std::size_t kRoom = 128;

  void make_room(std::size_t more) {
    if (size_ + more > kRoom) [[unlikely]]
      flush();
  }
  void flush() {
    out_.append(gathered_, size_);
    size_ = 0;
  }

  std::string& out_;
  std::size_t size_ = 0;
  char gathered_[kRoom];
};

// Reads what ByteWriter wrote, from bytes that nobody has checked. After the first thing that does
// not fit, everything reads as zero or empty and ok() is false: check once, at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}

  std::uint8_t byte();
  std::uint64_t varint() {
    if (!in_.empty() && static_cast<std::uint8_t>(in_.front()) < 0x80) return byte();
    return long_varint();
  }
  std::uint32_t varint32();  // not ok beyond 32 bits
  template <std::size_t kBytes>
  std::uint64_t fixed() {
    std::uint64_t value = 0;
    static_assert(kBytes <= sizeof(value));
    if (kBytes > in_.size()) {
      fail();
      return 0;
    }
    std::memcpy(&value, in_.data(), kBytes);
    in_.remove_prefix(kBytes);
    return in_little_endian(value);
  }
  std::uint64_t fixed64() { return fixed<sizeof(std::uint64_t)>(); }
  // A view into the input; not ok beyond `size_max`.
  std::string_view string(std::size_t size_max);
  // Exactly so many bytes, a view into the input.
  std::string_view bytes(std::size_t size);

  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }
  std::size_t left() const { return in_.size(); }
  // What has not been read.
  std::string_view rest() const { return in_; }
  // Declares the input malformed.
  void fail() {
    ok_ = false;
    in_ = {};
  }

 private:
  std::uint64_t long_varint();

  std::string_view in_;
  bool ok_ = true;
};

inline std::uint8_t ByteReader::byte() {
  if (in_.empty()) {
    fail();
    return 0;
  }
  const auto value = static_cast<std::uint8_t>(in_.front());
  in_.remove_prefix(1);
  return value;
}

inline std::string_view ByteReader::string(std::size_t size_max) {
  const std::uint64_t size = varint();
  if (size > size_max || size > in_.size()) {
    fail();
    return {};
  }
  return bytes(size);
}

inline std::string_view ByteReader::bytes(std::size_t size) {
  if (size > in_.size()) {
    fail();
    return {};
  }
  const std::string_view value = in_.substr(0, size);
  in_.remove_prefix(size);
  return value;
}

}  // namespace sojourn
