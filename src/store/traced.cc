#include "store/traced.h"

#include <string>
#include <string_view>
#include <utility>

namespace sojourn::store {
namespace {

// An answer that the caller can have expected is no error of the span.
std::string_view error_of(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kFailedPrecondition:
      return {};
    default:
      return {status.message().data(), status.message().size()};
  }
}

}  // namespace

std::unique_ptr<Span> begin_span(Tracer& tracer, replication::Verb verb) {
  return tracer.start("sojourn." + std::string(replication::verb_name(verb)), SpanKind::kClient,
                      tracer.current());
}

runtime::Host::Completion ending(std::unique_ptr<Span> span, runtime::Host::Completion done) {
  return [span = std::move(span), done = std::move(done)](node::Finished finished) mutable {
    if (!finished.owner.empty()) span->set("sojourn.owner", finished.owner);
    if (finished.owners > 1) span->set("sojourn.owners", std::to_string(finished.owners));
    span->end(error_of(finished.result.status));
    span.reset();
    std::move(done)(std::move(finished));
  };
}

}  // namespace sojourn::store
