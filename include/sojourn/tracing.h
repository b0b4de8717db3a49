#pragma once

#include <sojourn/export.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sojourn {

// Which span of which trace something belongs to, as W3C Trace Context has it ("traceparent",
// version 00). All zero: none.
struct SOJOURN_EXPORT TraceContext {
  std::array<std::uint8_t, 16> trace_id = {};
  std::array<std::uint8_t, 8> span_id = {};
  // 1: whoever began the trace records it.
  std::uint8_t flags = 0;

  // Neither id is zero.
  bool is_valid() const;

  // "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".
  std::string traceparent() const;
  // Nothing if it is not valid. Of later versions what they have in common with this one is read,
  // as the standard asks.
  static std::optional<TraceContext> parse(std::string_view traceparent);

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

enum class SpanKind : std::uint8_t {
  kInternal,
  kClient,  // asks another member, or may have to
  kServer,  // answers another member
};

// Something that takes time, as a tracer records it. Used by one thread at a time; destroyed after
// it has ended.
class Span {
 public:
  virtual ~Span() = default;

  // What spans that it causes have for their parent.
  virtual TraceContext context() const = 0;
  // No attribute holds a secret, or a session id.
  virtual void set(std::string_view name, std::string_view value) = 0;
  // Once. `error` is empty if all went well, otherwise in words.
  virtual void end(std::string_view error) = 0;
};

// Where a store's spans go: StoreOptions::tracer. Safe from any thread; must neither block nor
// throw. docs/tracing.md lists the spans and shows how OpenTelemetry fits.
class Tracer {
 public:
  virtual ~Tracer() = default;

  // What the calling thread is doing; invalid if that is not traced. Asked when a call begins.
  virtual TraceContext current() = 0;
  // A span begins now. The parent may be invalid: then it begins a trace. Null: it is not recorded,
  // and neither is what it causes in other members.
  virtual std::unique_ptr<Span> start(std::string_view name, SpanKind kind,
                                      const TraceContext& parent) = 0;
};

}  // namespace sojourn
