#pragma once

#include <variant>

#include "node/messages.h"

namespace sojourn::transport {

// Whether the message is one of a bulk transfer. Those have a stream of their own, so that they
// never delay a lookup; between them and other messages there is no order.
inline bool is_bulk(const node::Message& message) {
  return std::holds_alternative<replication::Chunk>(message);
}

}  // namespace sojourn::transport
