#include "tracing/otlp_tracer.h"

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <ostream>
#include <random>
#include <span>
#include <utility>

namespace {

thread_local sojourn::TraceContext current_context;

void draw(std::span<std::uint8_t> bytes) {
  thread_local std::random_device device;
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(device());
}

std::string nanoseconds_of_now() {
  return std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count());
}

// Ids in hexadecimal, as they stand in the traceparent: version, trace, span, flags.
std::string trace_id(const sojourn::TraceContext& context) {
  return context.traceparent().substr(3, 32);
}
std::string span_id(const sojourn::TraceContext& context) {
  return context.traceparent().substr(36, 16);
}

nlohmann::json attribute(std::string_view name, std::string_view value) {
  return {{"key", name}, {"value", {{"stringValue", value}}}};
}

}  // namespace

class OtlpTracer::Recording final : public sojourn::Span {
 public:
  Recording(OtlpTracer& tracer, std::string_view name, sojourn::SpanKind kind,
            const sojourn::TraceContext& parent)
      : tracer_(tracer), context_(parent) {
    if (!parent.is_valid()) {
      draw(context_.trace_id);
      context_.flags = 1;
    }
    draw(context_.span_id);
    // OTLP counts kinds from 1: internal, server, client.
    const int number = kind == sojourn::SpanKind::kInternal ? 1
                       : kind == sojourn::SpanKind::kServer ? 2
                                                            : 3;
    span_ = {{"traceId", trace_id(context_)},
             {"spanId", span_id(context_)},
             {"name", name},
             {"kind", number},
             {"startTimeUnixNano", nanoseconds_of_now()},
             {"attributes", nlohmann::json::array()}};
    if (parent.is_valid()) span_["parentSpanId"] = span_id(parent);
  }

  sojourn::TraceContext context() const override { return context_; }

  void set(std::string_view name, std::string_view value) override {
    span_["attributes"].push_back(attribute(name, value));
  }

  void end(std::string_view error) override {
    span_["endTimeUnixNano"] = nanoseconds_of_now();
    if (!error.empty()) span_["status"] = {{"code", 2}, {"message", error}};
    using nlohmann::json;
    const json scope = {{"scope", {{"name", "sojourn"}}}, {"spans", json::array({span_})}};
    const json service = {
        {"attributes", json::array({attribute("service.name", tracer_.service_)})}};
    const json resource = {{"resource", service}, {"scopeSpans", json::array({scope})}};
    const json line = {{"resourceSpans", json::array({resource})}};
    const std::lock_guard lock(tracer_.mutex_);
    tracer_.out_ << line.dump() << std::endl;
  }

 private:
  OtlpTracer& tracer_;
  sojourn::TraceContext context_;
  nlohmann::json span_;
};

OtlpTracer::Scope::Scope(const sojourn::TraceContext& context)
    : before_(std::exchange(current_context, context)) {}

OtlpTracer::Scope::~Scope() { current_context = before_; }

sojourn::TraceContext OtlpTracer::current() { return current_context; }

std::unique_ptr<sojourn::Span> OtlpTracer::start(std::string_view name, sojourn::SpanKind kind,
                                                 const sojourn::TraceContext& parent) {
  // Whoever began the trace does not record it.
  if (parent.is_valid() && (parent.flags & 1) == 0) return nullptr;
  return std::make_unique<Recording>(*this, name, kind, parent);
}
