#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chaos/message.h"

namespace sojourn::chaos {

// Durations, for their quantiles.
class Sample {
 public:
  void add(Microseconds duration) { durations_.push_back(duration); }
  void add(const Sample& other);
  bool empty() const { return durations_.empty(); }
  std::size_t size() const { return durations_.size(); }
  // The smallest of them that so many thousandths do not exceed; zero if there are none.
  Microseconds quantile(int thousandths) const;
  Microseconds max() const { return quantile(1000); }

 private:
  std::vector<Microseconds> durations_;
};

// What users met during one kind of fault, or during calm.
struct PhaseFigures {
  // From a request's first call to its answer, calls to other members in between included.
  Sample reads = {};
  Sample writes = {};
  // Requests that had no answer within their time.
  std::uint64_t unanswered = 0;
  // Calls that a member gave up before their time was over, and how they ended.
  std::uint64_t failed_early = 0;
  std::map<std::string, std::uint64_t> failures = {};

  // The longest time for which one session could not be read, or written; one for each session that
  // was watched during a fault of this kind.
  Sample unreadable = {};
  Sample unwritable = {};
  // From the end of the fault until all members were ready and safe.
  Sample recovery = {};
  std::uint64_t faults = 0;

  // How much too late the machine let a waiting thread run.
  Sample late = {};
};

inline constexpr const char* kCalm = "calm";

// The figures of a run, by phase.
class Figures {
 public:
  PhaseFigures& of(const std::string& phase) { return phases_[phase]; }
  const std::map<std::string, PhaseFigures>& phases() const { return phases_; }
  std::uint64_t faults() const;
  std::uint64_t requests() const;

  // Two tables, as in docs/reliability.md.
  std::string table() const;
  // As an object of JSON.
  std::string json() const;

 private:
  std::map<std::string, PhaseFigures> phases_;
};

}  // namespace sojourn::chaos
