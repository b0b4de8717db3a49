#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/ids.h"
#include "base/mutex.h"
#include "base/time.h"
#include "transport/answer_times.h"
#include "transport/identity.h"
#include "transport/taken.h"
#include "wire/outbox.h"

namespace sojourn::transport {

class Link;

// Keeps the links and is told how they fare: on the transport's threads, and of one link one call
// at a time.
class LinkOwner {
 public:
  // The member at the other end of a dialled link has said who it is. OK: the owner has taken the
  // link. Otherwise the link ends.
  virtual absl::Status met(const std::shared_ptr<Link>& link, const Identity& peer) = 0;
  // The link is about to read its first frame.
  virtual void up(const Link& link) = 0;
  virtual void received(const Link& link, wire::Frame frame) = 0;
  // After received() of a frame with envelopes, on the same thread: the next one is being read.
  virtual void after_frame() = 0;
  // A frame was refused, and the link ends because of it.
  virtual void rejected(const Link& link, const absl::Status& status) = 0;
  // Nothing is under way any more. `status` is what gRPC says; see also Link::reason().
  virtual void ended(const std::shared_ptr<Link>& link, const grpc::Status& status) = 0;
  // After ended(): gRPC is done with the link, and what the link had of gRPC's was let go.
  virtual void released() = 0;

 protected:
  ~LinkOwner() = default;
};

// Bytes of the frames that some links carried.
struct Traffic {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> received{0};
};

struct LinkOptions {
  // For bulk transfers, beside the link for all else.
  bool bulk = false;
  // Where what the link carries is counted; null: nowhere. Outlives the link.
  Traffic* traffic = nullptr;
  // Of all links of the process. Outlives the link.
  AnswerTimes* answer_times = nullptr;
  wire::OutboxOptions outbox = {};
  std::function<Time()> now = {};
};

// One stream to one other member: frames in, frames out. The same for the side that dialled and the
// side that accepted; what differs, the stream's operations, they implement.
//
// Safe from any thread. Reading and the end of the stream happen in reactions; writing starts on
// whichever thread has something to write, one write at a time. Once it is started the link keeps
// itself alive until ended().
class Link : public std::enable_shared_from_this<Link> {
 public:
  virtual ~Link() = default;

  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // The member's name.
  const std::string& peer() const { return peer_; }

  bool is_bulk() const { return options_.bulk; }
  // Which incarnation of this process it is a link of.
  Incarnation own_incarnation() const { return options_.outbox.from; }
  // Whose frames it carries. Once the peer has said so.
  Incarnation peer_incarnation() const { return peer_incarnation_; }

  // Reports up() and reads frames from now on. The peer must be known. Nothing if the link has
  // ended.
  void start_reading();

  // As Transport has them. Before up() messages are queued, and not sent.
  absl::Status push(const node::Envelope& envelope);
  Taken push(std::span<const replication::Lookup> lookups);
  void push(std::span<const replication::Found> found);
  void flush();
  std::size_t queued_bytes() const;

  // Whether anything has happened since the last flush() that gives it something to do.
  bool wants_flush() const { return wants_flush_.load(std::memory_order_acquire); }

  // Ends the stream, for this reason: the first one given counts. Returns before it has ended.
  void cancel(const std::string& reason);
  // Why it ended or will; empty if nobody here wanted it.
  std::string reason() const;
  // Whether up() was reported.
  bool was_up() const;

 protected:
  Link(LinkOwner& owner, std::string peer, LinkOptions options);

  // Whose frames this link carries. Before start_reading().
  void set_peer_incarnation(Incarnation incarnation) { peer_incarnation_ = incarnation; }

  // Around the start of the stream: a link that is cancelled earlier ends when it is through.
  void begin_start();
  void end_start();

  // Ends the stream, unless that was done: without waiting for what is under way, and telling the
  // peer this status.
  void end(const grpc::Status& status);

  // What the reactions call.
  void read_done(bool ok);
  void write_done(bool ok);
  void done(const grpc::Status& status);

  // Starts the next read, unless the link has ended.
  void read_next();

  // The stream's operations. None is called after finish().
  virtual void start_read(grpc::ByteBuffer* buffer) = 0;
  virtual void start_write(const grpc::ByteBuffer* buffer) = 0;
  // Makes everything fail that is under way.
  virtual void try_cancel() = 0;
  // Nothing more will be started.
  virtual void finish(const grpc::Status& status) = 0;

  LinkOwner& owner_;

 private:
  template <typename Message>
  Taken push_all(std::span<const Message> messages);
  absl::Status check_received(const absl::StatusOr<wire::Frame>& frame);
  wire::Others others(Time now) const;

  const std::string peer_;
  const LinkOptions options_;
  Incarnation peer_incarnation_;
  std::shared_ptr<Link> self_;
  // The frame that is being read. Not guarded: there is one read at a time.
  grpc::ByteBuffer read_buffer_;
  std::atomic<bool> wants_flush_{false};
  // The frame that is being written. Not guarded: the outbox allows one write at a time.
  grpc::ByteBuffer write_buffer_;

  mutable Mutex mutex_;
  wire::Outbox outbox_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  // How many threads are about to start an operation: the last of them calls finish() if the stream
  // ends meanwhile. The first is the one that starts the stream.
  int starting_ ABSL_GUARDED_BY(mutex_) = 1;
  std::optional<grpc::Status> ended_ ABSL_GUARDED_BY(mutex_);
  std::string reason_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sojourn::transport
