#include "admin/watcher.h"

#include <utility>

#include "admin/administration.h"

namespace sojourn::admin {

Watcher* Watcher::begin(Administration& administration, std::chrono::milliseconds interval) {
  std::shared_ptr<Watcher> watcher(new Watcher(administration, interval));
  watcher->self_ = watcher;
  watcher->look();
  return watcher.get();
}

void Watcher::look() {
  administration_.take_snapshot([self = self_](absl::StatusOr<v1::Snapshot> snapshot) {
    if (!snapshot.ok()) return self->end();
    self->snapshot_ = *std::move(snapshot);
    self->StartWrite(&self->snapshot_);
  });
}

void Watcher::OnWriteDone(bool ok) {
  if (!ok) return end();
  {
    // Under the lock, so that OnCancel() finds the alarm set, or we find that it was called.
    MutexLock lock(mutex_);
    if (!cancelled_) {
      alarm_ = std::make_unique<grpc::Alarm>();
      // The alarm is ours and keeps its function to the end, so it must not keep us. We last until
      // Finish() at least, which comes after it has gone off.
      alarm_->Set(std::chrono::system_clock::now() + interval_, [this](bool is_time) {
        if (is_time) return look();
        end();
      });
      return;
    }
  }
  end();
}

void Watcher::OnCancel() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  if (alarm_) alarm_->Cancel();
}

void Watcher::end() { Finish(grpc_status(absl::CancelledError("the caller has gone"))); }

}  // namespace sojourn::admin
