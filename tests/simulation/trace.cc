#include "simulation/trace.h"

#include <absl/strings/str_format.h>

#include "simulation/history.h"

namespace sojourn::simulation {
namespace {

std::string describe(const Version& version) {
  return absl::StrFormat("v%d.%d", version.epoch, version.sequence);
}

std::string describe(const membership::Hello& hello) {
  return absl::StrFormat("hello, settled %d%s", hello.settled,
                         hello.memory_full ? ", memory full" : "");
}
std::string describe(const membership::Propose& propose) {
  return absl::StrFormat("propose with ballot %d", propose.ballot);
}
std::string describe(const membership::Accept& accept) {
  return absl::StrFormat("accept ballot %d", accept.ballot);
}
std::string describe(const membership::Decide& decide) {
  return absl::StrFormat("decided view %d", decide.view.epoch);
}
std::string describe(const membership::ViewRequest& /*request*/) { return "ask for the view"; }

std::string describe(const replication::Request& request) {
  return absl::StrFormat("request %d: %s %s", request.number,
                         std::string(name_of(request.operation.verb)),
                         request.operation.id.substr(0, 8));
}
std::string describe(const replication::Reply& reply) {
  return absl::StrFormat("reply %d: %s", reply.number,
                         absl::StatusCodeToString(reply.result.status.code()));
}
std::string describe(const replication::Replicate& replicate) {
  std::string text =
      absl::StrFormat("replicate segment %d %s, committed %s:", replicate.segment.value,
                      describe(replicate.version), describe(replicate.committed));
  for (const replication::Entry& entry : replicate.entries) {
    text += (entry.record ? " " : " -") + entry.id.substr(0, 8);
  }
  return text;
}
std::string describe(const replication::ReplicateAck& ack) {
  return absl::StrFormat("ack segment %d %s", ack.segment.value, describe(ack.version));
}
std::string describe(const replication::Committed& committed) {
  return absl::StrFormat("committed segment %d %s", committed.segment.value,
                         describe(committed.version));
}

}  // namespace

std::string seconds(Time time) {
  const std::int64_t microseconds = time.time_since_epoch().count();
  return absl::StrFormat("%d.%06d", microseconds / 1'000'000, microseconds % 1'000'000);
}

std::string describe(const node::Envelope& envelope) {
  return std::visit([](const auto& message) { return describe(message); }, envelope.message);
}

}  // namespace sojourn::simulation
