#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/ids.h"
#include "replication/operation.h"

namespace sojourn::replication {

// Remembers the outcome of each caller's mutations until the caller says that it has settled them,
// so that an operation whose request arrives twice takes effect once and is answered alike.
//
// A caller numbers its calls upwards and says with every message below which number all have ended.
// Anything that arrives of those later is stale and must not be carried out. (The scheme is that of
// RIFL, Lee et al., SOSP 2015; it needs no clock.) Bounded by the callers' calls in flight.
//
// An engine's part: not safe from several threads.
class Memo {
 public:
  enum class Standing {
    kNew,      // never seen
    kRunning,  // begun, not finished
    kDone,     // finished: see result()
    kStale,    // settled by its caller
  };

  Standing standing(OperationId operation) const;

  // The outcome of a kDone operation.
  const Result& result(OperationId operation) const;

  // From kNew to kRunning.
  void begin(OperationId operation);

  // To kDone, from any standing but kStale, where there is nobody left to answer.
  void finish(OperationId operation, Result result);

  // Every call of the caller below `number` has ended. Never goes back.
  void settle(Incarnation caller, std::uint64_t number);

  std::size_t size() const;

 private:
  struct Caller {
    std::uint64_t settled = 0;
    // By number; nothing while it is running.
    std::map<std::uint64_t, std::optional<Result>> operations = {};
  };

  std::map<Incarnation, Caller> callers_;
};

}  // namespace sojourn::replication
