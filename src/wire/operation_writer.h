#pragma once

#include <string>

#include "base/time.h"
#include "node/messages.h"

namespace sojourn::wire {

// Whether the message is one of those that stand in a frame's `operations`: all but control
// messages.
bool is_operation(const node::Message& message);

// Appends an operation to a frame's `operations`, at `now`, which is `since` after the frame was
// begun.
void append_operation(const node::Envelope& envelope, Duration since, Time now, std::string& out);

// The same for what is no envelope's message.
void append_lookup(const replication::Lookup& lookup, std::string& out);
void append_found(const replication::Found& found, Duration since, Time now, std::string& out);

}  // namespace sojourn::wire
