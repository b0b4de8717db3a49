#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse {

// Where a word stands in a configuration file; or an option of the command line, which has no
// lines.
struct Place {
  std::string file = {};
  int line = 0;
};

// The mistakes found in a configuration. Reading goes on after each, so that all are told at once.
class Problems {
 public:
  void add(const Place& place, std::string_view message) {
    const std::string line = place.line == 0 ? "" : ":" + std::to_string(place.line);
    lines_.push_back(place.file + line + ": " + std::string(message));
  }

  bool empty() const { return lines_.empty(); }

  // One line each: "Caddyfile:12: unknown directive 'foo'".
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

}  // namespace gatehouse
