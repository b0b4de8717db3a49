#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/ids.h"
#include "membership/messages.h"
#include "replication/messages.h"
#include "replication/question.h"

namespace sojourn::node {

// Everything that members say to each other.
using Message =
    std::variant<membership::Hello, membership::Grant, membership::Prepare, membership::Promise,
                 membership::Propose, membership::Accept, membership::Refuse, membership::Decide,
                 membership::ViewRequest, replication::Request, replication::Reply,
                 replication::Replicate, replication::ReplicateAck, replication::Committed,
                 replication::Touched, replication::TouchedAck, replication::Pull,
                 replication::InStep, replication::Chunk, replication::ChunkAck,
                 replication::Pulled, replication::Delivered, replication::DeliveredAck,
                 replication::Gather, replication::Gathered, replication::Apply,
                 replication::Verdict, replication::VerdictAck>;

// A message with what every message carries: where it comes from and under which view it was sent.
struct Envelope {
  // Hash of the cluster's name.
  std::uint64_t cluster = 0;
  std::uint64_t generation = 0;
  // The sender's installed epoch; 0 before the first view.
  std::uint64_t epoch = 0;
  Incarnation from = {};
  Message message = {};
};

// An envelope to be sent to the member of that name.
struct Outgoing {
  std::string to = {};
  Envelope envelope = {};
};

}  // namespace sojourn::node
