#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/time.h"
#include "node/messages.h"
#include "sojourn/tracing.h"

namespace sojourn::runtime {

// The spans of what this member does for others: requests whose callers are traced, and taking
// segments over after a change of the view. Watches what goes in and out of the node, which knows
// nothing of it. Used in a turn with the node only.
class ServingSpans {
 public:
  explicit ServingSpans(std::shared_ptr<Tracer> tracer) : tracer_(std::move(tracer)) {}
  // Ends what is open.
  ~ServingSpans();

  // A request opens a span, its reply ends it. One that is repeated has one span.
  void note_received(Time now, const std::string& from, const node::Message& message);
  void note_sent(const std::string& to, const node::Message& message);
  // A request whose caller's time is up gets no reply.
  void note_time(Time now);

  // How many segments this member is to serve under that view, and does not yet.
  void note_standing(std::uint64_t epoch, std::uint64_t primaries, std::uint64_t waiting);

 private:
  struct Serving {
    std::unique_ptr<Span> span = {};
    Time deadline = {};
  };

  const std::shared_ptr<Tracer> tracer_;
  // By caller and its number.
  std::map<std::pair<std::string, std::uint64_t>, Serving> serving_;
  std::unique_ptr<Span> takeover_;
};

}  // namespace sojourn::runtime
