#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "sojourn/prometheus.h"

namespace sojourn {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// Makes the families, in the order in which they are read. A method each for a kind of metric; the
// help text is given once a family.
class Families {
 public:
  // Begins a family.
  Families& counter(std::string name, std::string help) {
    return begin(std::move(name), std::move(help), MetricType::Counter);
  }
  Families& gauge(std::string name, std::string help) {
    return begin(std::move(name), std::move(help), MetricType::Gauge);
  }
  Families& histogram(std::string name, std::string help) {
    return begin(std::move(name), std::move(help), MetricType::Histogram);
  }

  // Adds a member to the family that was begun last.
  Families& is(std::uint64_t value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    (families_.back().type == MetricType::Counter ? metric.counter.value : metric.gauge.value) =
        static_cast<double>(value);
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  Families& is(const Latencies& latencies, Labels labels) {
    ClientMetric metric;
    metric.label = std::move(labels);
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < Latencies::kBuckets; ++i) {
      count += latencies.counts[i];
      const bool is_last = i + 1 == Latencies::kBuckets;
      metric.histogram.bucket.push_back(
          {.cumulative_count = count,
           .upper_bound =
               is_last ? std::numeric_limits<double>::infinity() : seconds(Latencies::bound(i))});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = seconds(latencies.sum);
    families_.back().metric.push_back(std::move(metric));
    return *this;
  }
  // One for each name, the values in the same order.
  template <typename Names, typename Values>
  Families& each(const std::string& label, const Names& names, const Values& values) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      is(values[i], {{label, std::string(names[i])}});
    }
    return *this;
  }

  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  Families& begin(std::string name, std::string help, MetricType type) {
    MetricFamily family;
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    families_.push_back(std::move(family));
    return *this;
  }

  std::vector<MetricFamily> families_;
};

// Calls by what was asked for: how they ended, and how long they took.
template <typename Names, typename Calls>
void add_calls(Families& families, const std::string& noun, const std::string& label,
               const Names& names, const Calls& calls) {
  families.counter("sojourn_" + noun + "s_total",
                   "Calls of this member's users that " + noun + " a session, by how they ended.");
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t outcome = 0; outcome < kOutcomeNames.size(); ++outcome) {
      families.is(calls[i].outcomes[outcome], {{label, std::string(names[i])},
                                               {"result", std::string(kOutcomeNames[outcome])}});
    }
  }
  families.histogram("sojourn_" + noun + "_seconds", "How long these calls took.");
  for (std::size_t i = 0; i < names.size(); ++i) {
    families.is(calls[i].latencies, {{label, std::string(names[i])}});
  }
}

void add_health(Families& families, const Health& health) {
  families.gauge("sojourn_health", "1 if this member has reached that stage, 0 if not.")
      .is(health.started ? 1 : 0, {{"stage", "started"}})
      .is(health.live ? 1 : 0, {{"stage", "live"}})
      .is(health.ready ? 1 : 0, {{"stage", "ready"}})
      .is(health.safe ? 1 : 0, {{"stage", "safe"}});
}

void add_cluster(Families& families, const Metrics& metrics) {
  families.gauge("sojourn_epoch", "Number of the view.").is(metrics.epoch);
  families.gauge("sojourn_members", "Members of the view.").is(metrics.members);
  families.gauge("sojourn_members_connected", "Other members that answer heartbeats.")
      .is(metrics.members_connected);
  families
      .gauge("sojourn_segments",
             "Parts of the id space: that this member serves; is to serve and does not yet; holds "
             "for their owners; is to hold and has not received yet; and those of the cluster that "
             "lost all copies and that nobody has acknowledged.")
      .is(metrics.segments_primary - metrics.segments_waiting, {{"state", "serving"}})
      .is(metrics.segments_waiting, {{"state", "waiting"}})
      .is(metrics.segments_backup, {{"state", "backup"}})
      .is(metrics.segments_learning, {{"state", "learning"}})
      .is(metrics.segments_lost, {{"state", "lost"}});
  families
      .counter("sojourn_segments_lost_total",
               "Segments that lost all copies, as far as this member has heard since it started.")
      .is(metrics.segments_lost_ever);
  families
      .counter("sojourn_transfer_bytes_total",
               "Bytes of sessions copied between members because the view changed.")
      .is(metrics.transfer_bytes_sent, {{"direction", "sent"}})
      .is(metrics.transfer_bytes_received, {{"direction", "received"}});
  families.gauge("sojourn_queue_bytes", "Bytes that wait to be sent to the other member.");
  for (const PeerQueue& queue : metrics.peer_queues) {
    families.is(queue.bytes, {{"peer", queue.peer}});
  }
  families
      .counter("sojourn_frames_rejected_total",
               "Frames of other members that were malformed, or of another cluster.")
      .is(metrics.frames_rejected);
}

void add_sessions(Families& families, const Metrics& metrics) {
  families.gauge("sojourn_sessions", "Sessions that this member holds, as owner or backup.")
      .is(metrics.sessions_login, {{"phase", "login"}})
      .is(metrics.sessions_active, {{"phase", "active"}});
  families.gauge("sojourn_companions", "Companions that this member holds, as owner or backup.")
      .is(metrics.companions_single_use, {{"kind", "single_use"}})
      .is(metrics.companions_counters, {{"kind", "counter"}})
      .is(metrics.companions_revoked, {{"kind", "revoked_token"}});
  families.gauge("sojourn_bytes", "Memory that these take.").is(metrics.bytes);
  families.gauge("sojourn_bytes_max", "What they may take.").is(metrics.bytes_max);
  families.counter("sojourn_expired_total", "Sessions that ended because their time was up.")
      .is(metrics.expired);
  families.counter("sojourn_companions_expired_total", "The same of companions.")
      .is(metrics.companions_expired);
  families
      .counter("sojourn_refused_for_memory_total",
               "What this member refused as owner because there was no memory for it.")
      .is(metrics.refused_for_memory);
  families
      .counter("sojourn_logins_ended_for_room_total",
               "Logins in progress that this member ended to make room.")
      .is(metrics.logins_ended_for_room);
}

void add_balancer(Families& families, const Metrics& metrics) {
  families
      .counter("sojourn_sticky_total",
               "Requests by their cookie's route: came to the session's owner, came to another "
               "member, have no route, have one that names no member.")
      .each("result", kStickyNames, metrics.sticky);
  families
      .counter("sojourn_routes_stale_total",
               "Requests whose route names another member than the session's owner of now.")
      .is(metrics.routes_stale);
  families.counter("sojourn_cookies_rejected_total", "Session cookies that were refused.")
      .each("reason", kCookieFaultNames, metrics.cookies_rejected);
}

void add_other_calls(Families& families, const Metrics& metrics) {
  families
      .counter("sojourn_writes_answered_total",
               "Writes by who answered; those that failed are not among them.")
      .is(metrics.writes_local, {{"place", "local"}})
      .is(metrics.writes_remote, {{"place", "remote"}});
  families
      .counter("sojourn_companion_calls_total",
               "Calls for companions, by who answered, and those that failed.")
      .is(metrics.companion_calls_local, {{"result", "local"}})
      .is(metrics.companion_calls_remote, {{"result", "remote"}})
      .is(metrics.companion_calls_failed, {{"result", "failed"}});
  families.counter("sojourn_questions_total", "Questions about all sessions of a subject or label.")
      .is(metrics.questions_answered, {{"result", "answered"}})
      .is(metrics.questions_failed, {{"result", "failed"}});
  families.gauge("sojourn_calls_in_flight", "Calls of this member's users that are unfinished.")
      .is(metrics.calls_in_flight);
  families
      .counter("sojourn_requests_served_total", "Requests of other members that this one answered.")
      .is(metrics.requests_served);
}

void add_events(Families& families, const Metrics& metrics) {
  families.gauge("sojourn_events_waiting", "Events that wait for the handlers of this process.")
      .is(metrics.events_waiting);
  families
      .gauge("sojourn_events_kept",
             "Events that are kept here because they may not have been delivered yet.")
      .is(metrics.events_kept);
  families.counter("sojourn_events_total", "Events by what subscriptions of this process got.")
      .is(metrics.events_delivered, {{"result", "delivered"}})
      .is(metrics.events_missed, {{"result", "missed"}});
}

}  // namespace

std::vector<MetricFamily> metric_families(const Metrics& metrics, const Health& health) {
  Families families;
  add_health(families, health);
  add_balancer(families, metrics);
  add_sessions(families, metrics);
  add_calls(families, "read", "place", kPlaceNames, metrics.reads);
  add_calls(families, "write", "verb", kWriteVerbNames, metrics.writes);
  add_other_calls(families, metrics);
  add_cluster(families, metrics);
  add_events(families, metrics);
  return families.take();
}

PrometheusCollector::PrometheusCollector(const Store& store) : store_(&store) {}

std::vector<MetricFamily> PrometheusCollector::Collect() const {
  return metric_families(store_->metrics(), store_->health());
}

}  // namespace sojourn
