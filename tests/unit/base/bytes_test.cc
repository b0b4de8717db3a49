#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "support/catch.h"

namespace sojourn {
namespace {

using namespace std::string_literals;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kAnySize = std::numeric_limits<std::size_t>::max();

template <typename Write>
std::string written(Write write) {
  std::string out;
  {
    ByteWriter writer(out);
    write(writer);
  }
  return out;
}

std::string varint(std::uint64_t value) {
  return written([&](ByteWriter& writer) { writer.varint(value); });
}

TEST_CASE("varints have seven bits a byte, the lowest first", "[base]") {
  struct Row {
    std::uint64_t value;
    std::string bytes;
  };
  const auto row =
      GENERATE(Row{0, "\0"s}, Row{1, "\x01"s}, Row{127, "\x7f"s}, Row{128, "\x80\x01"s},
               Row{300, "\xac\x02"s}, Row{16'383, "\xff\x7f"s}, Row{16'384, "\x80\x80\x01"s},
               Row{std::uint64_t{1} << 63, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s},
               Row{kMax, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s});
  CAPTURE(row.value);

  CHECK(varint(row.value) == row.bytes);

  ByteReader reader(row.bytes);
  CHECK(reader.varint() == row.value);
  CHECK(reader.ok());
  CHECK(reader.at_end());
}

TEST_CASE("fixed integers are eight bytes, the lowest first", "[base]") {
  const std::string bytes = written([](ByteWriter& writer) { writer.fixed64(0xf102030405060708); });
  CHECK(bytes == "\x08\x07\x06\x05\x04\x03\x02\xf1"s);

  ByteReader reader(bytes);
  CHECK(reader.fixed64() == 0xf102030405060708);
  CHECK(reader.ok());
}

TEST_CASE("a number has as many bytes as are asked for, the lowest first", "[base]") {
  const std::string bytes = written([](ByteWriter& writer) {
    writer.fixed<6>(0xf102030405060708);
    writer.fixed<1>(9);
  });

  CHECK(bytes == "\x08\x07\x06\x05\x04\x03\x09"s);
  ByteReader reader(bytes);
  CHECK(reader.fixed<6>() == 0x030405060708);
  CHECK(reader.fixed<2>() == 0);
  CHECK_FALSE(reader.ok());
}

TEST_CASE("what was written one after the other is read so", "[base]") {
  const std::string bytes = written([](ByteWriter& writer) {
    writer.byte(0xff);
    writer.varint(70'000);
    writer.string("nul\0inside"s);
    writer.string("");
    writer.fixed64(kMax);
    writer.varint(5);
  });

  ByteReader reader(bytes);
  CHECK(reader.byte() == 0xff);
  CHECK(reader.varint32() == 70'000);
  CHECK(reader.string(10) == "nul\0inside"s);
  CHECK(reader.string(0).empty());
  CHECK(reader.fixed64() == kMax);
  CHECK(reader.left() == 1);
  CHECK_FALSE(reader.at_end());
  CHECK(reader.varint() == 5);
  CHECK(reader.at_end());
  CHECK(reader.ok());
}

TEST_CASE("writing appends to what is there", "[base]") {
  std::string out = "before";
  ByteWriter(out).string("after");
  CHECK(out ==
        "before\x05"
        "after");
}

TEST_CASE("a varint that does not fit 64 bits or has a second spelling is refused", "[base]") {
  const std::string bytes = GENERATE(
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81"s,
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"s,
      "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s, "\x80\x00"s, "\x81\x00"s, "\xff\x80\x00"s,
      "\xff\xff\xff\xff\xff\xff\xff\x00"s, "\xff\xff\xff\xff\xff\xff\xff\xff\x00"s);
  const std::string behind = GENERATE(""s, "12345678"s);

  const std::string all = bytes + behind;
  ByteReader reader(all);
  CHECK(reader.varint() == 0);
  CHECK_FALSE(reader.ok());
}

TEST_CASE("a varint is the same whatever stands behind it, and nothing where it is cut short",
          "[base]") {
  const std::size_t behind = GENERATE(0u, 1u, 7u, 8u, 20u);
  const char next = GENERATE('\x00', '\x7f', '\xff');

  for (int bits = 0; bits < 64; ++bits) {
    for (const std::uint64_t value :
         {std::uint64_t{1} << bits, (std::uint64_t{1} << bits) - 1, kMax >> bits, kMax << bits}) {
      const std::string bytes = varint(value);
      const std::string all = bytes + std::string(behind, next);
      ByteReader reader(all);
      REQUIRE(reader.varint() == value);
      REQUIRE(reader.ok());
      REQUIRE(reader.left() == behind);

      for (std::size_t size = 0; size < bytes.size(); ++size) {
        ByteReader cut_short(std::string_view(bytes).substr(0, size));
        REQUIRE(cut_short.varint() == 0);
        REQUIRE_FALSE(cut_short.ok());
      }
    }
  }
}

TEST_CASE("integers of 32 bits are refused beyond", "[base]") {
  const std::string largest = varint(0xffff'ffff);
  ByteReader fits(largest);
  CHECK(fits.varint32() == 0xffff'ffff);
  CHECK(fits.ok());

  const std::string larger = varint(0x1'0000'0000);
  ByteReader beyond(larger);
  CHECK(beyond.varint32() == 0);
  CHECK_FALSE(beyond.ok());
}

TEST_CASE("a string longer than allowed, or than what is left, is refused", "[base]") {
  const std::string bytes = written([](ByteWriter& writer) { writer.string("12345"); });
  CHECK(ByteReader(bytes).string(5) == "12345");

  ByteReader too_long(bytes);
  CHECK(too_long.string(4).empty());
  CHECK_FALSE(too_long.ok());

  ByteReader cut_short(std::string_view(bytes).substr(0, 5));
  CHECK(cut_short.string(5).empty());
  CHECK_FALSE(cut_short.ok());

  const std::string endless = varint(kMax) + "12345";
  ByteReader lying(endless);
  CHECK(lying.string(kAnySize).empty());
  CHECK_FALSE(lying.ok());
}

TEST_CASE("after the first thing that does not fit everything reads as nothing", "[base]") {
  const std::string bytes =
      "\x05"
      "1234567890"s;
  ByteReader reader(bytes);

  CHECK(reader.string(4).empty());

  CHECK_FALSE(reader.ok());
  CHECK(reader.byte() == 0);
  CHECK(reader.varint() == 0);
  CHECK(reader.varint32() == 0);
  CHECK(reader.fixed64() == 0);
  CHECK(reader.string(kAnySize).empty());
  CHECK(reader.left() == 0);
  CHECK_FALSE(reader.ok());
}

TEST_CASE("a reader may be told that its input is malformed", "[base]") {
  ByteReader reader("\x01");
  reader.fail();

  CHECK_FALSE(reader.ok());
  CHECK(reader.byte() == 0);
}

TEST_CASE("no prefix of something written reads as the whole", "[base]") {
  const std::string bytes = written([](ByteWriter& writer) {
    writer.varint(1'000'000);
    writer.fixed64(7);
    writer.string("text");
    writer.byte(1);
  });

  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ByteReader reader(std::string_view(bytes).substr(0, size));
    reader.varint();
    reader.fixed64();
    reader.string(4);
    reader.byte();
    CHECK_FALSE(reader.ok());
  }
}

TEST_CASE("any bytes can be read in any way, and what reads well writes the same", "[base]") {
  SeededRandom random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random.below(24), '\0');
    for (char& byte : bytes) {
      // Many high bits, so that varints get long.
      byte = static_cast<char>(random.next() | (random.one_in(4) ? 0 : 0x80));
    }
    ByteReader reader(bytes);
    std::string again;
    auto writer = std::make_unique<ByteWriter>(again);
    while (reader.ok() && !reader.at_end()) {
      switch (random.below(3)) {
        case 0:
          writer->varint(reader.varint());
          break;
        case 1:
          writer->fixed64(reader.fixed64());
          break;
        default:
          writer->string(reader.string(kAnySize));
      }
    }
    writer.reset();
    if (reader.ok()) REQUIRE(again == bytes);
  }
}

}  // namespace
}  // namespace sojourn
