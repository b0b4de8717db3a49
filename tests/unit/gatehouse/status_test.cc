#include "gatehouse/status.h"

#include <nlohmann/json.hpp>

#include "support/catch.h"

namespace gatehouse {

TEST_CASE("readiness is the store's until the server stops", "[gatehouse][status]") {
  const sojourn::Health ready = {.live = true, .ready = true, .reason = "ready"};
  const sojourn::Health waiting = {.live = true, .reason = "waits for auth-1"};

  CHECK(readiness_answer(ready, false).status() == 200);
  CHECK(readiness_answer(ready, true).status() == 503);
  CHECK(readiness_answer(waiting, false).status() == 503);
  CHECK(readiness_answer(waiting, false).body() == "waits for auth-1\n");
}

TEST_CASE("the status holds health and counters as JSON", "[gatehouse][status]") {
  Counters counters;
  counters.sticky_hit = 7;
  sojourn::Metrics metrics;
  metrics.reads_remote_hit = 3;

  const auto json = nlohmann::json::parse(
      status_answer("auth-0", {.ready = true}, false, metrics, counters).body());

  CHECK(json["node"] == "auth-0");
  CHECK(json["health"]["ready"] == true);
  CHECK(json["sticky"]["hit"] == 7);
  CHECK(json["store"]["reads_remote_hit"] == 3);
}

}  // namespace gatehouse
