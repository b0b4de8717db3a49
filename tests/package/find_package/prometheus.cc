// The least that a user of the component sojourn::prometheus writes.
#include <prometheus/text_serializer.h>
#include <sojourn/prometheus.h>

#include <string>

int main() {
  const std::string text = prometheus::TextSerializer().Serialize(sojourn::metric_families({}, {}));
  return text.find("sojourn_sticky_total") == std::string::npos ? 1 : 0;
}
