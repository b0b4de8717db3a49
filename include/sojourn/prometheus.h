#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <sojourn/metrics.h>
#include <sojourn/prometheus_export.h>
#include <sojourn/store.h>

#include <vector>

// The optional component sojourn::prometheus: what a store counts, as Prometheus reads it. It needs
// prometheus-cpp; the library itself does not.
//
//   find_package(sojourn REQUIRED COMPONENTS prometheus)
//   target_link_libraries(server PRIVATE sojourn::prometheus)
//
// docs/metrics.md says what each metric means.
namespace sojourn {

// All metric families, each with all its labels, whether there was anything to count or not. Those
// of one peer each (sojourn_queue_bytes) have as many as there are peers.
SOJOURN_PROMETHEUS_EXPORT std::vector<prometheus::MetricFamily> metric_families(
    const Metrics& metrics, const Health& health);

// Collects from a store whenever it is asked: for prometheus::Exposer::RegisterCollectable, or for
// prometheus::TextSerializer and a server of your own. The store must outlive it, and stay where it
// is. Safe from any thread.
class SOJOURN_PROMETHEUS_EXPORT PrometheusCollector final : public prometheus::Collectable {
 public:
  explicit PrometheusCollector(const Store& store);

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Store* store_;
};

}  // namespace sojourn
