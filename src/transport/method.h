#pragma once

#include <chrono>

namespace sojourn::transport {

// service Peer of proto/sojourn/v1/peer.proto. Its frames are taken apart and put together by wire,
// so gRPC sees bytes only.
inline constexpr char kConnectMethod[] = "/sojourn.v1.Peer/Connect";
inline constexpr char kIntroduceMethod[] = "/sojourn.v1.Peer/Introduce";

// Within this time both ends of a new connection must have said who they are.
inline constexpr std::chrono::seconds kAnswerTimeout{5};

}  // namespace sojourn::transport
