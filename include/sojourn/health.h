#pragma once

#include <chrono>
#include <string>

namespace sojourn {

// How far this member has come, in four stages, each with a reason in words that an operator can
// act on. The gRPC health service tells the same: docs/metrics.md.
struct Health {
  // It has been in a view of its cluster since the store was opened: it has found the others. Never
  // taken back. Before, nothing is lost by starting it anew.
  bool started = false;
  // "started", or what it waits for.
  std::string started_reason = {};
  // The store is open and its thread does its work in time. If not, nothing but a restart helps.
  bool live = false;
  // "live", or what is wrong.
  std::string live_reason = {};
  // It is in a view, under a lease, and answers for its segments.
  bool ready = false;
  // Why it is not ready and what it waits for; "ready" otherwise.
  std::string reason = {};
  // It may stop: every segment has all its copies. It may stop in any case after
  // Store::async_drain().
  bool safe = false;
  // Why it is not; "safe" otherwise.
  std::string safe_reason = {};
  // Store::async_drain() was called; and this member has left.
  bool leaving = false;
  bool left = false;
  // For how long it has not been ready, or safe, as of now; zero when it is.
  std::chrono::milliseconds unready_for = {};
  std::chrono::milliseconds unsafe_for = {};
};

}  // namespace sojourn
