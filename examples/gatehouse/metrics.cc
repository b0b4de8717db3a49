#include "gatehouse/metrics.h"

#ifdef GATEHOUSE_PROMETHEUS
#include <prometheus/text_serializer.h>
#include <sojourn/prometheus.h>
#endif

namespace gatehouse {

#ifdef GATEHOUSE_PROMETHEUS

Response metrics_answer(const sojourn::Store& store) {
  const prometheus::TextSerializer serializer;
  Response response =
      Response::text(200, serializer.Serialize(sojourn::PrometheusCollector(store).Collect()));
  response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

#else

Response metrics_answer(const sojourn::Store&) {
  return Response::text(404, "This server was built without Prometheus.\n");
}

#endif

}  // namespace gatehouse
