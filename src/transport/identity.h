#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/string_ref.h>

#include <map>
#include <string>

#include "base/ids.h"

namespace sojourn::transport {

// Who is at the other end of a stream, as both ends say in its metadata before anything else.
struct Identity {
  static constexpr char kCluster[] = "sojourn-cluster";
  static constexpr char kMember[] = "sojourn-member";
  static constexpr char kIncarnation[] = "sojourn-incarnation";
  static constexpr char kWireVersion[] = "sojourn-wire-version";
  static constexpr char kAddressee[] = "sojourn-addressee";

  std::string cluster = {};
  std::string member = {};
  Incarnation incarnation = {};
  // The wire version that it writes, in decimal.
  std::string wire_version = {};
  // Whom the dialling side meant to reach.
  std::string addressee = {};

  // What the metadata says; what it does not say is empty. Values are cut to 64 characters.
  static Identity read(const std::multimap<grpc::string_ref, grpc::string_ref>& metadata);

  // Calls add(key, value) for each piece but the addressee.
  template <typename Add>
  void write(Add add) const {
    add(kCluster, cluster);
    add(kMember, member);
    add(kIncarnation, incarnation_text());
    add(kWireVersion, own_wire_version());
  }

  // OK if it is that member of that cluster and speaks our wire version; otherwise in words what it is
  // instead.
  absl::Status check(const std::string& cluster, const std::string& member) const;

  std::string in_words() const { return "member " + member + " of cluster " + this->cluster; }

 private:
  std::string incarnation_text() const;
  static std::string own_wire_version();
};

}  // namespace sojourn::transport
