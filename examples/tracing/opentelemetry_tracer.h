#pragma once

// How OpenTelemetry fits: an adapter to opentelemetry-cpp's API. Debian 12 does not have that
// library, so the project's own tests do not build this; CMake compiles it where
// find_package(opentelemetry-cpp) succeeds.

#include <opentelemetry/context/runtime_context.h>
#include <opentelemetry/trace/context.h>
#include <opentelemetry/trace/default_span.h>
#include <opentelemetry/trace/provider.h>
#include <opentelemetry/trace/span_context.h>
#include <opentelemetry/trace/span_startoptions.h>
#include <opentelemetry/trace/tracer.h>
#include <sojourn/tracing.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

// Gives a store's spans to OpenTelemetry's tracer provider. Safe from any thread.
class OpenTelemetryTracer final : public sojourn::Tracer {
 public:
  OpenTelemetryTracer()
      : tracer_(opentelemetry::trace::Provider::GetTracerProvider()->GetTracer("sojourn")) {}

  sojourn::TraceContext current() override {
    const auto span =
        opentelemetry::trace::GetSpan(opentelemetry::context::RuntimeContext::GetCurrent());
    return context_of(span->GetContext());
  }

  std::unique_ptr<sojourn::Span> start(std::string_view name, sojourn::SpanKind kind,
                                       const sojourn::TraceContext& parent) override {
    opentelemetry::trace::StartSpanOptions options;
    options.kind = kind == sojourn::SpanKind::kClient   ? opentelemetry::trace::SpanKind::kClient
                   : kind == sojourn::SpanKind::kServer ? opentelemetry::trace::SpanKind::kServer
                                                        : opentelemetry::trace::SpanKind::kInternal;
    if (parent.is_valid()) {
      options.parent = opentelemetry::trace::SpanContext(
          opentelemetry::trace::TraceId(parent.trace_id),
          opentelemetry::trace::SpanId(parent.span_id),
          opentelemetry::trace::TraceFlags(parent.flags), /*is_remote=*/true);
    }
    SpanPtr span = tracer_->StartSpan({name.data(), name.size()}, std::move(options));
    // What is not sampled costs nothing in the store, and its reads go the short way.
    if (!span->IsRecording()) return nullptr;
    return std::make_unique<Adapted>(std::move(span));
  }

 private:
  using SpanPtr = opentelemetry::nostd::shared_ptr<opentelemetry::trace::Span>;

  class Adapted final : public sojourn::Span {
   public:
    explicit Adapted(SpanPtr span) : span_(std::move(span)) {}

    sojourn::TraceContext context() const override { return context_of(span_->GetContext()); }
    void set(std::string_view name, std::string_view value) override {
      span_->SetAttribute({name.data(), name.size()},
                          opentelemetry::nostd::string_view(value.data(), value.size()));
    }
    void end(std::string_view error) override {
      if (!error.empty()) {
        span_->SetStatus(opentelemetry::trace::StatusCode::kError, {error.data(), error.size()});
      }
      span_->End();
    }

   private:
    const SpanPtr span_;
  };

  static sojourn::TraceContext context_of(const opentelemetry::trace::SpanContext& from) {
    sojourn::TraceContext context;
    if (!from.IsValid()) return context;
    std::ranges::copy(from.trace_id().Id(), context.trace_id.begin());
    std::ranges::copy(from.span_id().Id(), context.span_id.begin());
    context.flags = from.trace_flags().flags();
    return context;
  }

  const opentelemetry::nostd::shared_ptr<opentelemetry::trace::Tracer> tracer_;
};
