#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "sojourn/options.h"

namespace sojourn::transport {

// OK, or kInvalidArgument naming the option, if members may not talk at all as the options have it: plain
// text that was not asked for, or plain text beyond loopback that was not asked for twice.
absl::Status check_security(const StoreOptions& options, const std::string& listen);

// The DNS name that a member's certificate must carry.
std::string certificate_name(const std::string& member, const std::string& cluster);

// kFailedPrecondition, naming the file, when it cannot be read, or key and certificate do not belong
// together.
absl::Status check_files(const TlsOptions& tls);

// Credentials as the options have them; TLS files are watched from here on.
std::shared_ptr<grpc::ServerCredentials> server_credentials(const StoreOptions& options);
std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const StoreOptions& options);

}  // namespace sojourn::transport
