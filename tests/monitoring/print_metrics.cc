// Prints all metrics that the component sojourn::prometheus exports, of a member that counted
// nothing and has one peer, as Prometheus reads them.

#include <prometheus/text_serializer.h>
#include <sojourn/prometheus.h>

#include <iostream>

int main() {
  sojourn::Metrics metrics;
  metrics.peer_queues = {{"another", 0}};
  std::cout << prometheus::TextSerializer().Serialize(sojourn::metric_families(metrics, {}));
}
