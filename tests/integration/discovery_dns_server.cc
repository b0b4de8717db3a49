#include "integration/discovery_dns_server.h"

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support/ports.h"

extern char** environ;

namespace sojourn::discovery {
namespace {

bool listens(int port) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  asio::error_code error;
  socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)}, error);
  return !error;
}

}  // namespace

DnsServer::DnsServer() : port_(support::free_ports(1)[0]) {
  std::string directory = (std::filesystem::temp_directory_path() / "sojourn-dns-XXXXXX").string();
  if (!mkdtemp(directory.data())) throw std::runtime_error("cannot make " + directory);
  directory_ = directory;
  // dnsmasq reads it as another user.
  std::filesystem::permissions(directory_, std::filesystem::perms(0755));
  set_hosts({});
}

DnsServer::~DnsServer() {
  kill();
  std::error_code left_behind;
  std::filesystem::remove_all(directory_, left_behind);
}

void DnsServer::set_hosts(const std::vector<std::string>& lines) const {
  std::ofstream file(hosts_file());
  for (const std::string& line : lines) file << line << "\n";
}

void DnsServer::start(const std::vector<std::string>& records) {
  std::vector<std::string> arguments = {SOJOURN_DNSMASQ,
                                        "--keep-in-foreground",
                                        "--conf-file=/dev/null",
                                        "--pid-file=",
                                        "--no-resolv",
                                        "--no-hosts",
                                        "--local=/test/",
                                        "--bind-interfaces",
                                        "--listen-address=127.0.0.1",
                                        "--port=" + std::to_string(port_),
                                        "--addn-hosts=" + hosts_file()};
  arguments.insert(arguments.end(), records.begin(), records.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  if (posix_spawn(&process_, SOJOURN_DNSMASQ, nullptr, nullptr, pointers.data(), environ) != 0) {
    throw std::runtime_error("cannot start " SOJOURN_DNSMASQ);
  }
  for (int tries = 0; !listens(port_); ++tries) {
    if (tries == 1000) throw std::runtime_error(SOJOURN_DNSMASQ " does not answer");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void DnsServer::reload() const { ::kill(process_, SIGHUP); }

void DnsServer::kill() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  waitpid(std::exchange(process_, 0), nullptr, 0);
}

}  // namespace sojourn::discovery
