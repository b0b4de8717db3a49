#include "transport/answer_times.h"

#include <thread>
#include <vector>

#include "support/catch.h"

namespace sojourn::transport {
namespace {

constexpr Time kBegin = Time(std::chrono::hours(1));
constexpr Duration kStep = std::chrono::microseconds(100);
constexpr const char* kA = "a";
constexpr const char* kB = "b";
constexpr const char* kC = "c";

TEST_CASE("nobody has answered before the first answer", "[transport]") {
  const AnswerTimes times;

  CHECK(!times.others(kA, kBegin));
  // Not even where the clock has just begun.
  CHECK(!times.others(kA, Time()));
}

TEST_CASE("a connection's own answers are not those of others", "[transport]") {
  AnswerTimes times;
  times.note(kA, kBegin);
  times.note(kA, kBegin + kStep);

  CHECK(!times.others(kA, kBegin + kStep));
  CHECK(times.others(kB, kBegin + kStep));
}

TEST_CASE("connections that answer in turn are others to each other", "[transport]") {
  AnswerTimes times;
  times.note(kA, kBegin);
  times.note(kB, kBegin + kStep);

  CHECK(times.others(kA, kBegin + kStep));
  CHECK(times.others(kB, kBegin + kStep));
  CHECK(times.others(kC, kBegin + kStep));
}

TEST_CASE("who has fallen silent is forgotten after a while", "[transport]") {
  AnswerTimes times;
  times.note(kB, kBegin);
  times.note(kA, kBegin + kStep);
  const Time late = kBegin + AnswerTimes::kLately;

  CHECK(times.others(kA, late - kStep));
  CHECK(!times.others(kA, late));
  times.note(kA, late);
  CHECK(!times.others(kA, late));
  CHECK(times.others(kB, late));
}

TEST_CASE("connections on several threads may note and ask at the same time", "[transport]") {
  AnswerTimes times;
  std::vector<std::thread> threads;
  for (const char* connection : {kA, kB, kC}) {
    threads.emplace_back([&times, connection] {
      for (int i = 0; i < 10000; ++i) {
        times.note(connection, kBegin + i * kStep);
        times.others(connection, kBegin + i * kStep);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  times.note(kA, kBegin + 10000 * kStep);
  CHECK(times.others(kB, kBegin + 10000 * kStep));
}

}  // namespace
}  // namespace sojourn::transport
