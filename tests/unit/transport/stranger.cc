#include "unit/transport/stranger.h"

#include <grpcpp/generic/generic_stub.h>

#include <utility>

namespace sojourn::transport {

class Stranger::Call : private grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit Call(const Options& options)
      : stub_(
            grpc::CreateChannel("127.0.0.1:" + std::to_string(options.port), options.credentials)) {
    options.identity.write([this](const std::string& key, const std::string& value) {
      context_.AddMetadata(key, value);
    });
    stub_.PrepareBidiStreamingCall(&context_, options.method, grpc::StubOptions(), this);
    AddHold();
    if (options.reads) StartRead(&incoming_);
    StartCall();
  }

  ~Call() override {
    context_.TryCancel();
    release();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

  void write(const std::string& bytes) {
    const grpc::Slice slice(bytes);
    outgoing_ = grpc::ByteBuffer(&slice, 1);
    StartWrite(&outgoing_);
  }

  grpc::Status wait_ended() {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return closed_; });
    }
    release();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    return status_;
  }

 private:
  void release() {
    if (!std::exchange(released_, true)) RemoveHold();
  }

  void OnReadDone(bool ok) override {
    if (ok) return StartRead(&incoming_);
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  void OnDone(const grpc::Status& status) override {
    std::lock_guard<std::mutex> lock(mutex_);
    done_ = true;
    status_ = status;
    changed_.notify_all();
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  bool released_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;
  bool done_ = false;
  grpc::Status status_;
};

Stranger::Stranger(Options options) : call_(std::make_unique<Call>(options)) {}
Stranger::~Stranger() = default;

void Stranger::write(const std::string& bytes) { call_->write(bytes); }
grpc::Status Stranger::wait_ended() { return call_->wait_ended(); }

Identity member_a() {
  return {.cluster = "test", .member = "a", .incarnation = Incarnation{1}, .addressee = "b"};
}

}  // namespace sojourn::transport
