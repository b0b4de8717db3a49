#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "node/messages.h"
#include "wire/frame.h"

namespace sojourn::transport {

// What a transport tells its owner. Called on the transport's threads and must not block. Of one
// peer: one call at a time, and what on_frame reports stands between an on_up and an on_down. Never
// called after Transport::stop() has returned.
struct Events {
  // A frame has arrived. flush() when its messages have been handled: its answer may wait for that.
  std::function<void(const std::string& from, wire::Frame frame)> on_frame = {};
  std::function<void(const std::string& peer)> on_up = {};
  std::function<void(const std::string& peer, const std::string& reason)> on_down = {};
  // A peer was refused, or refused us: of another cluster, unknown, without the right certificate,
  // or speaking nonsense. In words for the operator; the same words about one peer at most once in
  // ten seconds.
  std::function<void(const std::string& reason)> on_refused = {};
};

// Carries envelopes to the other members. Safe from any thread.
class Transport {
 public:
  virtual ~Transport() = default;

  // Queues the envelope. kUnavailable when that member is not connected; kResourceExhausted, naming
  // the bound, when its queue is full. OK promises nothing: connections break.
  virtual absl::Status send(const std::string& to, const node::Envelope& envelope) = 0;

  // Sends what is queued, as frames, where the batching rule allows; the rest follows by itself. To
  // be called after each group of send()s.
  virtual void flush() = 0;

  // Ends the connection to that member, if there is one, for this reason; what waits for it is
  // dropped. The connection is made anew at once. For a member that is connected and yet says
  // nothing.
  virtual void disconnect(const std::string& peer, const std::string& reason) = 0;

  // Bytes that wait to be sent, to all members together.
  virtual std::size_t queue_bytes() const = 0;
  // Frames that were refused as malformed, or of another sender than the connection's.
  virtual std::uint64_t frames_rejected() const = 0;

  // Closes all connections. No event is reported after it has returned. Not from an event.
  virtual void stop() = 0;
};

}  // namespace sojourn::transport
