#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sojourn/store.h"
#include "sojourn/sync_store.h"
#include "support/catch.h"
#include "support/ports.h"

namespace sojourn {

inline std::vector<MemberOptions> loopback_members(int count) {
  const std::vector<int> ports = support::free_ports(count);
  std::vector<MemberOptions> members;
  for (int i = 0; i < count; ++i) {
    members.push_back(
        {.name = "auth-" + std::to_string(i), .address = "127.0.0.1:" + std::to_string(ports[i])});
  }
  return members;
}

inline StoreOptions options_of(const std::vector<MemberOptions>& members, std::size_t self) {
  StoreOptions options;
  options.name = members[self].name;
  options.members = members;
  options.insecure = true;
  options.segments = 64;
  options.log = std::make_shared<LogSink>([](const LogRecord&) {});
  return options;
}

// A cluster of SyncStores, all ready.
class Cluster {
 public:
  explicit Cluster(int count, const std::function<void(StoreOptions&)>& adjust = {})
      : members_(loopback_members(count)) {
    for (std::size_t i = 0; i < members_.size(); ++i) {
      StoreOptions options = options_of(members_, i);
      if (adjust) adjust(options);
      auto store = SyncStore::open(options);
      REQUIRE(store.ok());
      stores_.push_back(*std::move(store));
    }
    for (SyncStore& store : stores_) REQUIRE(store.wait_ready(std::chrono::seconds(30)).ok());
  }

  SyncStore& operator[](std::size_t i) { return stores_[i]; }
  std::size_t size() const { return stores_.size(); }
  const std::vector<MemberOptions>& members() const { return members_; }
  void close(std::size_t i) { closed_.push_back(std::move(stores_[i])), closed_.clear(); }

 private:
  std::vector<MemberOptions> members_;
  std::vector<SyncStore> stores_;
  std::vector<SyncStore> closed_;
};

// Calls between healthy members on one busy machine may take longer than the defaults allow.
inline constexpr ReadOptions kPatientRead{.timeout = std::chrono::seconds(10)};
inline constexpr WriteOptions kPatient{.timeout = std::chrono::seconds(10)};
inline constexpr AuthenticateOptions kPatientLogin{.timeout = std::chrono::seconds(10)};

}  // namespace sojourn
