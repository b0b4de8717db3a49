#include <prometheus/text_serializer.h>
#include <sojourn/prometheus.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "support/catch.h"

namespace sojourn {
namespace {

using namespace std::chrono_literals;

std::string exposition(const Metrics& metrics, const Health& health = {}) {
  return prometheus::TextSerializer().Serialize(metric_families(metrics, health));
}

// The lines of one family, its help aside.
std::string family(const std::string& text, const std::string& name) {
  const std::string type = "# TYPE " + name + " ";
  const std::size_t begin = text.find(type);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find("# HELP ", begin) - begin);
}

template <typename Enum, typename Values>
auto& at(Values& values, Enum which) {
  return values[static_cast<std::size_t>(which)];
}

}  // namespace

TEST_CASE("a gauge has a line for each of its states", "[prometheus]") {
  Metrics metrics;
  metrics.segments_primary = 10;
  metrics.segments_waiting = 3;
  metrics.segments_backup = 9;
  metrics.segments_learning = 2;
  metrics.segments_lost = 1;

  CHECK(family(exposition(metrics), "sojourn_segments") ==
        "# TYPE sojourn_segments gauge\n"
        "sojourn_segments{state=\"serving\"} 7\n"
        "sojourn_segments{state=\"waiting\"} 3\n"
        "sojourn_segments{state=\"backup\"} 9\n"
        "sojourn_segments{state=\"learning\"} 2\n"
        "sojourn_segments{state=\"lost\"} 1\n");
}

TEST_CASE("the sticky ratio can be told from four counters", "[prometheus]") {
  Metrics metrics;
  at(metrics.sticky, Sticky::kHit) = 90;
  at(metrics.sticky, Sticky::kMiss) = 6;
  at(metrics.sticky, Sticky::kUnknown) = 4;

  CHECK(family(exposition(metrics), "sojourn_sticky_total") ==
        "# TYPE sojourn_sticky_total counter\n"
        "sojourn_sticky_total{result=\"hit\"} 90\n"
        "sojourn_sticky_total{result=\"miss\"} 6\n"
        "sojourn_sticky_total{result=\"none\"} 0\n"
        "sojourn_sticky_total{result=\"unknown\"} 4\n");
}

TEST_CASE("refused cookies are counted by what was wrong with them", "[prometheus]") {
  Metrics metrics;
  at(metrics.cookies_rejected, CookieFault::kForged) = 5;

  CHECK(family(exposition(metrics), "sojourn_cookies_rejected_total") ==
        "# TYPE sojourn_cookies_rejected_total counter\n"
        "sojourn_cookies_rejected_total{reason=\"malformed\"} 0\n"
        "sojourn_cookies_rejected_total{reason=\"unknown_key\"} 0\n"
        "sojourn_cookies_rejected_total{reason=\"forged\"} 5\n"
        "sojourn_cookies_rejected_total{reason=\"surplus\"} 0\n");
}

TEST_CASE("a histogram counts what took at most so long, and the last step all", "[prometheus]") {
  Metrics metrics;
  Latencies& latencies = at(metrics.reads, Place::kRemote).latencies;
  for (const auto took :
       {250ns, 251ns, std::chrono::nanoseconds(1ms), std::chrono::nanoseconds(1min)}) {
    ++latencies.counts[Latencies::bucket_of(took)];
    latencies.sum += took;
  }

  const std::string text = family(exposition(metrics), "sojourn_read_seconds");

  const auto has = [&](const std::string& line) {
    return text.find("\nsojourn_read_seconds" + line + "\n") != std::string::npos;
  };
  CHECK(has("_count{place=\"remote\"} 4"));
  CHECK(has("_bucket{place=\"remote\",le=\"2.5e-07\"} 1"));
  CHECK(has("_bucket{place=\"remote\",le=\"5e-07\"} 2"));
  CHECK(has("_bucket{place=\"remote\",le=\"0.000512\"} 2"));
  CHECK(has("_bucket{place=\"remote\",le=\"0.001024\"} 3"));
  CHECK(has("_bucket{place=\"remote\",le=\"8.388608\"} 3"));
  CHECK(has("_bucket{place=\"remote\",le=\"+Inf\"} 4"));
  CHECK(has("_count{place=\"local\"} 0"));
}

TEST_CASE("writes are told by verb and result", "[prometheus]") {
  Metrics metrics;
  at(at(metrics.writes, WriteVerb::kAuthenticate).outcomes, Outcome::kResourceExhausted) = 3;

  const std::string text = family(exposition(metrics), "sojourn_writes_total");

  CHECK(text.find("{verb=\"authenticate\",result=\"resource_exhausted\"} 3\n") !=
        std::string::npos);
  CHECK(text.find("{verb=\"create\",result=\"ok\"} 0\n") != std::string::npos);
}

TEST_CASE("a queue is told of each peer", "[prometheus]") {
  Metrics metrics;
  metrics.peer_queues = {{"auth-1", 512}, {"auth-2", 0}};

  CHECK(family(exposition(metrics), "sojourn_queue_bytes") ==
        "# TYPE sojourn_queue_bytes gauge\n"
        "sojourn_queue_bytes{peer=\"auth-1\"} 512\n"
        "sojourn_queue_bytes{peer=\"auth-2\"} 0\n");
}

TEST_CASE("each stage of health is 1 or 0", "[prometheus]") {
  CHECK(family(exposition({}, {.started = true, .live = true}), "sojourn_health") ==
        "# TYPE sojourn_health gauge\n"
        "sojourn_health{stage=\"started\"} 1\n"
        "sojourn_health{stage=\"live\"} 1\n"
        "sojourn_health{stage=\"ready\"} 0\n"
        "sojourn_health{stage=\"safe\"} 0\n");
}

}  // namespace sojourn
