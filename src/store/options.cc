#include "store/options.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "discovery/dns_options.h"
#include "session/limits.h"
#include "transport/address.h"
#include "transport/security.h"

namespace sojourn::store {
namespace {

absl::Status wrong(const std::string& message) { return absl::InvalidArgumentError(message); }

// [a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?
bool is_name(std::string_view name) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !name.empty() && name.size() <= 32 && letter_or_digit(name.front()) &&
         letter_or_digit(name.back()) && std::all_of(name.begin(), name.end(), [&](char c) {
           return letter_or_digit(c) || c == '-';
         });
}

absl::Status check_name(const std::string& what, std::string_view name) {
  if (is_name(name)) return absl::OkStatus();
  return wrong(absl::StrFormat("%s: \"%s\" is not 1 to 32 characters of a-z, 0-9 and inner hyphens",
                               what, std::string(name.substr(0, 64))));
}

// host:port, with brackets around an IPv6 host.
absl::Status check_address(const std::string& what, std::string_view address) {
  const std::size_t colon = address.rfind(':');
  const bool has_host = colon != std::string_view::npos && colon > 0;
  const std::string_view port = has_host ? address.substr(colon + 1) : std::string_view();
  const bool digits =
      !port.empty() && port.size() <= 5 &&
      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  // Port 0 would be another one at every start, which nobody could be told.
  const int number = digits ? std::stoi(std::string(port)) : 0;
  const bool in_range = number >= 1 && number <= 65535;
  const bool ambiguous = has_host && address.front() != '[' &&
                         address.substr(0, colon).find(':') != std::string_view::npos;
  // A DNS name has at most 253 characters; the view carries the address to all members.
  const bool plain =
      address.size() <= 260 &&
      std::all_of(address.begin(), address.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (in_range && !ambiguous && plain) return absl::OkStatus();
  return wrong(absl::StrFormat("%s: \"%s\" is not host:port, with a port from 1 to 65535", what,
                               std::string(address.substr(0, 128))));
}

// `what` is how messages begin: "members: auth-0: ", or nothing for this member's own options.
absl::Status check_member(const std::string& what, const MemberOptions& member) {
  absl::Status status = check_address(what + "address", member.address);
  if (!status.ok()) return status;
  if (member.capacity > 1000) {
    return wrong(absl::StrFormat("%scapacity: %d is more than 1000", what, member.capacity));
  }
  if (member.zone.empty()) return absl::OkStatus();
  return check_name(what + "zone", member.zone);
}

absl::Status check_members(const StoreOptions& options) {
  if (options.members.empty() && !options.dns) return wrong("members: the list is empty");
  if (options.members.size() > 100) {
    return wrong(absl::StrFormat("members: there are %d, more than 100", options.members.size()));
  }
  std::set<std::string> names;
  std::map<std::string, std::string> names_by_address;
  for (const MemberOptions& member : options.members) {
    const std::string what = "members: " + member.name.substr(0, 64);
    if (absl::Status status = check_name(what, member.name); !status.ok()) return status;
    if (!names.insert(member.name).second) return wrong(what + ": is listed twice");
    // A member alone is asked by nobody.
    if (options.members.size() == 1 && member.address.empty() && !options.dns) continue;
    if (absl::Status status = check_member(what + ": ", member); !status.ok()) return status;
    const auto [other, is_new] = names_by_address.emplace(member.address, member.name);
    if (!is_new) {
      return wrong(absl::StrFormat("%s: address: %s is the address of %s as well", what,
                                   member.address, other->second));
    }
  }
  if (!names.contains(options.name)) {
    if (!options.dns) return wrong("name: " + options.name + " is not in the list of members");
    if (absl::Status status = check_member("", self_of(options)); !status.ok()) return status;
  }
  const bool only_witnesses =
      std::all_of(options.members.begin(), options.members.end(),
                  [](const MemberOptions& member) { return member.capacity == 0; });
  if (!options.dns && only_witnesses) {
    return wrong("members: all have capacity 0, so nobody would hold sessions");
  }
  return absl::OkStatus();
}

// Its own address may be a name that the system resolves; `listen` says it in numbers, because a
// name may lead to another machine, or nowhere yet.
absl::Status check_listen(const StoreOptions& options) {
  if (options.listen.empty()) return absl::OkStatus();
  absl::Status status = check_address("listen", options.listen);
  if (!status.ok()) return status;
  const auto parsed = transport::HostAndPort::parse(options.listen);
  if (parsed && (parsed->numeric() || parsed->host == "localhost")) return absl::OkStatus();
  return wrong(
      absl::StrFormat("listen: the host of \"%s\" is not a numeric address", options.listen));
}

absl::Status check_bootstrap(const StoreOptions& options) {
  if (options.bootstrap_expect > 1000) {
    return wrong(
        absl::StrFormat("bootstrap_expect: %d is more than 1000", options.bootstrap_expect));
  }
  if (options.dns && options.bootstrap_expect == 0) {
    return wrong("bootstrap_expect: must be set when members are found by DNS");
  }
  const std::size_t listed = options.members.size();
  if (!options.dns && options.bootstrap_expect > listed) {
    return wrong(absl::StrFormat("bootstrap_expect: %d is more than the %d members",
                                 options.bootstrap_expect, listed));
  }
  if (options.bootstrap_expect != 0 && 2 * options.bootstrap_expect <= listed) {
    return wrong(absl::StrFormat(
        "bootstrap_expect: %d is not more than half of the %d members, so two groups that do not "
        "hear each other could begin two clusters",
        options.bootstrap_expect, listed));
  }
  return absl::OkStatus();
}

// As certificates have them; one with a blank or a comma in it is a list by mistake.
absl::Status check_administrators(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const bool plain =
        !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
          return c > ' ' && c < 0x7f && c != ',' && c != '*';
        });
    if (!plain) {
      return wrong(absl::StrFormat("administrators: \"%s\" is not a DNS name of a certificate",
                                   name.substr(0, 64)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status check_options(const StoreOptions& options) {
  if (absl::Status status = check_name("cluster", options.cluster); !status.ok()) return status;
  if (absl::Status status = check_name("name", options.name); !status.ok()) return status;
  if (absl::Status status = check_members(options); !status.ok()) return status;
  if (options.dns) {
    if (absl::Status status = discovery::check_dns_options(*options.dns); !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = check_bootstrap(options); !status.ok()) return status;
  if (absl::Status status = check_listen(options); !status.ok()) return status;
  if (options.copies < 1 || options.copies > 5) {
    return wrong(absl::StrFormat("copies: %d is not between 1 and 5", options.copies));
  }
  if (!std::has_single_bit(options.segments) || options.segments > 65536) {
    return wrong(
        absl::StrFormat("segments: %d is not a power of two up to 65536", options.segments));
  }
  for (const auto& [what, lifetime] :
       {std::pair{"session_lifetime", options.session_lifetime},
        std::pair{"login_lifetime", options.login_lifetime},
        std::pair{"remembered_lifetime", options.remembered_lifetime}}) {
    absl::Status status = session::check_lifetime(lifetime);
    if (!status.ok()) return wrong(std::string(what) + ": " + std::string(status.message()));
  }
  if (absl::Status status = check_administrators(options.administrators); !status.ok()) {
    return status;
  }
  constexpr std::size_t kMemoryMin = std::size_t{1} << 20;
  if (options.memory_bytes != 0 && options.memory_bytes < kMemoryMin) {
    return wrong(
        absl::StrFormat("memory_bytes: %d is less than %d", options.memory_bytes, kMemoryMin));
  }
  constexpr std::size_t kQueueMin = std::size_t{256} << 10;
  if (options.peer_queue_bytes < kQueueMin) {
    return wrong(absl::StrFormat("peer_queue_bytes: %d is less than %d", options.peer_queue_bytes,
                                 kQueueMin));
  }
  if (options.calls_in_flight_max == 0) return wrong("calls_in_flight_max: must be at least 1");
  if (options.busy_poll.count() < 0 || options.busy_poll > std::chrono::milliseconds(1)) {
    return wrong(absl::StrFormat("busy_poll: %d us is not between 0 and 1000 us",
                                 options.busy_poll.count()));
  }
  if (options.heartbeat_interval < std::chrono::milliseconds(10) ||
      options.heartbeat_interval > std::chrono::seconds(10)) {
    return wrong(absl::StrFormat("heartbeat_interval: %d ms is not between 10 ms and 10 s",
                                 options.heartbeat_interval.count()));
  }
  if (options.lease < 4 * options.heartbeat_interval || options.lease > std::chrono::minutes(10)) {
    return wrong(
        absl::StrFormat("lease: %d ms is not between four heartbeats (%d ms) and 10 minutes",
                        options.lease.count(), 4 * options.heartbeat_interval.count()));
  }
  return absl::OkStatus();
}

absl::Status check(const StoreOptions& options) {
  if (absl::Status status = check_options(options); !status.ok()) return status;
  const std::string listen = listen_address(options);
  if (listen.empty() && peers_of(options).empty()) return absl::OkStatus();
  if (absl::Status status = transport::check_security(options, listen); !status.ok()) return status;
  if (!options.tls) return absl::OkStatus();
  return transport::check_files(*options.tls,
                                transport::certificate_name(options.name, options.cluster));
}

MemberOptions self_of(const StoreOptions& options) {
  const auto found =
      std::find_if(options.members.begin(), options.members.end(),
                   [&](const MemberOptions& member) { return member.name == options.name; });
  if (found != options.members.end()) return *found;
  return {.name = options.name,
          .address = options.address,
          .capacity = options.capacity,
          .zone = options.zone};
}

std::vector<transport::Peer> peers_of(const StoreOptions& options) {
  std::vector<transport::Peer> peers;
  for (const MemberOptions& member : options.members) {
    if (member.name != options.name) peers.push_back({member.name, member.address});
  }
  return peers;
}

std::uint32_t bootstrap_expect(const StoreOptions& options) {
  if (options.bootstrap_expect != 0) return options.bootstrap_expect;
  return static_cast<std::uint32_t>(std::max<std::size_t>(1, options.members.size()));
}

std::string listen_address(const StoreOptions& options) {
  if (!options.listen.empty()) return options.listen;
  return self_of(options).address;
}

}  // namespace sojourn::store
