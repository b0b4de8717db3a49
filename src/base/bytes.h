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
  void varint(std::uint64_t value);
  void fixed64(std::uint64_t value);  // little endian
  void string(std::string_view value);

 private:
  std::string& out_;
};

// Reads what ByteWriter wrote, from bytes that nobody has checked. After the first thing that does
// not fit, everything reads as zero or empty and ok() is false: check once, at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}

  std::uint8_t byte();
  std::uint64_t varint();
  std::uint32_t varint32();  // not ok beyond 32 bits
  std::uint64_t fixed64();
  // A view into the input; not ok beyond `size_max`.
  std::string_view string(std::size_t size_max);

  bool ok() const { return ok_; }
  bool at_end() const { return in_.empty(); }
  std::size_t left() const { return in_.size(); }
  // Declares the input malformed.
  void fail() {
    ok_ = false;
    in_ = {};
  }

 private:
  std::string_view in_;
  bool ok_ = true;
};

}  // namespace sojourn
