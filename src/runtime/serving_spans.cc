#include "runtime/serving_spans.h"

#include <variant>

#include "replication/operation.h"

namespace sojourn::runtime {
namespace {

// Spans that may be open at one time. What comes on top of them is not recorded.
constexpr std::size_t kServingMax = 65536;

void end_with(Span& span, const absl::Status& status) {
  span.end(status.ok() ? std::string_view()
                       : std::string_view(status.message().data(), status.message().size()));
}

}  // namespace

ServingSpans::~ServingSpans() {
  for (auto& [request, serving] : serving_) serving.span->end("the store was closed");
  if (takeover_) takeover_->end("the store was closed");
}

void ServingSpans::note_received(Time now, const std::string& from, const node::Message& message) {
  const auto* const request = std::get_if<replication::Request>(&message);
  if (!request || !request->operation.trace.is_valid() || serving_.size() >= kServingMax) return;
  const std::pair key(from, request->number);
  if (serving_.contains(key)) return;
  const std::string name =
      "sojourn.serve " + std::string(replication::verb_name(request->operation.verb));
  std::unique_ptr<Span> span = tracer_->start(name, SpanKind::kServer, request->operation.trace);
  if (!span) return;
  span->set("sojourn.caller", from);
  serving_.emplace(key, Serving{std::move(span), now + request->time_left});
}

void ServingSpans::note_sent(const std::string& to, const node::Message& message) {
  if (serving_.empty()) return;
  const auto* const reply = std::get_if<replication::Reply>(&message);
  if (!reply) return;
  const auto serving = serving_.find({to, reply->number});
  if (serving == serving_.end()) return;
  end_with(*serving->second.span, reply->result.status);
  serving_.erase(serving);
}

void ServingSpans::note_time(Time now) {
  std::erase_if(serving_, [now](auto& entry) {
    if (now < entry.second.deadline) return false;
    entry.second.span->end("it was not answered in the caller's time");
    return true;
  });
}

void ServingSpans::note_standing(std::uint64_t epoch, std::uint64_t primaries,
                                 std::uint64_t waiting) {
  if (waiting == 0) {
    if (takeover_) takeover_->end({});
    takeover_.reset();
    return;
  }
  if (takeover_) return;
  takeover_ = tracer_->start("sojourn.takeover", SpanKind::kInternal, {});
  if (!takeover_) return;
  takeover_->set("sojourn.epoch", std::to_string(epoch));
  takeover_->set("sojourn.segments", std::to_string(primaries));
  takeover_->set("sojourn.segments_waiting", std::to_string(waiting));
}

}  // namespace sojourn::runtime
