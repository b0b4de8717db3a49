#pragma once

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "transport/identity.h"

namespace sojourn::transport {

// A client that says whatever it likes to a member's port: it speaks gRPC, and nothing else of
// ours.
class Stranger {
 public:
  struct Options {
    int port = 0;
    Identity identity = {};
    // A stranger that does not read leaves the other side's frames in the pipe.
    bool reads = true;
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
    std::string method = "/sojourn.v1.Peer/Connect";
  };

  explicit Stranger(Options options);
  // Hangs up.
  ~Stranger();

  void write(const std::string& bytes);

  // Waits until the other side has ended the stream, and returns how.
  grpc::Status wait_ended();

 private:
  class Call;
  std::unique_ptr<Call> call_;
};

// What member a of the tests' cluster says to member b.
Identity member_a();

}  // namespace sojourn::transport
