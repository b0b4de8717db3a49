#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/string_ref.h>

#include <cstdint>
#include <map>
#include <string>

#include "base/ids.h"
#include "wire/frame.h"

namespace sojourn::transport {

// Who is at one end of a stream. Both ends say it in the stream's metadata, before anything else.
struct Identity {
  static constexpr char kClusterKey[] = "sojourn-cluster";
  static constexpr char kMemberKey[] = "sojourn-member";
  static constexpr char kIncarnationKey[] = "sojourn-incarnation";
  static constexpr char kAddressKey[] = "sojourn-address";
  static constexpr char kWireKey[] = "sojourn-wire";
  static constexpr char kAddresseeKey[] = "sojourn-addressee";
  static constexpr char kLaneKey[] = "sojourn-lane";

  std::string cluster = {};
  std::string member = {};
  Incarnation incarnation = {};
  // Where it listens, as others should know it: host:port. Empty if nobody is to dial it.
  std::string address = {};
  // The wire versions that it speaks, from and to.
  std::uint32_t wire_min = wire::kWireVersion;
  std::uint32_t wire_max = wire::kWireVersion;
  // Whom the side that dialled meant to reach. Said by that side only.
  std::string addressee = {};
  // What the stream is for: bulk transfers, or all else. Said by the side that dialled.
  bool bulk = false;

  // What the metadata says; what it does not say, or not in the right form, is empty or zero.
  static Identity read(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata);

  // Calls add(key, value) for each piece that is not empty.
  template <typename Add>
  void write(Add add) const {
    add(kClusterKey, cluster);
    add(kMemberKey, member);
    add(kIncarnationKey, incarnation_text());
    add(kWireKey, wire_text());
    if (!address.empty()) add(kAddressKey, address);
    if (!addressee.empty()) add(kAddresseeKey, addressee);
    if (bulk) add(kLaneKey, kBulk);
  }

  // "member auth-1 of cluster 'sojourn'".
  std::string in_words() const;

 private:
  static constexpr char kBulk[] = "bulk";

  std::string incarnation_text() const;
  std::string wire_text() const;
};

// kFailedPrecondition: `other` was refused by `own`, for this reason. Names both.
absl::Status refusal(const Identity& other, const Identity& own, const std::string& reason);

// OK if the two can talk: they are of one cluster and have a wire version in common.
absl::Status check_identity(const Identity& other, const Identity& own);

// OK if `other` can be introduced: its name and its address are of the right form, and the name is
// not our own.
absl::Status check_introduction(const Identity& other, const Identity& own);

// Text that came from outside, fit for a message to the operator: printable and not longer than
// that.
std::string printable(std::string text, std::size_t bytes_max);

}  // namespace sojourn::transport
