#pragma once

#include <string>
#include <string_view>

namespace sojourn::discovery {

// Whether the text is a name that DNS may know: labels of a-z, A-Z, 0-9, hyphens and underscores
// with dots between them, and perhaps one at the end.
bool is_host_name(std::string_view text);

// The name of the member that a host name suggests, its first label in lower case; empty if a
// member cannot have that name.
std::string member_of(std::string_view host_name);

}  // namespace sojourn::discovery
