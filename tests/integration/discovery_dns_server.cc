#include "integration/discovery_dns_server.h"

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/connect.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include "support/ports.h"

extern char** environ;

namespace sojourn::discovery {
namespace {

using std::chrono::milliseconds;

bool listens(int port) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  asio::error_code error;
  socket.connect({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)}, error);
  return !error;
}

bool is_free_for_datagrams(int port) {
  asio::io_context context;
  asio::ip::udp::socket socket(context, asio::ip::udp::v4());
  asio::error_code error;
  socket.bind({asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(port)}, error);
  return !error;
}

// DNS comes by TCP and UDP.
int free_port() {
  for (;;) {
    if (const int port = support::free_ports(1)[0]; is_free_for_datagrams(port)) return port;
  }
}

}  // namespace

DnsServer::DnsServer() : port_(free_port()) {
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
  std::vector<std::string> arguments = {
      SOJOURN_DNSMASQ,
      // In the foreground, and without a process for each TCP
      // connection, which would outlive kill() with the port.
      "--no-daemon", "--conf-file=/dev/null", "--pid-file=", "--no-resolv", "--no-hosts",
      "--local=/test/", "--bind-interfaces", "--listen-address=127.0.0.1",
      "--port=" + std::to_string(port_), "--addn-hosts=" + hosts_file()};
  arguments.insert(arguments.end(), records.begin(), records.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!listens(port_) || has_ended()) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error(SOJOURN_DNSMASQ " does not answer");
    }
    // Whoever else got the port for a moment, as an outgoing connection of another program may,
    // makes it end at once: then it is started again.
    if (has_ended()) spawn(pointers);
    std::this_thread::sleep_for(milliseconds(10));
  }
}

void DnsServer::spawn(const std::vector<char*>& arguments) {
  if (posix_spawn(&process_, SOJOURN_DNSMASQ, nullptr, nullptr, arguments.data(), environ) != 0) {
    throw std::runtime_error("cannot start " SOJOURN_DNSMASQ);
  }
}

bool DnsServer::has_ended() {
  if (process_ != 0 && waitpid(process_, nullptr, WNOHANG) == process_) process_ = 0;
  return process_ == 0;
}

void DnsServer::reload() const { ::kill(process_, SIGHUP); }

void DnsServer::kill() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  waitpid(std::exchange(process_, 0), nullptr, 0);
}

}  // namespace sojourn::discovery
