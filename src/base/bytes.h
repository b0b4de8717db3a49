#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sojourn {

// Appends integers and byte strings to a buffer. Integers are unsigned LEB128 (7 bits a byte,
// lowest first); strings have their length before them.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void byte(std::uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(std::uint64_t value) {
    if (value < 0x80) return byte(static_cast<std::uint8_t>(value));
    long_varint(value);
  }
  void fixed64(std::uint64_t value);  // little endian
  void string(std::string_view value);
  // Without its length.
  void bytes(std::string_view value) { out_.append(value); }

 private:
  void long_varint(std::uint64_t value);

  std::string& out_;
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
  std::uint64_t fixed64();
  // A view into the input; not ok beyond `size_max`.
  std::string_view string(std::size_t size_max);
  // Exactly so many bytes, a view into the input.
  std::string_view bytes(std::size_t size);

  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }
  std::size_t left() const { return in_.size(); }
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

inline void ByteWriter::string(std::string_view value) {
  varint(value.size());
  out_.append(value);
}

}  // namespace sojourn
