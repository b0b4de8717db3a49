#include "gatehouse/status.h"

#include <absl/strings/str_format.h>

#include <nlohmann/json.hpp>

namespace gatehouse {

namespace {

std::string reason(const sojourn::Health& health, bool is_stopping) {
  if (!is_stopping) return health.ready ? "ready" : health.reason;
  return health.left      ? "stopping: sessions are handed over"
         : health.leaving ? "stopping: sessions are being handed over"
                          : "stopping";
}

}  // namespace

Response readiness_answer(const sojourn::Health& health, bool is_stopping,
                          const sojourn::Metrics& metrics) {
  const bool is_ready = health.ready && !is_stopping;
  std::string text =
      absl::StrFormat("%s\nepoch %d, %d members, %s\n", reason(health, is_stopping), metrics.epoch,
                      metrics.members, health.safe ? "safe" : "not safe: " + health.safe_reason);
  if (metrics.segments_lost > 0) {
    text += absl::StrFormat("sessions were lost with all their copies: segments %d\n",
                            metrics.segments_lost);
  }
  return Response::text(is_ready ? 200 : 503, std::move(text));
}

Response status_answer(std::string_view node, const sojourn::Health& health, bool is_stopping,
                       const sojourn::Metrics& metrics, const Counters& counters) {
  const nlohmann::ordered_json json = {{"node", node},
                                       {"health",
                                        {{"live", health.live},
                                         {"ready", health.ready && !is_stopping},
                                         {"reason", reason(health, is_stopping)},
                                         {"safe", health.safe},
                                         {"safe_reason", health.safe_reason},
                                         {"leaving", health.leaving},
                                         {"left", health.left}}},
                                       {"store",
                                        {{"epoch", metrics.epoch},
                                         {"members", metrics.members},
                                         {"members_connected", metrics.members_connected},
                                         {"sessions_login", metrics.sessions_login},
                                         {"sessions_active", metrics.sessions_active},
                                         {"companions_single_use", metrics.companions_single_use},
                                         {"companions_counters", metrics.companions_counters},
                                         {"companions_revoked", metrics.companions_revoked},
                                         {"bytes", metrics.bytes},
                                         {"bytes_max", metrics.bytes_max},
                                         {"queue_bytes", metrics.queue_bytes},
                                         {"calls_in_flight", metrics.calls_in_flight},
                                         {"segments_primary", metrics.segments_primary},
                                         {"segments_waiting", metrics.segments_waiting},
                                         {"segments_learning", metrics.segments_learning},
                                         {"events_waiting", metrics.events_waiting},
                                         {"events_kept", metrics.events_kept},
                                         {"segments_lost", metrics.segments_lost},
                                         {"reads_local_hit", metrics.reads_local_hit},
                                         {"reads_local_miss", metrics.reads_local_miss},
                                         {"reads_remote_hit", metrics.reads_remote_hit},
                                         {"reads_remote_miss", metrics.reads_remote_miss},
                                         {"reads_failed", metrics.reads_failed},
                                         {"writes_local", metrics.writes_local},
                                         {"writes_remote", metrics.writes_remote},
                                         {"writes_failed", metrics.writes_failed},
                                         {"companion_calls_local", metrics.companion_calls_local},
                                         {"companion_calls_remote", metrics.companion_calls_remote},
                                         {"companion_calls_failed", metrics.companion_calls_failed},
                                         {"questions_answered", metrics.questions_answered},
                                         {"questions_failed", metrics.questions_failed},
                                         {"requests_served", metrics.requests_served},
                                         {"expired", metrics.expired},
                                         {"companions_expired", metrics.companions_expired},
                                         {"events_delivered", metrics.events_delivered},
                                         {"events_missed", metrics.events_missed},
                                         {"refused_for_memory", metrics.refused_for_memory},
                                         {"logins_ended_for_room", metrics.logins_ended_for_room},
                                         {"frames_rejected", metrics.frames_rejected}}},
                                       {"sticky",
                                        {{"hit", counters.sticky_hit.load()},
                                         {"miss", counters.sticky_miss.load()},
                                         {"none", counters.sticky_none.load()},
                                         {"unknown", counters.sticky_unknown.load()},
                                         {"stale", counters.routes_stale.load()}}},
                                       {"cookies",
                                        {{"rejected", counters.cookies_rejected.load()},
                                         {"not_found", counters.cookies_not_found.load()},
                                         {"session_lost", counters.sessions_lost.load()}}},
                                       {"logins",
                                        {{"started", counters.logins_started.load()},
                                         {"completed", counters.logins_completed.load()},
                                         {"passwords_wrong", counters.passwords_wrong.load()},
                                         {"ended", counters.logins_ended.load()},
                                         {"locked", counters.logins_locked.load()},
                                         {"full", counters.logins_full.load()},
                                         {"logouts", counters.logouts.load()},
                                         {"renewed", counters.sessions_renewed.load()},
                                         {"sessions_ended", counters.sessions_ended.load()},
                                         {"forms_refused", counters.forms_refused.load()}}}};
  return Response::json(200, json.dump(2) + "\n");
}

}  // namespace gatehouse
