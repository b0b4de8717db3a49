#pragma once

#include <grpc/grpc.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace streams {

// `tls`: a directory with ca.pem, a.pem and a.key, whose certificate is for a.sojourn: both sides
// show it to each other. Empty: plain text.

inline std::string file_of(const std::string& tls, const std::string& name) {
  std::ifstream file(tls + "/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || text.str().empty()) throw std::runtime_error("cannot read " + name);
  return text.str();
}

inline std::shared_ptr<grpc::ServerCredentials> server_credentials(const std::string& tls) {
  if (tls.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = file_of(tls, "ca.pem");
  options.pem_key_cert_pairs = {{file_of(tls, "a.key"), file_of(tls, "a.pem")}};
  return grpc::SslServerCredentials(options);
}

// The channel's arguments may need to say whose certificate is meant.
inline std::shared_ptr<grpc::ChannelCredentials> channel_credentials(
    const std::string& tls, grpc::ChannelArguments& arguments) {
  if (tls.empty()) return grpc::InsecureChannelCredentials();
  arguments.SetSslTargetNameOverride("a.sojourn");
  return grpc::SslCredentials({.pem_root_certs = file_of(tls, "ca.pem"),
                               .pem_private_key = file_of(tls, "a.key"),
                               .pem_cert_chain = file_of(tls, "a.pem")});
}

// What the transport leaves out of gRPC (transport/channel.cc): of both sides, and of who asks.
inline std::map<std::string, int> transport_arguments(bool asks) {
  std::map<std::string, int> arguments = {{GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0},
                                          {GRPC_ARG_ENABLE_CHANNELZ, 0}};
  if (asks) arguments[GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION] = 0;
  return arguments;
}

}  // namespace streams
