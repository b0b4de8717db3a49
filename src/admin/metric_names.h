#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include "sojourn/metrics.h"

namespace sojourn::admin {

// Every metric of the store that is one number, by the name that it has in sojourn/metrics.h.
struct MetricName {
  std::string_view name = {};
  std::uint64_t Metrics::*value = nullptr;
};

inline constexpr MetricName kMetricNames[] = {
    {"epoch", &Metrics::epoch},
    {"members", &Metrics::members},
    {"members_connected", &Metrics::members_connected},
    {"sessions_login", &Metrics::sessions_login},
    {"sessions_active", &Metrics::sessions_active},
    {"companions_single_use", &Metrics::companions_single_use},
    {"companions_counters", &Metrics::companions_counters},
    {"companions_revoked", &Metrics::companions_revoked},
    {"bytes", &Metrics::bytes},
    {"bytes_max", &Metrics::bytes_max},
    {"queue_bytes", &Metrics::queue_bytes},
    {"calls_in_flight", &Metrics::calls_in_flight},
    {"segments_primary", &Metrics::segments_primary},
    {"segments_waiting", &Metrics::segments_waiting},
    {"segments_learning", &Metrics::segments_learning},
    {"segments_backup", &Metrics::segments_backup},
    {"events_waiting", &Metrics::events_waiting},
    {"events_kept", &Metrics::events_kept},
    {"segments_lost", &Metrics::segments_lost},
    {"segments_lost_ever", &Metrics::segments_lost_ever},
    {"reads_local_hit", &Metrics::reads_local_hit},
    {"reads_local_miss", &Metrics::reads_local_miss},
    {"reads_remote_hit", &Metrics::reads_remote_hit},
    {"reads_remote_miss", &Metrics::reads_remote_miss},
    {"reads_failed", &Metrics::reads_failed},
    {"writes_local", &Metrics::writes_local},
    {"writes_remote", &Metrics::writes_remote},
    {"writes_failed", &Metrics::writes_failed},
    {"routes_stale", &Metrics::routes_stale},
    {"companion_calls_local", &Metrics::companion_calls_local},
    {"companion_calls_remote", &Metrics::companion_calls_remote},
    {"companion_calls_failed", &Metrics::companion_calls_failed},
    {"questions_answered", &Metrics::questions_answered},
    {"questions_failed", &Metrics::questions_failed},
    {"requests_served", &Metrics::requests_served},
    {"expired", &Metrics::expired},
    {"companions_expired", &Metrics::companions_expired},
    {"events_delivered", &Metrics::events_delivered},
    {"events_missed", &Metrics::events_missed},
    {"refused_for_memory", &Metrics::refused_for_memory},
    {"logins_ended_for_room", &Metrics::logins_ended_for_room},
    {"transfer_bytes_sent", &Metrics::transfer_bytes_sent},
    {"transfer_bytes_received", &Metrics::transfer_bytes_received},
    {"frames_rejected", &Metrics::frames_rejected},
};

// Those that are told apart by one word more, each by both: "sticky_hit". How calls ended and how
// long they took, and what waits for each peer, are for Prometheus.
template <typename Tell>
void tell_by_word(const Metrics& metrics, Tell tell) {
  const auto each = [&tell](const std::string& name, const auto& words, const auto& values) {
    for (std::size_t i = 0; i < words.size(); ++i) tell(name + std::string(words[i]), values[i]);
  };
  each("sticky_", kStickyNames, metrics.sticky);
  each("cookies_rejected_", kCookieFaultNames, metrics.cookies_rejected);
}

// A metric that is missing above would change the size.
static_assert(sizeof(Metrics) == std::size(kMetricNames) * sizeof(std::uint64_t) +
                                     sizeof(Metrics::sticky) + sizeof(Metrics::cookies_rejected) +
                                     sizeof(Metrics::reads) + sizeof(Metrics::writes) +
                                     sizeof(Metrics::peer_queues));

}  // namespace sojourn::admin
