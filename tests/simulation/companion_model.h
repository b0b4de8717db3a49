#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "simulation/history.h"
#include "simulation/linearizability.h"
#include "simulation/session_model.h"

namespace sojourn::simulation {

// What a companion is to its users: a register under one name that is carried out one call at a
// time. It says of itself what the checker must find:
//   values          of all takers of one value one gets it, and then it is gone
//   counters        each addition that was acknowledged counts, and counts once
//   revoked tokens  stay so until the longest of their lifetimes is over
// Names are used again, so a register may be filled any number of times.

// What is known of a name after some of its calls took effect in some order.
struct CompanionState {
  bool there = false;
  std::string value = {};
  std::uint64_t count = 0;
  // It ends by itself in this interval.
  Time ends_after = {};
  Time ends_before = {};

  // The same text for the same state, and no other.
  std::string fingerprint() const;
  // That text.
  void write(ByteWriter& writer) const;
};

std::string describe(const CompanionState& state);

class CompanionModel {
 public:
  using State = CompanionState;

  // The history must outlive the model.
  CompanionModel(const History& history, const Tolerance& tolerance)
      : history_(history), tolerance_(tolerance) {}

  // As SessionModel::after().
  std::vector<State> after(const State& state, std::size_t call) const;

 private:
  // The states that the name may be in when the call takes effect: as it is, or expired, or either.
  std::vector<State> at_call(const State& state, const Call& call) const;
  std::vector<State> carry_out(const State& state, const Call& call) const;
  State made(const Call& call) const;

  const History& history_;
  const Tolerance tolerance_;
};

// Whether the calls about one name, which nobody's losses have touched, fit an order.
Verdict check_companion(const History& history, const CheckOptions& options = {});

}  // namespace sojourn::simulation
