#include "transport/dialled_link.h"

#include <chrono>
#include <memory>

#include "transport/method.h"

namespace sojourn::transport {

void DialledLink::dial(const Identity& own) {
  Identity said = own;
  said.addressee = peer();
  said.bulk = is_bulk();
  said.write([this](const std::string& key, const std::string& value) {
    context_.AddMetadata(key, value);
  });
  begin_start();
  stub_.PrepareBidiStreamingCall(&context_, kConnectMethod, grpc::StubOptions(), this);
  // Writes start outside of reactions: the hold keeps the call until finish().
  AddHold();
  give_up_without_answer();
  StartCall();
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

void DialledLink::OnReadInitialMetadataDone(bool ok) {
  alarm_.Cancel();
  if (!ok) return end(grpc::Status::OK);
  const Identity answered = Identity::read(context_.GetServerInitialMetadata());
  // A refusal has no metadata but a status, which comes when reading fails.
  if (answered.member.empty()) return read_next();
  set_peer_incarnation(answered.incarnation);
  const absl::Status status = owner_.met(shared_from_this(), answered);
  if (!status.ok()) cancel(std::string(status.message()));
}

void DialledLink::finish(const grpc::Status& status) {
  if (!status.ok()) context_.TryCancel();
  RemoveHold();
}

}  // namespace sojourn::transport
