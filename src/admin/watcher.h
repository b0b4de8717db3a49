#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/support/byte_buffer.h>

#include <chrono>
#include <memory>

#include "base/mutex.h"
#include "transport/server_stream.h"

namespace sojourn::admin {

class Administration;

// Sends one caller a snapshot again and again, until it goes, or the store is closed. One step at a
// time: a snapshot is taken, written, and the alarm is set for the next. Keeps itself until gRPC
// has done with it. Runs on the transport's threads, those of alarms, and in turns with the node.
class Watcher final : public transport::ServerStream {
 public:
  // Whoever calls may watch.
  static void begin(Administration& administration, std::unique_ptr<transport::ServerCall> call);

 private:
  Watcher(Administration& administration, std::unique_ptr<transport::ServerCall> call)
      : ServerStream(std::move(call)), administration_(administration) {}

  void on_read(bool ok) override;
  void on_written(bool ok) override;
  void on_cancelled() override;
  void on_done() override { const std::shared_ptr<Watcher> self = std::move(self_); }

  void look();
  // Nothing follows: the caller has gone.
  void end();

  Administration& administration_;
  std::chrono::milliseconds interval_{};
  // The request, then a snapshot.
  grpc::ByteBuffer buffer_;
  std::shared_ptr<Watcher> self_;

  Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  // Another one for each step: the one before may not have returned from its call yet.
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sojourn::admin
