#pragma once

#include <absl/status/status.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>

#include <memory>
#include <string>

#include "sojourn/options.h"

namespace sojourn::transport {

// OK, or kInvalidArgument naming the option, if members may not talk at all as the options have it:
// plain text that was not asked for, or plain text beyond loopback that was not asked for twice.
absl::Status check_security(const StoreOptions& options, const std::string& listen);

// OK, or kInvalidArgument naming the option, if the address must not be dialled: it is beyond
// loopback, and plain text there was not asked for. An empty address is no address.
absl::Status check_dialled(const StoreOptions& options, const std::string& address);

// The DNS name that a member's certificate must carry.
std::string certificate_name(const std::string& member, const std::string& cluster);

// kFailedPrecondition, naming the file, when it cannot be read, key and certificate do not belong
// together, or the certificate does not carry that name. Empty: it may carry any.
absl::Status check_files(const TlsOptions& tls, const std::string& own_certificate_name);

// Whether the peer has shown a certificate with exactly that DNS name.
bool has_certificate(const grpc::AuthContext& peer, const std::string& name);

// Mutual TLS, or plain text, as the options have it. TLS files are watched from here on, as long as
// it or anything that it made exists.
class Credentials {
 public:
  explicit Credentials(const StoreOptions& options);

  // For listening: callers need a certificate of our authority. Whose it is, has_certificate()
  // tells.
  std::shared_ptr<grpc::ServerCredentials> server() const;

  // For dialling who has the certificate of that name.
  std::shared_ptr<grpc::ChannelCredentials> client(const std::string& name) const;

  // For asking who somebody is: the certificate of any member of that cluster will do. Whose it is,
  // has_certificate() tells.
  std::shared_ptr<grpc::ChannelCredentials> client_of_any(const std::string& cluster) const;

 private:
  std::shared_ptr<grpc::ChannelCredentials> client(
      std::shared_ptr<grpc::experimental::CertificateVerifier> verifier) const;

  // Null: plain text.
  std::shared_ptr<grpc::experimental::FileWatcherCertificateProvider> files_;
};

}  // namespace sojourn::transport
