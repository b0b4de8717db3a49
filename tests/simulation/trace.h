#pragma once

#include <string>

#include "base/time.h"
#include "node/messages.h"

namespace sojourn::simulation {

// "12.345678".
std::string seconds(Time time);

// One line about a message, for traces.
std::string describe(const node::Envelope& envelope);

}  // namespace sojourn::simulation
