#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "base/spare_nodes.h"
#include "replication/messages.h"
#include "replication/operation.h"

namespace sojourn::replication {

// Remembers the outcome of each caller's mutations until the caller says that it has settled them,
// so that an operation whose request arrives twice takes effect once and is answered alike.
//
// A caller numbers its calls upwards and says with every message below which number all have ended.
// Anything that arrives of those later is stale and must not be carried out. (The scheme is that of
// RIFL, Lee et al., SOSP 2015; it needs no clock.) Bounded by the callers' calls in flight.
//
// What is remembered belongs to a segment and moves with it: whoever becomes its primary must
// remember it too.
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

  // Whether a write that was sent under that epoch says anything new of the operation: it may have
  // been sent before, under an earlier one.
  bool is_news(OperationId operation, std::uint64_t epoch) const;

  // The outcome of a kDone operation.
  const Result& result(OperationId operation) const;

  // From kNew to kRunning.
  void begin(OperationId operation);

  // Back from kRunning to kNew: it was given up, and may be asked for again.
  void abandon(OperationId operation);

  // To kDone, from any standing but kStale, where there is nobody left to answer: then it is false.
  // `epoch` is that of the view under which it was finished.
  bool finish(OperationId operation, SegmentId segment, std::uint64_t epoch, Result result);

  // Below which number every call of the caller has ended, as it says.
  std::uint64_t settled(Incarnation caller) const;
  // Whether that may be a caller.
  bool knows(Incarnation caller) const {
    return known_callers_.empty() || known_callers_.contains(caller);
  }

  // Every call of the caller below `number` has ended. Never goes back.
  void settle(Incarnation caller, std::uint64_t number);

  // Forgets all callers but these, and takes over nothing of others: they are gone for good.
  void keep_only(std::set<Incarnation> callers);
  void clear() { callers_.clear(); }

  // What is remembered of these segments and had an effect: failures can be found out again.
  std::vector<Remembered> of_segments(const std::set<SegmentId>& segments) const;

  // What the primary of these segments remembers of them, as of that epoch: replaces what is known
  // from earlier ones.
  void replace(const std::set<SegmentId>& segments, std::uint64_t epoch,
               const std::vector<Remembered>& remembered);

  std::size_t size() const;

 private:
  struct Outcome {
    SegmentId segment = {};
    std::uint64_t epoch = 0;
    // Nothing while it is running.
    std::optional<Result> result = {};
  };
  using Operations = std::map<std::uint64_t, Outcome>;
  struct Caller {
    std::uint64_t settled = 0;
    Operations operations = {};
  };

  SpareNodes<Operations> spare_;
  std::set<Incarnation> known_callers_;
  std::map<Incarnation, Caller> callers_;
};

}  // namespace sojourn::replication
