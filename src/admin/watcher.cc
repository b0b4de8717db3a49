#include "admin/watcher.h"

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <sojourn/v1/admin.pb.h>

#include <algorithm>
#include <utility>

#include "admin/administration.h"
#include "transport/serialized.h"

namespace sojourn::admin {

void Watcher::begin(Administration& administration, std::unique_ptr<transport::ServerCall> call) {
  std::shared_ptr<Watcher> watcher(new Watcher(administration, std::move(call)));
  watcher->self_ = watcher;
  watcher->start_read(&watcher->buffer_);
}

void Watcher::on_read(bool ok) {
  v1::WatchRequest request;
  if (!ok || !transport::parse(buffer_, request)) {
    return finish(transport::grpc_status(absl::InvalidArgumentError("there is no WatchRequest")));
  }
  interval_ = std::chrono::milliseconds(
      request.interval_ms() == 0 ? 1000 : std::clamp(request.interval_ms(), 100u, 60000u));
  look();
}

void Watcher::look() {
  administration_.take_snapshot([self = self_](const absl::StatusOr<v1::Snapshot>& snapshot) {
    if (!snapshot.ok()) return self->end();
    self->buffer_ = transport::serialized(*snapshot);
    self->start_write(&self->buffer_);
  });
}

void Watcher::on_written(bool ok) {
  if (!ok) return end();
  {
    // Under the lock, so that on_cancelled() finds the alarm set, or we find that it was called.
    MutexLock lock(mutex_);
    if (!cancelled_) {
      alarm_ = std::make_unique<grpc::Alarm>();
      // The alarm is ours and keeps its function to the end, so it must not keep us. We last until
      // finish() at least, which comes after it has gone off.
      alarm_->Set(std::chrono::system_clock::now() + interval_, [this](bool is_time) {
        if (is_time) return look();
        end();
      });
      return;
    }
  }
  end();
}

void Watcher::on_cancelled() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  if (alarm_) alarm_->Cancel();
}

void Watcher::end() { finish(transport::grpc_status(absl::CancelledError("the caller has gone"))); }

}  // namespace sojourn::admin
