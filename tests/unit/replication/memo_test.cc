#include "replication/memo.h"

#include <algorithm>
#include <set>
#include <vector>

#include "support/catch.h"

namespace sojourn::replication {
namespace {

constexpr Incarnation kCaller{7};
constexpr Incarnation kOther{8};
constexpr SegmentId kSegment{3};
constexpr std::uint64_t kEpoch = 5;

const Result kAborted = {.status = absl::AbortedError("first")};

TEST_CASE("an operation is new, then running, then done with its result", "[replication]") {
  Memo memo;
  const OperationId id{kCaller, 1};
  CHECK(memo.standing(id) == Memo::Standing::kNew);

  memo.begin(id);
  CHECK(memo.standing(id) == Memo::Standing::kRunning);

  memo.finish(id, kSegment, kEpoch, kAborted);
  CHECK(memo.standing(id) == Memo::Standing::kDone);
  CHECK(memo.result(id).status.message() == "first");
}

TEST_CASE("what was given up may be asked for again, what is done may not", "[replication]") {
  Memo memo;
  memo.begin({kCaller, 1});
  memo.begin({kCaller, 2});
  memo.finish({kCaller, 2}, kSegment, kEpoch, {});

  for (const std::uint64_t number : {1, 2, 3}) memo.abandon({kCaller, number});
  memo.abandon({kOther, 1});

  CHECK(memo.standing({kCaller, 1}) == Memo::Standing::kNew);
  CHECK(memo.standing({kCaller, 2}) == Memo::Standing::kDone);
  CHECK(memo.standing({kCaller, 3}) == Memo::Standing::kNew);
}

TEST_CASE("what its caller has settled is stale, also if it was never seen", "[replication]") {
  Memo memo;
  memo.begin({kCaller, 1});
  memo.finish({kCaller, 1}, kSegment, kEpoch, {});
  memo.begin({kCaller, 5});

  memo.settle(kCaller, 4);

  CHECK_FALSE(memo.finish({kCaller, 3}, kSegment, kEpoch, {}));
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
  memo.finish({kCaller, 1}, kSegment, kEpoch, {});

  CHECK(memo.size() == 0);
  CHECK(memo.standing({kCaller, 1}) == Memo::Standing::kStale);
}

TEST_CASE("callers are told apart by incarnation", "[replication]") {
  Memo memo;
  memo.begin({kCaller, 1});

  CHECK(memo.standing({kOther, 1}) == Memo::Standing::kNew);
}

TEST_CASE("a write is news if its operation is not done, or was done under an earlier epoch",
          "[replication]") {
  Memo memo;
  memo.begin({kCaller, 2});
  memo.finish({kCaller, 3}, kSegment, kEpoch, {});
  memo.settle(kCaller, 1);

  CHECK(memo.is_news({kCaller, 1}, kEpoch));
  CHECK(memo.is_news({kCaller, 2}, kEpoch));
  CHECK_FALSE(memo.is_news({kCaller, 3}, kEpoch));
  CHECK(memo.is_news({kCaller, 3}, kEpoch + 1));
  CHECK_FALSE(memo.is_news({kCaller, 3}, kEpoch - 1));
  CHECK_FALSE(memo.is_news({kCaller, 0}, kEpoch + 1));
}

TEST_CASE("callers that are gone for good are forgotten", "[replication]") {
  Memo memo;
  memo.finish({kCaller, 1}, kSegment, kEpoch, {});
  memo.finish({kOther, 1}, kSegment, kEpoch, {});

  memo.keep_only({kOther, Incarnation{99}});

  CHECK(memo.standing({kCaller, 1}) == Memo::Standing::kNew);
  CHECK(memo.standing({kOther, 1}) == Memo::Standing::kDone);

  memo.clear();
  CHECK(memo.size() == 0);
}

std::vector<OperationId> operations(const std::vector<Remembered>& remembered) {
  std::vector<OperationId> ids;
  for (const Remembered& one : remembered) ids.push_back(one.operation);
  std::ranges::sort(ids);
  return ids;
}

TEST_CASE("what moves with a segment is what was done in it and had an effect", "[replication]") {
  Memo memo;
  memo.finish({kCaller, 1}, kSegment, kEpoch, {});
  memo.finish({kCaller, 2}, SegmentId{4}, kEpoch, {});
  memo.finish({kCaller, 3}, kSegment, kEpoch, kAborted);
  memo.begin({kCaller, 4});
  memo.finish({kOther, 1}, kSegment, kEpoch - 3, {});
  memo.finish({kOther, 2}, SegmentId{5}, kEpoch, {});

  using Ids = std::vector<OperationId>;
  CHECK(operations(memo.of_segments({kSegment})) == Ids{{kCaller, 1}, {kOther, 1}});
  CHECK(operations(memo.of_segments({SegmentId{4}, SegmentId{5}})) ==
        Ids{{kCaller, 2}, {kOther, 2}});
  CHECK(memo.of_segments({}).empty());
  CHECK(memo.of_segments({kSegment}).front().segment == kSegment);
}

TEST_CASE("what the primary remembers replaces what is known from earlier epochs",
          "[replication]") {
  Memo memo;
  memo.keep_only({kCaller});
  memo.finish({kCaller, 1}, kSegment, kEpoch - 1, {});      // the primary does not know of it
  memo.finish({kCaller, 2}, kSegment, kEpoch, kAborted);    // of this epoch
  memo.finish({kCaller, 3}, SegmentId{4}, kEpoch - 1, {});  // of another segment
  memo.begin({kCaller, 4});

  memo.replace({kSegment}, kEpoch,
               {{{kCaller, 2}, kSegment, {}},
                {{kCaller, 4}, kSegment, {}},
                {{kCaller, 5}, kSegment, {}},
                {{kCaller, 6}, SegmentId{4}, {}}});

  CHECK(memo.standing({kCaller, 1}) == Memo::Standing::kNew);
  CHECK(memo.result({kCaller, 2}).status.message() == "first");
  CHECK(memo.standing({kCaller, 3}) == Memo::Standing::kDone);
  CHECK(memo.standing({kCaller, 4}) == Memo::Standing::kRunning);
  CHECK(memo.standing({kCaller, 5}) == Memo::Standing::kDone);
  CHECK_FALSE(memo.is_news({kCaller, 5}, kEpoch));
  CHECK(memo.standing({kCaller, 6}) == Memo::Standing::kNew);
}

TEST_CASE("what callers did that are gone for good is not taken over", "[replication]") {
  Memo memo;
  memo.keep_only({kCaller});

  memo.replace({kSegment}, kEpoch, {{{kCaller, 1}, kSegment, {}}, {{kOther, 1}, kSegment, {}}});

  CHECK(memo.standing({kCaller, 1}) == Memo::Standing::kDone);
  CHECK(memo.standing({kOther, 1}) == Memo::Standing::kNew);
}

TEST_CASE("what its caller has settled is not remembered again", "[replication]") {
  Memo memo;
  memo.keep_only({kCaller});
  memo.settle(kCaller, 10);

  memo.replace({kSegment}, kEpoch, {{{kCaller, 9}, kSegment, {}}});

  CHECK(memo.size() == 0);
  CHECK(memo.standing({kCaller, 9}) == Memo::Standing::kStale);
}

}  // namespace
}  // namespace sojourn::replication
