#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace sojourn {

// How the other members are found by DNS, instead of by a list. The name is asked for again all the
// time. An address counts as soon as it is in an answer. It is forgotten when it was missing from
// three answers in a row and for ten seconds at least; answers that are errors, or empty, change
// nothing. Members that are found are asked who they are, so DNS needs to know no names.
//
// In Kubernetes this is the name of a headless Service with `publishNotReadyAddresses: true`.
struct DnsOptions {
  // With a port: a host name whose A and AAAA records are the members' addresses. Without: a
  // service name, such as _sojourn._tcp.auth.default.svc.cluster.local, whose SRV records are. A
  // name with a dot at its end is taken as it stands; the machine's search domains apply to others.
  std::string name = {};
  // The port on which all members listen. 0: SRV records say it.
  std::uint16_t port = 0;
  // Pause between two questions: 100 ms to 1 h.
  std::chrono::milliseconds interval = std::chrono::milliseconds(1000);
  // The servers to ask, numeric and separated by commas: "127.0.0.1:5353,[::1]:53,10.0.0.10".
  // Empty: those of the machine, and its hosts file.
  std::string servers = {};
};

}  // namespace sojourn
