#pragma once

#include <vector>

#include "node/node.h"
#include "sojourn/event.h"

namespace sojourn::runtime {

// What subscribers are told of an event of the node: one thing of a session, several of a new view.
std::vector<Event> events_of(const node::Event& event);

}  // namespace sojourn::runtime
