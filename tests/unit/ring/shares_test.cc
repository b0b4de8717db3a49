#include "ring/shares.h"

#include <vector>

#include "support/catch.h"

namespace sojourn::ring {
namespace {

std::vector<Amount> shares(Amount total, std::vector<Sharer> sharers) {
  divide(total, sharers);
  std::vector<Amount> result;
  for (const Sharer& sharer : sharers) result.push_back(sharer.share);
  return result;
}

Sharer sharer(std::int64_t weight, Amount least, Amount most) {
  return {.weight = weight, .least = least, .most = most, .share = 0};
}

}  // namespace

TEST_CASE("shares are in proportion to weights, within the limits", "[ring]") {
  using Shares = std::vector<Amount>;

  CHECK(shares(0, {}) == Shares{});
  CHECK(shares(600, {sharer(1, 0, 600)}) == Shares{600});
  CHECK(shares(600, {sharer(1, 0, 600), sharer(2, 0, 600)}) == Shares{200, 400});

  // What one may not have goes to the others, which may bring the next one to its limit.
  CHECK(shares(600, {sharer(1, 0, 300), sharer(4, 0, 300)}) == Shares{300, 300});
  CHECK(shares(900, {sharer(8, 0, 300), sharer(3, 0, 300), sharer(1, 0, 300)}) ==
        Shares{300, 300, 300});
  CHECK(shares(900, {sharer(8, 0, 400), sharer(3, 0, 360), sharer(1, 0, 400), sharer(1, 0, 400)}) ==
        Shares{400, 300, 100, 100});

  // What one must have is taken from the others.
  CHECK(shares(600, {sharer(1, 200, 600), sharer(5, 0, 600)}) == Shares{200, 400});

  // Both: the least of one and the most of the other.
  CHECK(shares(600, {sharer(1, 150, 600), sharer(9, 0, 400), sharer(1, 0, 600)}) ==
        Shares{150, 400, 50});
  CHECK(shares(1000, {sharer(1, 300, 1000), sharer(8, 0, 600), sharer(1, 0, 1000)}) ==
        Shares{300, 600, 100});
}

}  // namespace sojourn::ring
