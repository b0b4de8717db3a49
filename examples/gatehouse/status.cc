#include "gatehouse/status.h"

#include <absl/strings/str_format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace gatehouse {

namespace {

// Names and what belongs to them.
template <typename Names, typename Values>
nlohmann::ordered_json named(const Names& names, const Values& values) {
  nlohmann::ordered_json json;
  for (std::size_t i = 0; i < names.size(); ++i) json[std::string(names[i])] = values[i];
  return json;
}

// Calls by what was asked for, each with how they ended, how many were measured, and what those
// took on average.
template <typename Names, typename Calls>
nlohmann::ordered_json calls_of(const Names& names, const Calls& calls) {
  nlohmann::ordered_json json;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const sojourn::Latencies& latencies = calls[i].latencies;
    nlohmann::ordered_json each = named(sojourn::kOutcomeNames, calls[i].outcomes);
    const std::uint64_t measured = latencies.count();
    each["measured"] = measured;
    const std::chrono::duration<double, std::milli> sum = latencies.sum;
    each["milliseconds"] = measured == 0 ? 0 : sum.count() / static_cast<double>(measured);
    json[std::string(names[i])] = std::move(each);
  }
  return json;
}

nlohmann::ordered_json queues_of(const std::vector<sojourn::PeerQueue>& queues) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const sojourn::PeerQueue& queue : queues) json[queue.peer] = queue.bytes;
  return json;
}

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

std::string reason(const sojourn::Health& health, bool is_stopping) {
  if (!is_stopping) return health.ready ? "ready" : health.reason;
  return health.left      ? "stopping: sessions are handed over"
         : health.leaving ? "stopping: sessions are being handed over"
                          : "stopping";
}

}  // namespace

Response stage_answer(bool reached, std::string_view stage, std::string_view reason) {
  return reached ? Response::text(200, std::string(stage) + "\n")
                 : Response::text(503, std::string(reason) + "\n");
}

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
  nlohmann::ordered_json sticky = named(sojourn::kStickyNames, metrics.sticky);
  sticky["stale"] = metrics.routes_stale;
  const nlohmann::ordered_json json = {
      {"node", node},
      {"health",
       {{"started", health.started},
        {"started_reason", health.started_reason},
        {"live", health.live},
        {"live_reason", health.live_reason},
        {"ready", health.ready && !is_stopping},
        {"reason", reason(health, is_stopping)},
        {"safe", health.safe},
        {"safe_reason", health.safe_reason},
        {"leaving", health.leaving},
        {"left", health.left},
        {"unready_seconds", seconds(health.unready_for)},
        {"unsafe_seconds", seconds(health.unsafe_for)}}},
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
        {"segments_backup", metrics.segments_backup},
        {"events_waiting", metrics.events_waiting},
        {"events_kept", metrics.events_kept},
        {"segments_lost", metrics.segments_lost},
        {"segments_lost_ever", metrics.segments_lost_ever},
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
        {"transfer_bytes_sent", metrics.transfer_bytes_sent},
        {"transfer_bytes_received", metrics.transfer_bytes_received},
        {"frames_rejected", metrics.frames_rejected}}},
      {"reads", calls_of(sojourn::kPlaceNames, metrics.reads)},
      {"writes", calls_of(sojourn::kWriteVerbNames, metrics.writes)},
      {"queues", queues_of(metrics.peer_queues)},
      {"sticky", std::move(sticky)},
      {"cookies",
       {{"rejected", named(sojourn::kCookieFaultNames, metrics.cookies_rejected)},
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
