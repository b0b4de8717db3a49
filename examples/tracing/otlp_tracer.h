#pragma once

#include <sojourn/tracing.h>

#include <iosfwd>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

// Writes each span, when it has ended, as one line of OTLP in JSON: what an OpenTelemetry collector
// reads from a file (its receiver `otlpjsonfile`), or takes by `POST /v1/traces`.
//
// Safe from any thread. The stream must outlive it.
class OtlpTracer final : public sojourn::Tracer {
 public:
  OtlpTracer(std::string service, std::ostream& out) : service_(std::move(service)), out_(out) {}

  // Makes the calling thread's work part of that span until the end of the scope: what a server
  // does for each request, with the `traceparent` that came with it.
  class Scope {
   public:
    explicit Scope(const sojourn::TraceContext& context);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    const sojourn::TraceContext before_;
  };

  sojourn::TraceContext current() override;
  std::unique_ptr<sojourn::Span> start(std::string_view name, sojourn::SpanKind kind,
                                       const sojourn::TraceContext& parent) override;

 private:
  class Recording;

  const std::string service_;
  std::mutex mutex_;
  std::ostream& out_;  // guarded by mutex_
};
