#include "simulation/trace.h"

#include <absl/strings/str_format.h>

#include <array>
#include <cstddef>

#include "simulation/history.h"

namespace sojourn::simulation {
namespace {

std::string describe(const Version& version) {
  return absl::StrFormat("v%d.%d", version.epoch, version.sequence);
}

std::string describe(const membership::Ballot& ballot) {
  return absl::StrFormat("%d of %04x", ballot.round, ballot.proposer.value & 0xffff);
}
std::string describe(const ring::Layout& layout) {
  std::string text = absl::StrFormat("view %d.%d:", layout.view.generation, layout.view.epoch);
  for (const Member& member : layout.view.members) {
    text += absl::StrFormat(" %s/%04x%s", member.name, member.incarnation & 0xffff,
                            member.leaving ? "(leaving)" : "");
  }
  return text;
}

std::string describe(const membership::Hello& hello) {
  constexpr std::array kMemory = {"", ", no memory for strangers", ", no memory for newcomers"};
  return absl::StrFormat(
      "hello, settled %d, hears %d, left %d/%d%s%s%s", hello.settled, hello.hears.size(),
      hello.progress.repairs_left, hello.progress.segments_left,
      kMemory[static_cast<std::size_t>(hello.memory_level)], hello.leaving ? ", leaving" : "",
      hello.may_recover ? ", may recover" : "");
}
std::string describe(const membership::Grant& /*grant*/) { return "grant"; }
std::string describe(const membership::Prepare& prepare) {
  return "prepare " + describe(prepare.ballot);
}
std::string describe(const membership::Promise& promise) {
  return "promise " + describe(promise.ballot) +
         (promise.accepted ? ", accepted " + describe(*promise.accepted) : "");
}
std::string describe(const membership::Propose& propose) {
  return "propose " + describe(propose.ballot) + " " + describe(propose.layout);
}
std::string describe(const membership::Accept& accept) {
  return "accept " + describe(accept.ballot);
}
std::string describe(const membership::Refuse& refuse) {
  return "refuse " + describe(refuse.ballot) + " for " + describe(refuse.promised);
}
std::string describe(const membership::Decide& decide) {
  return "decided " + describe(decide.layout);
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

std::string describe(const replication::Touched& touched) {
  return absl::StrFormat("%d uses, batch %d", touched.uses.size(), touched.number);
}
std::string describe(const replication::TouchedAck& ack) {
  return absl::StrFormat("ack of uses, batch %d", ack.number);
}
std::string describe(const replication::Pull& pull) {
  return absl::StrFormat("pull %d segments from %d on", pull.segments.size(),
                         pull.segments.front().segment.value);
}
std::string describe(const replication::InStep& in_step) {
  return absl::StrFormat("%d segments are in step, from %d on", in_step.segments.size(),
                         in_step.segments.front().value);
}
std::string describe(const replication::Chunk& chunk) {
  return absl::StrFormat("segment %d transfer %d chunk %d: %d copies%s", chunk.segment.value,
                         chunk.transfer, chunk.index, chunk.copies.size(),
                         chunk.last ? ", the last" : "");
}
std::string describe(const replication::ChunkAck& ack) {
  return absl::StrFormat("ack of segment %d transfer %d chunk %d", ack.segment.value, ack.transfer,
                         ack.index);
}
std::string describe(const replication::Pulled& pulled) {
  return absl::StrFormat("pulled %d segments from %d on", pulled.segments.size(),
                         pulled.segments.front().value);
}
std::string describe(const replication::Delivered& delivered) {
  std::string text = absl::StrFormat("events are delivered, telling %d:", delivered.number);
  for (const auto& each : delivered.segments) {
    text += absl::StrFormat(" %d below %s", each.segment.value, describe(each.below));
  }
  return text;
}
std::string describe(const replication::DeliveredAck& ack) {
  return absl::StrFormat("ack of telling %d", ack.number);
}

std::string describe(const replication::Key& key) {
  const bool label = key.kind == session::KeyView::Kind::kLabel;
  return label ? "label " + key.text.substr(1) : "subject " + key.text;
}
std::string describe(const replication::Gather& gather) {
  return absl::StrFormat("gather %d for question %d, %s", gather.inquiry, gather.number,
                         describe(gather.key));
}
std::string describe(const replication::Gathered& gathered) {
  return absl::StrFormat("gathered %d for question %d: count %d, %d sessions, %d counted, %d wait",
                         gathered.inquiry, gathered.number, gathered.count,
                         gathered.sessions.size(), gathered.counted.size(),
                         gathered.waiting.size());
}
std::string describe(const replication::Apply& apply) { return "apply for " + describe(apply.key); }
std::string describe(const replication::Verdict& verdict) {
  return absl::StrFormat("verdict %d for %s: %d admitted, %d refused", verdict.number,
                         describe(verdict.key), verdict.admitted.size(), verdict.refused.size());
}
std::string describe(const replication::VerdictAck& ack) {
  return absl::StrFormat("ack of verdict %d for %s", ack.number, describe(ack.key));
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
