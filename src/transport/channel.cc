#include "transport/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <array>
#include <chrono>
#include <initializer_list>

#include "transport/method.h"
#include "wire/frame.h"

namespace sojourn::transport {

std::span<const ChannelArgument> common_arguments() {
  // Silence of a process is for heartbeats to notice. This is for connections that the network has
  // forgotten, and for the largest frame that wire makes.
  static constexpr auto arguments = std::to_array<ChannelArgument>({
      {GRPC_ARG_KEEPALIVE_TIME_MS, 2000},
      {GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 1000},
      {GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0},
      // An idle stream has no data, and its pings are welcome all the same.
      {GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0},
      {GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000},
      {GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, static_cast<int>(wire::kFrameBytesMax)},
      // Each frame would pass through these, and nobody uses them.
      {GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0},
      {GRPC_ARG_ENABLE_CHANNELZ, 0},
  });
  return arguments;
}

std::shared_ptr<grpc::Channel> make_channel(
    const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  for (const auto& [name, value] : common_arguments()) arguments.SetInt(name, value);
  for (const auto& [name, value] : std::initializer_list<ChannelArgument>{
           {GRPC_ARG_ENABLE_HTTP_PROXY, 0},
           {GRPC_ARG_ENABLE_RETRIES, 0},
           // No member compresses. Servers keep it: who asks for a stage of health may.
           {GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0},
           {GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1},
           // How long it may take to connect, handshake included. A channel is for one stream, so
           // nothing else is tried.
           {GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
            static_cast<int>(std::chrono::milliseconds(kAnswerTimeout).count())},
       }) {
    arguments.SetInt(name, value);
  }
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace sojourn::transport
