#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "node/messages.h"
#include "transport/health_service.h"
#include "transport/taken.h"
#include "wire/frame.h"

namespace sojourn::transport {

// Another member, and where it listens: host:port.
struct Peer {
  std::string name = {};
  std::string address = {};
};

// What a transport tells its owner. Called on the transport's threads and must not block. Of one
// peer, but for after_frame: one call at a time, and what on_frame reports stands between an on_up
// and an on_down. Never called after Transport::stop() has returned.
struct Events {
  // A frame has arrived. If it has envelopes, flush() when they have been handled: its answer may
  // wait for that, as that of no other frame does. The ids of its lookups are valid until this
  // returns.
  std::function<void(const std::string& from, wire::Frame frame)> on_frame = {};
  // Once after each on_frame with envelopes, on the same thread, when the next frame may be read
  // already: the place for what takes its time. Unset: nothing does.
  std::function<void()> after_frame = {};
  std::function<void(const std::string& peer)> on_up = {};
  std::function<void(const std::string& peer, const std::string& reason)> on_down = {};
  // A peer was refused, or refused us: of another cluster, unknown, without the right certificate,
  // or speaking nonsense. In words for the operator; the same words about one peer at most once in
  // ten seconds.
  std::function<void(const std::string& reason)> on_refused = {};
  // The stream to the peer broke, by no will of this side, and then connections to its address were
  // refused: its process of that incarnation is gone. After on_down, and as a rule within 100 ms of
  // the process's end; not while there is another stream to the peer. Silence is no proof: nothing
  // is reported of a peer whose machine does not answer.
  std::function<void(const std::string& peer, Incarnation incarnation)> on_gone = {};
  // Somebody of this cluster, with the right certificate where there are any, says that it is this
  // member and listens there: one that was asked by introduce(), that has asked us, or that dialled
  // us without being a peer. Said again each time, of peers too. Unset: whoever is not among the
  // peers is refused as unknown, and the operator is told.
  std::function<void(const std::string& name, const std::string& address)> on_introduced = {};
  // What whoever asks by gRPC's health service is told. Unset: there is no such service.
  std::function<Stages()> stages = {};
};

// Carries envelopes to the other members. Safe from any thread; but set_peers() and reincarnate()
// are for one thread at a time, that of the owner.
class Transport {
 public:
  virtual ~Transport() = default;

  // Queues the envelope. kUnavailable when that member is not connected; kResourceExhausted, naming
  // the bound, when its queue is full. OK promises nothing: connections break.
  virtual absl::Status send(const std::string& to, const node::Envelope& envelope) = 0;
  virtual Taken send(const std::string& to, std::span<const replication::Lookup> lookups) = 0;
  // What there is no room for is dropped.
  virtual void send(const std::string& to, std::span<const replication::Found> found) = 0;

  // Sends what is queued, as frames, where the batching rule allows; the rest follows by itself. To
  // be called after each group of send()s.
  virtual void flush() = 0;

  // Ends the connection to that member, if there is one, for this reason; what waits for it is
  // dropped. The connection is made anew at once. For a member that is connected and yet says
  // nothing.
  virtual void disconnect(const std::string& peer, const std::string& reason) = 0;

  // The members to be connected with from now on, without this one (which is skipped). New ones are
  // connected. Those that are missing are disconnected, and refused if they dial. A peer that is
  // connected stays so if its address changes; otherwise the new address is tried at once.
  virtual void set_peers(std::vector<Peer> peers) = 0;

  // Asks whoever listens at host:port who it is, and tells it who we are: see
  // Events::on_introduced. Nothing happens if nobody answers, or this process itself. To be
  // repeated as long as it matters.
  virtual void introduce(const std::string& address) = 0;

  // This process goes on as a new incarnation, as if it had been started anew: all streams end, and
  // new ones are made. What was sent and not yet delivered is lost. Frames that a thread of the
  // transport was just about to report may still be reported afterwards.
  virtual void reincarnate(Incarnation incarnation) = 0;

  // Bytes that wait to be sent, to all members together.
  virtual std::size_t queue_bytes() const = 0;
  // The same for each of the peers, by name; 0 for one that is not connected.
  virtual std::map<std::string, std::size_t> peer_queue_bytes() const = 0;
  // Bytes of the frames of bulk transfers, both ways.
  virtual std::uint64_t bulk_bytes_sent() const = 0;
  virtual std::uint64_t bulk_bytes_received() const = 0;
  // Frames that were refused as malformed, or of another sender than the connection's.
  virtual std::uint64_t frames_rejected() const = 0;

  // Closes all connections, and is not to be reached any more. No event is reported after it has
  // returned. Not from an event.
  virtual void stop() = 0;
};

}  // namespace sojourn::transport
