#include "gatehouse/status.h"

#include <cstddef>
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

TEST_CASE("a stage answers with its name, or with why it is not reached", "[gatehouse][status]") {
  CHECK(stage_answer(true, "safe", "safe").status() == 200);
  CHECK(stage_answer(true, "safe", "safe").body() == "safe\n");
  CHECK(stage_answer(false, "safe", "2 segments have too few copies").status() == 503);
  CHECK(stage_answer(false, "safe", "2 segments have too few copies").body() ==
        "2 segments have too few copies\n");
}

TEST_CASE("the status holds health and counters as JSON", "[gatehouse][status]") {
  sojourn::Metrics metrics;
  metrics.sticky[static_cast<std::size_t>(sojourn::Sticky::kHit)] = 7;
  metrics.reads_remote_hit = 3;
  metrics.peer_queues = {{"auth-1", 512}};

  const auto json = nlohmann::json::parse(
      status_answer("auth-0", {.ready = true, .safe = true}, false, metrics, {}).body());

  CHECK(json["node"] == "auth-0");
  CHECK(json["health"]["ready"] == true);
  CHECK(json["health"]["safe"] == true);
  CHECK(json["health"]["leaving"] == false);
  CHECK(json["sticky"]["hit"] == 7);
  CHECK(json["store"]["reads_remote_hit"] == 3);
  CHECK(json["queues"]["auth-1"] == 512);
}

TEST_CASE("the status holds every metric of the store", "[gatehouse][status]") {
  const auto json = nlohmann::json::parse(status_answer("auth-0", {}, false, {}, {}).body());

  // All of them are numbers of one size, but for those that stand in groups of their own.
  constexpr std::size_t kGroups =
      sizeof(sojourn::Metrics::reads) + sizeof(sojourn::Metrics::writes) +
      sizeof(sojourn::Metrics::peer_queues) + sizeof(sojourn::Metrics::sticky) +
      sizeof(sojourn::Metrics::routes_stale) + sizeof(sojourn::Metrics::cookies_rejected);
  CHECK(json["store"].size() == (sizeof(sojourn::Metrics) - kGroups) / sizeof(std::uint64_t));
  CHECK(json["reads"].size() == sojourn::kPlaceNames.size());
  CHECK(json["writes"].size() == sojourn::kWriteVerbNames.size());
  CHECK(json["sticky"].size() == sojourn::kStickyNames.size() + 1);
  CHECK(json["cookies"]["rejected"].size() == sojourn::kCookieFaultNames.size());
}

}  // namespace gatehouse
