#include "gatehouse/status.h"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "support/catch.h"

namespace gatehouse {

TEST_CASE("readiness is the store's until the server stops", "[gatehouse][status]") {
  const sojourn::Health ready = {.live = true, .ready = true, .reason = "ready"};
  const sojourn::Health waiting = {.live = true, .reason = "waits for auth-1"};

  CHECK(readiness_answer(ready, false, {}).status() == 200);
  CHECK(readiness_answer(ready, true, {}).status() == 503);
  CHECK(readiness_answer(waiting, false, {}).status() == 503);
}

TEST_CASE("readiness tells the reason, the view and whether the server may be spared",
          "[gatehouse][status]") {
  sojourn::Metrics metrics;
  metrics.epoch = 7;
  metrics.members = 3;
  sojourn::Health health = {.live = true, .ready = true, .reason = "ready", .safe = true};

  CHECK(readiness_answer(health, false, metrics).body() == "ready\nepoch 7, 3 members, safe\n");

  health.safe = false;
  health.safe_reason = "2 segments have too few copies";
  CHECK(readiness_answer(health, false, metrics).body() ==
        "ready\nepoch 7, 3 members, not safe: 2 segments have too few copies\n");

  metrics.segments_lost = 5;
  CHECK(readiness_answer(health, false, metrics)
            .body()
            .ends_with("\nsessions were lost with all their copies: segments 5\n"));

  health.leaving = true;
  CHECK(readiness_answer(health, true, metrics)
            .body()
            .starts_with("stopping: sessions are being handed over\n"));
}

TEST_CASE("the status holds health and counters as JSON", "[gatehouse][status]") {
  Counters counters;
  counters.sticky_hit = 7;
  sojourn::Metrics metrics;
  metrics.reads_remote_hit = 3;

  const auto json = nlohmann::json::parse(
      status_answer("auth-0", {.ready = true, .safe = true}, false, metrics, counters).body());

  CHECK(json["node"] == "auth-0");
  CHECK(json["health"]["ready"] == true);
  CHECK(json["health"]["safe"] == true);
  CHECK(json["health"]["leaving"] == false);
  CHECK(json["sticky"]["hit"] == 7);
  CHECK(json["store"]["reads_remote_hit"] == 3);
}

TEST_CASE("the status holds every metric of the store", "[gatehouse][status]") {
  const auto json = nlohmann::json::parse(status_answer("auth-0", {}, false, {}, {}).body());

  // All of them are numbers of one size.
  CHECK(json["store"].size() == sizeof(sojourn::Metrics) / sizeof(std::uint64_t));
}

}  // namespace gatehouse
