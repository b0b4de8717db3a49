#include "runtime/serving_spans.h"

#include <chrono>
#include <memory>

#include "support/catch.h"
#include "support/recording_tracer.h"

namespace sojourn::runtime {
namespace {

using namespace std::chrono_literals;
using replication::Reply;
using replication::Request;

constexpr Time kNow{1h};
const TraceContext kCaller =
    *TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

Request request(std::uint64_t number, const TraceContext& trace) {
  return {.number = number,
          .time_left = 250ms,
          .operation = {.verb = replication::Verb::kGet, .id = "s-1", .trace = trace}};
}

}  // namespace

TEST_CASE("a request of a traced caller is a span until its reply", "[runtime]") {
  const auto tracer = std::make_shared<RecordingTracer>();
  ServingSpans spans(tracer);

  spans.note_received(kNow, "auth-1", request(7, kCaller));
  spans.note_received(kNow, "auth-1", request(7, kCaller));
  REQUIRE(tracer->spans().size() == 1);
  CHECK(tracer->spans()[0].name == "sojourn.serve get");
  CHECK(tracer->spans()[0].kind == SpanKind::kServer);
  CHECK(tracer->spans()[0].parent == kCaller);
  CHECK(tracer->spans()[0].attributes.at("sojourn.caller") == "auth-1");

  spans.note_sent("auth-2", Reply{.number = 7});
  CHECK_FALSE(tracer->spans()[0].ended);
  spans.note_sent("auth-1", Reply{.number = 7});
  CHECK(tracer->spans()[0].ended);
  CHECK(tracer->spans()[0].error.empty());
}

TEST_CASE("a request of a caller that is not traced is no span", "[runtime]") {
  const auto tracer = std::make_shared<RecordingTracer>();
  ServingSpans spans(tracer);

  spans.note_received(kNow, "auth-1", request(7, {}));

  CHECK(tracer->spans().empty());
}

TEST_CASE("a request that is not answered in time ends as such", "[runtime]") {
  const auto tracer = std::make_shared<RecordingTracer>();
  ServingSpans spans(tracer);
  spans.note_received(kNow, "auth-1", request(7, kCaller));

  spans.note_time(kNow + 249ms);
  CHECK_FALSE(tracer->spans()[0].ended);
  spans.note_time(kNow + 250ms);
  CHECK(tracer->spans()[0].error == "it was not answered in the caller's time");
}

TEST_CASE("taking segments over is a span of its own", "[runtime]") {
  const auto tracer = std::make_shared<RecordingTracer>();
  ServingSpans spans(tracer);

  spans.note_standing(1, 64, 0);
  CHECK(tracer->spans().empty());
  spans.note_standing(2, 128, 64);
  spans.note_standing(2, 128, 32);
  REQUIRE(tracer->spans().size() == 1);
  CHECK(tracer->spans()[0].name == "sojourn.takeover");
  CHECK(tracer->spans()[0].attributes.at("sojourn.segments_waiting") == "64");
  CHECK_FALSE(tracer->spans()[0].ended);
  spans.note_standing(2, 128, 0);
  CHECK(tracer->spans()[0].ended);
}

}  // namespace sojourn::runtime
