#include "base/random.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "support/catch.h"

namespace sojourn {
namespace {

// Gives the numbers it was told to.
class Script final : public Random {
 public:
  explicit Script(std::vector<std::uint64_t> numbers) : numbers_(std::move(numbers)) {}
  std::uint64_t next() override { return numbers_.at(at_++); }
  std::size_t drawn() const { return at_; }

 private:
  std::vector<std::uint64_t> numbers_;
  std::size_t at_ = 0;
};

// As other implementations of xoshiro256** seeded by splitmix64 give for seed 0.
TEST_CASE("the sequence of a seed is the published one", "[base]") {
  constexpr std::array<std::uint64_t, 6> kPublished = {0x99ec5f36cb75f2b4, 0xbf6e1f784956452a,
                                                       0x1a5f849d4933e6e0, 0x6aa594f1262d2d2c,
                                                       0xbba5ad4a1f842e59, 0xffef8375d9ebcaca};
  SeededRandom random(0);
  for (const std::uint64_t expected : kPublished) {
    CHECK(random.next() == expected);
  }
}

TEST_CASE("a seed replays and another seed differs", "[base]") {
  SeededRandom one(42);
  SeededRandom same(42);
  SeededRandom other(43);
  int equal = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t drawn = one.next();
    CHECK(same.next() == drawn);
    if (other.next() == drawn) ++equal;
  }
  CHECK(equal == 0);
}

TEST_CASE("numbers below a bound are below it, for any bound", "[base]") {
  SeededRandom random(3);
  for (const std::uint64_t bound :
       {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}, std::uint64_t{1000},
        (std::uint64_t{1} << 63) + 1, std::numeric_limits<std::uint64_t>::max()}) {
    for (int i = 0; i < 1000; ++i) CHECK(random.below(bound) < bound);
  }
}

TEST_CASE("below one there is only zero", "[base]") {
  SeededRandom random(4);
  for (int i = 0; i < 100; ++i) CHECK(random.below(1) == 0);
}

// 2^64 = 3 * 0x5555555555555555 + 1: of all drawings one too many gives 0, and it is drawn again.
TEST_CASE("the incomplete range is drawn again, so that all numbers are equally likely", "[base]") {
  Script script({0, 1});
  CHECK(script.below(3) == 1);
  CHECK(script.drawn() == 2);

  Script complete({0});
  CHECK(complete.below(4) == 0);
  CHECK(complete.drawn() == 1);
}

TEST_CASE("numbers below a bound are spread evenly", "[base]") {
  constexpr int kDrawn = 100'000;
  constexpr std::size_t kBound = 10;
  SeededRandom random(5);
  std::array<int, kBound> seen = {};
  for (int i = 0; i < kDrawn; ++i) ++seen[random.below(kBound)];

  const auto [least, most] = std::ranges::minmax_element(seen);
  // Five standard deviations.
  CHECK(*least > 10'000 - 475);
  CHECK(*most < 10'000 + 475);
}

TEST_CASE("one in n is true once in n times", "[base]") {
  SeededRandom random(6);
  int hits = 0;
  for (int i = 0; i < 100'000; ++i) hits += random.one_in(20) ? 1 : 0;
  CHECK(hits > 5000 - 345);
  CHECK(hits < 5000 + 345);

  for (int i = 0; i < 100; ++i) CHECK(random.one_in(1));
}

}  // namespace
}  // namespace sojourn
