#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>
#include <sojourn/v1/admin.grpc.pb.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "transport/security.h"

namespace sojournctl {

namespace v1 = sojourn::v1;

// Where the cluster is, and how it is talked to: the options that all commands have in common.
struct ConnectionOptions {
  std::vector<std::string> targets = {};
  std::string ca = {};
  std::string certificate = {};
  std::string key = {};
  std::string cluster = "sojourn";
  bool insecure = false;
  std::chrono::milliseconds timeout = std::chrono::seconds(5);
};

// kInvalidArgument, or kFailedPrecondition for files, naming the option in the user's words.
absl::Status check(const ConnectionOptions& options);

// gRPC's codes are Abseil's.
absl::Status status_of(const grpc::Status& status);

// A member that answers.
class Connection {
 public:
  using Stub = v1::Administration::Stub;

  // The first of the targets that answers; its answer is snapshot(). kUnavailable, saying what
  // became of each, if none does; kPermissionDenied as soon as one says that this caller may not.
  static absl::StatusOr<Connection> open(const ConnectionOptions& options);

  // Another member of the view in snapshot(), or the same one. kNotFound if it is in no view.
  absl::StatusOr<Connection> to_member(const std::string& name) const;
  // A member of any view, which is given so long for each answer. kUnavailable, naming it, if it
  // does not answer. Safe from any thread.
  absl::StatusOr<Connection> to_member(const v1::MemberStatus& member,
                                       std::chrono::milliseconds timeout) const;

  const v1::Snapshot& snapshot() const { return snapshot_; }
  const std::string& name() const { return snapshot_.name(); }
  Stub& stub() const { return *stub_; }

  // Makes one call of the service: call(&Stub::Owner, request). `more`: how long the member may
  // take for it beside the connection's own time.
  template <typename Request, typename Reply>
  absl::StatusOr<Reply> call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                          Reply*),
                             const Request& request, std::chrono::milliseconds more = {}) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + options_->timeout + more);
    Reply reply;
    const grpc::Status status = ((*stub_).*method)(&context, request, &reply);
    if (!status.ok()) return status_of(status);
    return reply;
  }

 private:
  Connection() = default;
  static absl::StatusOr<Connection> dial(
      std::shared_ptr<const ConnectionOptions> options,
      std::shared_ptr<const sojourn::transport::Credentials> with, const std::string& address,
      const std::string& name);

  std::shared_ptr<const ConnectionOptions> options_;
  std::shared_ptr<const sojourn::transport::Credentials> credentials_;
  std::string address_;
  std::unique_ptr<Stub> stub_;
  v1::Snapshot snapshot_;
};

}  // namespace sojournctl
