#include "gatehouse/status.h"

#include <nlohmann/json.hpp>

namespace gatehouse {

Response readiness_answer(const sojourn::Health& health, bool is_stopping) {
  if (is_stopping) return Response::text(503, "stopping\n");
  if (!health.ready) return Response::text(503, health.reason + "\n");
  return Response::text(200, "ready\n");
}

Response status_answer(std::string_view node, const sojourn::Health& health, bool is_stopping,
                       const sojourn::Metrics& metrics, const Counters& counters) {
  const nlohmann::ordered_json json = {{"node", node},
                                       {"health",
                                        {{"live", health.live},
                                         {"ready", health.ready && !is_stopping},
                                         {"reason", is_stopping ? "stopping" : health.reason}}},
                                       {"store",
                                        {{"epoch", metrics.epoch},
                                         {"members", metrics.members},
                                         {"members_connected", metrics.members_connected},
                                         {"sessions_login", metrics.sessions_login},
                                         {"sessions_active", metrics.sessions_active},
                                         {"bytes", metrics.bytes},
                                         {"bytes_max", metrics.bytes_max},
                                         {"queue_bytes", metrics.queue_bytes},
                                         {"calls_in_flight", metrics.calls_in_flight},
                                         {"reads_local_hit", metrics.reads_local_hit},
                                         {"reads_local_miss", metrics.reads_local_miss},
                                         {"reads_remote_hit", metrics.reads_remote_hit},
                                         {"reads_remote_miss", metrics.reads_remote_miss},
                                         {"reads_failed", metrics.reads_failed},
                                         {"writes_local", metrics.writes_local},
                                         {"writes_remote", metrics.writes_remote},
                                         {"writes_failed", metrics.writes_failed},
                                         {"requests_served", metrics.requests_served},
                                         {"expired", metrics.expired},
                                         {"frames_rejected", metrics.frames_rejected}}},
                                       {"sticky",
                                        {{"hit", counters.sticky_hit.load()},
                                         {"miss", counters.sticky_miss.load()},
                                         {"none", counters.sticky_none.load()},
                                         {"unknown", counters.sticky_unknown.load()},
                                         {"stale", counters.routes_stale.load()}}},
                                       {"cookies",
                                        {{"rejected", counters.cookies_rejected.load()},
                                         {"not_found", counters.cookies_not_found.load()}}},
                                       {"logins",
                                        {{"started", counters.logins_started.load()},
                                         {"completed", counters.logins_completed.load()},
                                         {"passwords_wrong", counters.passwords_wrong.load()},
                                         {"ended", counters.logins_ended.load()},
                                         {"logouts", counters.logouts.load()},
                                         {"forms_refused", counters.forms_refused.load()}}}};
  return Response::json(200, json.dump(2) + "\n");
}

}  // namespace gatehouse
