#include "replication/memo.h"

#include "support/catch.h"

namespace sojourn::replication {
namespace {

constexpr Incarnation kCaller{7};

TEST_CASE("an operation is new, then running, then done with its result", "[replication]") {
  Memo memo;
  const OperationId id{kCaller, 1};
  CHECK(memo.standing(id) == Memo::Standing::kNew);

  memo.begin(id);
  CHECK(memo.standing(id) == Memo::Standing::kRunning);

  memo.finish(id, {.status = absl::AbortedError("first")});
  CHECK(memo.standing(id) == Memo::Standing::kDone);
  CHECK(memo.result(id).status.message() == "first");
}

TEST_CASE("what its caller has settled is stale, also if it was never seen", "[replication]") {
  Memo memo;
  memo.begin({kCaller, 1});
  memo.finish({kCaller, 1}, {});
  memo.begin({kCaller, 5});

  memo.settle(kCaller, 4);

  CHECK(memo.standing({kCaller, 1}) == Memo::Standing::kStale);
  CHECK(memo.standing({kCaller, 3}) == Memo::Standing::kStale);
  CHECK(memo.standing({kCaller, 4}) == Memo::Standing::kNew);
  CHECK(memo.standing({kCaller, 5}) == Memo::Standing::kRunning);
  CHECK(memo.size() == 1);
}

TEST_CASE("settling never goes back", "[replication]") {
  Memo memo;
  memo.settle(kCaller, 10);
  memo.settle(kCaller, 3);

  CHECK(memo.standing({kCaller, 9}) == Memo::Standing::kStale);
}

TEST_CASE("the outcome of a settled operation is not kept", "[replication]") {
  Memo memo;
  memo.begin({kCaller, 1});
  memo.settle(kCaller, 2);
  memo.finish({kCaller, 1}, {});

  CHECK(memo.size() == 0);
}

TEST_CASE("callers are told apart by incarnation", "[replication]") {
  Memo memo;
  memo.begin({kCaller, 1});

  CHECK(memo.standing({Incarnation{8}, 1}) == Memo::Standing::kNew);
}

}  // namespace
}  // namespace sojourn::replication
