#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <span>
#include <string>

namespace sojourn::transport {

struct ChannelArgument {
  const char* name = nullptr;
  int value = 0;
};

// What holds at both ends of a connection: when they look whether the other one is still there, how
// large a frame may be, and what of gRPC's no frame passes through. Lives for ever.
std::span<const ChannelArgument> common_arguments();

// A channel to that address: no proxy, no retries, nothing shared with other channels of the
// process.
std::shared_ptr<grpc::Channel> make_channel(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace sojourn::transport
