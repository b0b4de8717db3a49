#include "transport/dialled_link.h"

#include <chrono>
#include <memory>

#include "transport/method.h"

namespace sojourn::transport {

void DialledLink::dial(const Identity& own, grpc::CompletionQueue& queue) {
  Identity said = own;
  said.addressee = peer();
  said.bulk = is_bulk();
  said.write([this](const std::string& key, const std::string& value) {
    context().AddMetadata(key, value);
  });
  begin_start();
  give_up_without_answer();
  start(kConnectMethod, queue);
  end_start();
}

// Whoever answers pings but never says who it is would keep us waiting for ever.
void DialledLink::give_up_without_answer() {
  alarm_.Set(std::chrono::system_clock::now() + kAnswerTimeout,
             [weak = weak_from_this()](bool expired) {
               const std::shared_ptr<Link> link = expired ? weak.lock() : nullptr;
               if (link && !link->was_up()) link->cancel("it does not say who it is");
             });
}

void DialledLink::on_metadata(bool ok) {
  alarm_.Cancel();
  if (!ok) return Link::end(grpc::Status::OK);
  const Identity answered = Identity::read(context().GetServerInitialMetadata());
  // A refusal has no metadata but a status, which comes when reading fails.
  if (answered.member.empty()) return read_next();
  set_peer_incarnation(answered.incarnation);
  const absl::Status status = owner_.met(shared_from_this(), answered);
  if (!status.ok()) cancel(std::string(status.message()));
}

void DialledLink::finish(const grpc::Status& status) {
  if (!status.ok()) context().TryCancel();
  ClientStream::end();
}

}  // namespace sojourn::transport
