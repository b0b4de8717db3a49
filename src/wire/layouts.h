#pragma once

#include "ring/layout.h"
#include "wire/checks.h"

namespace sojourn::v1 {
class Layout;
}  // namespace sojourn::v1

namespace sojourn::wire {

// Layouts inside control messages. Who holds what is written compactly, in a few bytes a
// segment: see v1::Layout in proto/sojourn/v1/peer.proto.

void write_layout(const ring::Layout& layout, v1::Layout& out);

// Checks everything that can be checked without knowing other layouts. If something is wrong,
// `layout` is of no use.
Wrong read_layout(const v1::Layout& in, ring::Layout& layout);

}  // namespace sojourn::wire
