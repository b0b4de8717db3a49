#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <array>
#include <memory>
#include <string>

namespace sojourn::transport {

struct ChannelArgument {
  const char* name = nullptr;
  int value = 0;
};

// What both ends of a connection must agree on: when they look whether the other one is still
// there, and how large a frame may be.
const std::array<ChannelArgument, 8>& common_arguments();

// A channel to that address: no proxy, no retries, nothing shared with other channels of the
// process.
std::shared_ptr<grpc::Channel> make_channel(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace sojourn::transport
