#include "base/hash.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.h"

namespace sojourn {

TEST_CASE("stable_hash is XXH3", "[base]") {
  // The beginnings of an endless alphabet: one for each way in which XXH3 treats lengths.
  struct Row {
    std::size_t length;
    std::uint64_t seed;
    std::uint64_t hash;
  };
  const std::vector<Row> rows = {
      {0, 0, 0x2d06800538d394c2},
      {0, 1, 0x4dc5b0cc826f6703},
      {1, 0, 0xe6c632b61e964e1f},
      {1, 1, 0xd2f6d0996f37a720},
      {3, 0, 0x78af5f94892f3950},
      {3, 1, 0x6b4467b443c76228},
      {8, 0, 0x6f45a76842a96483},
      {8, 1, 0x7cdfdd84a400303c},
      {8, 0x9e3779b97f4a7c15, 0x1cf934575fcd0b79},
      {16, 0, 0x3d3ccac9af14d8a8},
      {16, 1, 0xa287607c527329b1},
      {32, 0, 0x721f9b13256c3123},
      {32, 1, 0x04197663c7ba2c91},
      {128, 0, 0x3e99edc6c76f21c6},
      {128, 1, 0xc2073907b856d61a},
      {240, 0, 0xea0e0f78188232ed},
      {240, 1, 0xff1886f922c26393},
      {1000, 0, 0xe153425558d7da5d},
      {1000, 1, 0x62adcd0cda1fd812},
  };
  for (const Row& row : rows) {
    std::string text;
    while (text.size() < row.length) text += static_cast<char>('a' + text.size() % 26);

    INFO(row.length << " bytes, seed " << row.seed);
    CHECK(stable_hash(text, row.seed) == row.hash);
    if (row.seed == 0) CHECK(stable_hash(text) == row.hash);
  }
}

TEST_CASE("stable_hash takes all bytes and tells lengths apart", "[base]") {
  CHECK(stable_hash(std::string_view("a\0b", 3)) != stable_hash(std::string_view("a\0c", 3)));
  CHECK(stable_hash(std::string_view("\0", 1)) != stable_hash(std::string_view("\0\0", 2)));
  CHECK(stable_hash("") == stable_hash(std::string_view()));
}

}  // namespace sojourn
