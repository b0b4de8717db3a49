#include "ring/fixed_log2.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support/catch.h"

namespace sojourn::ring {
namespace {

double as_double(std::int64_t fixed) { return std::ldexp(static_cast<double>(fixed), -kLog2Bits); }

}  // namespace

TEST_CASE("fixed_log2 is exact for powers of two", "[ring]") {
  for (int power = 0; power < 64; ++power) {
    CHECK(fixed_log2(std::uint64_t{1} << power) == std::int64_t{power} << kLog2Bits);
  }
}

TEST_CASE("fixed_log2 is at most 2^-22 below the logarithm, and never falls", "[ring]") {
  const double error_max = std::ldexp(1, -22);
  std::int64_t before = 0;
  double least = 0;
  double most = 0;
  bool rises = true;
  for (std::uint64_t x = 1; x < std::numeric_limits<std::uint64_t>::max() / 2; x += x / 3000 + 1) {
    const std::int64_t log2 = fixed_log2(x);
    const double error = as_double(log2) - std::log2(static_cast<double>(x));
    least = std::min(least, error);
    most = std::max(most, error);
    rises = rises && log2 >= before;
    before = log2;
  }
  CHECK(rises);
  CHECK(least >= -error_max);
  CHECK(most <= 1e-9);  // what the two ways of rounding leave
}

TEST_CASE("fixed_log2 of the greatest number is just below 64", "[ring]") {
  CHECK(fixed_log2(std::numeric_limits<std::uint64_t>::max()) ==
        (std::int64_t{64} << kLog2Bits) - 1);
}

}  // namespace sojourn::ring
