#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/support/server_callback.h>
#include <sojourn/v1/admin.pb.h>

#include <chrono>
#include <memory>

#include "base/mutex.h"

namespace sojourn::admin {

class Administration;

// Sends one caller a snapshot again and again, until it goes, or the store is closed. One step at a
// time: a snapshot is taken, written, and the alarm is set for the next. Keeps itself until gRPC
// has done with it. Runs on gRPC's threads and the node's.
class Watcher final : public grpc::ServerWriteReactor<v1::Snapshot> {
 public:
  static Watcher* begin(Administration& administration, std::chrono::milliseconds interval);

 private:
  Watcher(Administration& administration, std::chrono::milliseconds interval)
      : administration_(administration), interval_(interval) {}

  void OnCancel() override;
  void OnWriteDone(bool ok) override;
  void OnDone() override { const std::shared_ptr<Watcher> self = std::move(self_); }

  void look();
  // Nothing follows: the caller has gone.
  void end();

  Administration& administration_;
  const std::chrono::milliseconds interval_;
  v1::Snapshot snapshot_;
  std::shared_ptr<Watcher> self_;

  Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  // Another one for each step: the one before may not have returned from its call yet.
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sojourn::admin
