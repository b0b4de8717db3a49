#pragma once

#include <sojourn/tracing.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sojourn {

// Keeps all spans, in the order in which they began. Safe from any thread.
class RecordingTracer final : public Tracer {
 public:
  struct Recorded {
    std::string name = {};
    SpanKind kind = SpanKind::kInternal;
    TraceContext parent = {};
    TraceContext context = {};
    std::map<std::string, std::string> attributes = {};
    bool ended = false;
    std::string error = {};
  };

  // What current() answers from now on.
  void set_current(const TraceContext& context) {
    const std::lock_guard lock(mutex_);
    current_ = context;
  }

  std::vector<Recorded> spans() const {
    const std::lock_guard lock(mutex_);
    return spans_;
  }

  TraceContext current() override {
    const std::lock_guard lock(mutex_);
    return current_;
  }

  std::unique_ptr<Span> start(std::string_view name, SpanKind kind,
                              const TraceContext& parent) override {
    const std::lock_guard lock(mutex_);
    TraceContext context = parent;
    if (!parent.is_valid()) context.trace_id[15] = static_cast<std::uint8_t>(spans_.size() + 1);
    context.span_id = {};
    context.span_id[7] = static_cast<std::uint8_t>(spans_.size() + 1);
    spans_.push_back(
        {.name = std::string(name), .kind = kind, .parent = parent, .context = context});
    return std::make_unique<Recording>(*this, spans_.size() - 1);
  }

 private:
  class Recording final : public Span {
   public:
    Recording(RecordingTracer& tracer, std::size_t number) : tracer_(tracer), number_(number) {}
    TraceContext context() const override {
      const std::lock_guard lock(tracer_.mutex_);
      return tracer_.spans_[number_].context;
    }
    void set(std::string_view name, std::string_view value) override {
      const std::lock_guard lock(tracer_.mutex_);
      tracer_.spans_[number_].attributes[std::string(name)] = value;
    }
    void end(std::string_view error) override {
      const std::lock_guard lock(tracer_.mutex_);
      tracer_.spans_[number_].ended = true;
      tracer_.spans_[number_].error = error;
    }

   private:
    RecordingTracer& tracer_;
    const std::size_t number_;
  };

  mutable std::mutex mutex_;
  TraceContext current_;
  std::vector<Recorded> spans_;
};

}  // namespace sojourn
