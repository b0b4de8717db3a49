// Who decides on the logins of a subject that has as many sessions as it may.

#include "node/arbiter.h"

#include <string>

#include "support/catch.h"

namespace sojourn::node {
namespace {

using namespace std::chrono_literals;
using replication::Gathered;
using replication::Key;

const Key kAna = {.text = "ana"};
constexpr Time kNow = Time(1h);

// At member 0: the subject has one session, and one login waits.
Inquiries::Surveyed survey(std::uint64_t number) {
  Gathered gathered;
  gathered.counted = {{.id = "oldest", .created_at = kNow - 1min}};
  gathered.waiting = {OperationId{}};
  return {.number = number, .key = kAna, .answers = {{MemberIndex{0}, gathered}}};
}

struct OnePlace {
  OnePlace() {
    arbiter.apply(kAna);
    arbiter.take_effects();
    arbiter.surveyed(kNow, survey(1));
  }
  Arbiter arbiter{{.maximum = 1, .when_full = WhenFull::kEndOldest, .resend_interval = 100ms}};
};

TEST_CASE("when the oldest session has ended, the next survey is made at once", "[arbiter]") {
  OnePlace one;
  REQUIRE(one.arbiter.take_effects().endings.size() == 1);

  one.arbiter.ended(kAna);

  CHECK(one.arbiter.take_effects().surveys.size() == 1);
}

TEST_CASE("who makes room in vain pauses before each further try", "[arbiter]") {
  OnePlace one;
  one.arbiter.ended(kAna);
  one.arbiter.take_effects();
  one.arbiter.surveyed(kNow, survey(2));
  CHECK(one.arbiter.take_effects().endings.size() == 1);

  one.arbiter.ended(kAna);

  one.arbiter.tick(kNow);
  CHECK(one.arbiter.take_effects().surveys.empty());
  REQUIRE(one.arbiter.next_deadline() == kNow + 100ms);
  one.arbiter.tick(kNow + 100ms);
  CHECK(one.arbiter.take_effects().surveys.size() == 1);
  CHECK_FALSE(one.arbiter.next_deadline());
}

TEST_CASE("a verdict is told again until it is acknowledged", "[arbiter]") {
  OnePlace one;
  one.arbiter.ended(kAna);
  one.arbiter.take_effects();
  Inquiries::Surveyed room = survey(2);
  room.answers[0].second.counted.clear();
  one.arbiter.surveyed(kNow, room);
  CHECK(one.arbiter.take_effects().verdicts.size() == 1);

  one.arbiter.tick(kNow + 100ms);
  CHECK(one.arbiter.take_effects().verdicts.size() == 1);
  one.arbiter.receive(MemberIndex{0}, {.number = 2, .key = kAna});

  CHECK(one.arbiter.busy() == 0);
  CHECK_FALSE(one.arbiter.next_deadline());
}

}  // namespace
}  // namespace sojourn::node
