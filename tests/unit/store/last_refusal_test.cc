#include "store/last_refusal.h"

#include <chrono>

#include "support/catch.h"

namespace sojourn::store {

using std::chrono::seconds;

TEST_CASE("a refusal is told as long as the transport would repeat it", "[store][last-refusal]") {
  LastRefusal refusal;
  const Time start = Time() + seconds(100);
  CHECK(refusal.recent(start).empty());

  refusal.note(start, "the clusters differ");

  CHECK(refusal.recent(start + seconds(11)) == "; the clusters differ");
  CHECK(refusal.recent(start + seconds(16)).empty());
}

TEST_CASE("of several refusals the last one is told", "[store][last-refusal]") {
  LastRefusal refusal;
  const Time start = Time() + seconds(100);

  refusal.note(start, "the clusters differ");
  refusal.note(start + seconds(1), "its certificate is another's");

  CHECK(refusal.recent(start + seconds(2)) == "; its certificate is another's");
}

}  // namespace sojourn::store
