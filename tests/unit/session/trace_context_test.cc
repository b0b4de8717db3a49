#include <string>
#include <vector>

#include "sojourn/tracing.h"
#include "support/catch.h"

namespace sojourn {
namespace {

const std::string kTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

}  // namespace

TEST_CASE("a trace context is written as it was read", "[session]") {
  const auto context = TraceContext::parse(kTraceparent);

  REQUIRE(context.has_value());
  CHECK(context->trace_id[0] == 0x4b);
  CHECK(context->span_id[7] == 0xb7);
  CHECK(context->flags == 1);
  CHECK(context->traceparent() == kTraceparent);
}

TEST_CASE("a trace context without ids is none", "[session]") {
  CHECK_FALSE(TraceContext().is_valid());
  CHECK(TraceContext::parse(kTraceparent)->is_valid());
}

TEST_CASE("of a later version what is common is read", "[session]") {
  CHECK(TraceContext::parse("cc" + kTraceparent.substr(2)).has_value());
  CHECK(TraceContext::parse("cc" + kTraceparent.substr(2) + "-more").has_value());
}

TEST_CASE("what is no trace context is refused", "[session]") {
  const std::vector<std::string> rows = {
      "",
      "00",
      kTraceparent.substr(0, 54),
      kTraceparent + "-more",
      "cc" + kTraceparent.substr(2) + "more",
      "ff" + kTraceparent.substr(2),
      "0x" + kTraceparent.substr(2),
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
  };
  for (const std::string& row : rows) {
    CAPTURE(row);
    CHECK_FALSE(TraceContext::parse(row).has_value());
  }
}

}  // namespace sojourn
