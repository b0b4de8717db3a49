#pragma once

#include <cstdint>
#include <string>

namespace sojourn {

// Something an operator may want to know. Engines never log: they hand notices to the runtime. One
// line, no secret, no whole session id.
struct Notice {
  enum class Level : std::uint8_t { kInfo, kWarning, kError };
  Level level = Level::kInfo;
  std::string message = {};
};

}  // namespace sojourn
