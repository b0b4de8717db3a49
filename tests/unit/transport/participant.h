#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "transport/grpc_transport.h"

namespace sojourn::transport {

// The time, as the transports of these tests know it.
Time now();

// Options of that member of a cluster of members a, b, c and so on, as many as there are ports.
StoreOptions options_of(const std::string& self, const std::vector<int>& ports);

// How the options have it.
Presence presence_of(const StoreOptions& options, std::uint64_t incarnation);

// A message of about that size, which is told by its number.
replication::Request request(std::uint64_t number, std::size_t value_bytes = 10);
std::uint64_t number_of(const node::Envelope& envelope);

// The transport of one member, and what it has reported.
class Participant {
 public:
  struct Seen {
    std::vector<node::Envelope> envelopes = {};
    std::size_t found = 0;
    std::size_t frames = 0;
    // Of those with envelopes, after which the transport has called.
    std::size_t after_frames = 0;
    // What became of the connections: "up b", "down b: why", "gone b 2".
    std::vector<std::string> changes = {};
    std::vector<std::string> refusals = {};
    // "b at 127.0.0.1:1234".
    std::set<std::string> introduced = {};

    int ups(const std::string& peer) const;
    int downs(const std::string& peer) const;
    int refused(const std::string& text) const;
  };

  // As the options have it: all members are peers from the start.
  Participant(StoreOptions options, std::uint64_t incarnation);
  // As the presence has it. One that welcomes others wants to be told of introductions.
  Participant(StoreOptions options, Presence presence, bool welcomes = true);

  ~Participant() { go_on(); }

  // Whether it could be opened.
  const absl::Status& status() const { return status_; }
  Transport& transport() { return *transport_; }

  void reincarnate(std::uint64_t incarnation);

  // Queues the message.
  absl::Status queue(const std::string& to, const node::Message& message);
  // Queues and flushes.
  absl::Status send(const std::string& to, const node::Message& message);

  // Sends a lookup, which is declined at once.
  absl::Status look_up(const std::string& to);

  // From now on no envelopes are handled; lookups are.
  void be_busy() { busy_ = true; }
  // From now on no lookups are answered.
  void be_silent() { silent_ = true; }
  // From now on the transport is always told this moment.
  void stop_clock() { stopped_at_ = now(); }

  // From now on whatever follows a frame with envelopes waits, until it may go on.
  void pause_after_frames() { paused_ = true; }
  void go_on();

  Seen seen();
  // Waits until it is true of what was seen; false if that takes far too long.
  bool wait(const std::function<bool(const Seen&)>& condition);
  bool wait_up(const std::string& peer, int times = 1);
  bool wait_down(const std::string& peer);
  bool wait_gone(const std::string& peer, std::uint64_t incarnation);
  bool wait_introduced(const std::string& text);
  bool wait_refused(const std::string& text);
  bool wait_envelopes(std::size_t count);
  bool wait_found(std::size_t count);

 private:
  Events events(bool welcomes);
  void receive(const std::string& from, wire::Frame frame);
  void follow_frame();
  void note(const std::function<void()>& change);

  const StoreOptions options_;
  Incarnation incarnation_;
  absl::Status status_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Seen seen_;
  std::atomic<bool> busy_{false};
  std::atomic<bool> silent_{false};
  // Not before there was any: the clock goes.
  std::atomic<Time> stopped_at_{};
  std::atomic<bool> paused_{false};
  // For events, which may come before the constructor has ended.
  std::atomic<Transport*> flushed_{nullptr};
  std::unique_ptr<Transport> transport_;
};

}  // namespace sojourn::transport
