#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace sojourn::discovery {

// A dnsmasq on a port of 127.0.0.1 that knows what it is told and nothing else. It ends with this
// object.
class DnsServer {
 public:
  DnsServer();
  ~DnsServer();

  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // As DnsOptions::servers has it.
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // What it knows of hosts, a line "<address> <name>" each, from its next start() or reload() on.
  void set_hosts(const std::vector<std::string>& lines) const;

  // Starts it, and returns when it answers. `records` are more options of dnsmasq, such as
  // "--srv-host=_sojourn._tcp.test,auth-0.test,7701".
  void start(const std::vector<std::string>& records = {});
  // Makes it read the hosts again.
  void reload() const;
  void kill();

 private:
  std::string hosts_file() const { return (directory_ / "hosts").string(); }
  // `arguments` end with a null.
  void spawn(const std::vector<char*>& arguments);
  bool has_ended();

  const int port_;
  std::filesystem::path directory_;
  pid_t process_ = 0;
};

}  // namespace sojourn::discovery
