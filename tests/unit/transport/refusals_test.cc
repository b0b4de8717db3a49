#include "transport/refusals.h"

#include "support/catch.h"

namespace sojourn::transport {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the same refusal is news once in ten seconds", "[transport]") {
  Refusals refusals;
  const Time start = Time(1h);

  CHECK(refusals.is_news("a", "unknown", start));
  CHECK_FALSE(refusals.is_news("a", "unknown", start + 9999ms));
  CHECK(refusals.is_news("a", "another cluster", start + 1s));
  CHECK(refusals.is_news("b", "unknown", start + 1s));
  CHECK(refusals.is_news("a", "unknown", start + 10s));
}

TEST_CASE("refusals with ever new words are not news without end", "[transport]") {
  Refusals refusals;
  const Time start = Time(1h);
  std::size_t reported = 0;

  for (int i = 0; i < 1000; ++i) reported += refusals.is_news(std::to_string(i), "unknown", start);

  CHECK(reported == Refusals::kInIntervalMax);
  CHECK(refusals.is_news("a", "unknown", start + 10s));
}

}  // namespace
}  // namespace sojourn::transport
