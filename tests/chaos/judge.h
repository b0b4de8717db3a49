#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chaos/records.h"

namespace sojourn::chaos {

// What the histories of a run prove.
struct Judgement {
  std::uint64_t lineages = 0;
  std::uint64_t calls = 0;
  // Histories that the checker gave up on.
  std::uint64_t undecided = 0;
  // Histories that no order explains, by what their users lost, each counted once:
  std::uint64_t writes_lost = 0;       // an answer shows the session without an acknowledged write
  std::uint64_t resurrections = 0;     // an id that had ended was found again
  std::uint64_t false_not_founds = 0;  // a session was said to be absent, and was found later
  // The histories, for people.
  std::vector<std::string> explanations = {};

  std::uint64_t violations() const { return writes_lost + resurrections + false_not_founds; }
};

// Whether the calls on each session can be put into an order, by the checker of tests/simulation.
Judgement judge(const Records& records);

}  // namespace sojourn::chaos
