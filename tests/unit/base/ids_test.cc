#include "base/ids.h"

#include <type_traits>

#include "support/catch.h"

namespace sojourn {
namespace {

TEST_CASE("ids of one kind compare by their value", "[base]") {
  CHECK(SegmentId{1} == SegmentId{1});
  CHECK(SegmentId{1} < SegmentId{2});
  CHECK(MemberIndex{3} > MemberIndex{2});
  CHECK(Incarnation{7} != Incarnation{8});
}

TEST_CASE("operations are ordered by caller, then by number", "[base]") {
  const Incarnation one{1};
  const Incarnation two{2};

  CHECK(OperationId{one, 5} == OperationId{one, 5});
  CHECK(OperationId{one, 5} < OperationId{one, 6});
  CHECK(OperationId{one, 6} < OperationId{two, 5});
}

TEST_CASE("an id that nobody set names nobody", "[base]") {
  CHECK(Incarnation{}.value == 0);
  CHECK(OperationId{} == OperationId{Incarnation{0}, 0});
}

template <typename From, typename To>
constexpr bool kMixes = std::is_convertible_v<From, To> || std::is_constructible_v<To, From>;

TEST_CASE("ids of different kinds do not mix", "[base]") {
  CHECK_FALSE(kMixes<SegmentId, MemberIndex>);
  CHECK_FALSE(kMixes<MemberIndex, SegmentId>);
  CHECK_FALSE(kMixes<Incarnation, MemberIndex>);
  CHECK_FALSE(std::is_convertible_v<std::uint64_t, Incarnation>);
}

}  // namespace
}  // namespace sojourn
