#include "chaos/network.h"

#include <absl/strings/str_format.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <queue>
#include <utility>

namespace sojourn::chaos {
namespace {

using Clock = std::chrono::steady_clock;

// Larger than Ethernet's, so that carrying many sessions costs few packets.
constexpr int kPacketBytes = 9000;
// What may wait for its time on all links together; beyond it packets are lost, as in a router.
constexpr std::size_t kPacketsWaitingMax = 20'000;
constexpr std::array<std::uint8_t, 3> kSubnet = {10, 77, 0};

absl::Status failed(const char* what) {
  return absl::UnavailableError(absl::StrFormat("%s: %s", what, std::strerror(errno)));
}

// The member that an IPv4 packet is for.
std::optional<std::size_t> receiver(const std::string& packet) {
  if (packet.size() < 20 || (static_cast<std::uint8_t>(packet[0]) >> 4) != 4) return std::nullopt;
  if (std::memcmp(packet.data() + 16, kSubnet.data(), kSubnet.size()) != 0) return std::nullopt;
  const auto last = static_cast<std::uint8_t>(packet[19]);
  if (last == 0) return std::nullopt;
  return last - 1u;
}

sockaddr_in socket_address(std::uint32_t address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(address);
  return result;
}

ifreq request_for(const char* interface) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
  return request;
}

absl::Status bring_up(int socket, const char* interface) {
  ifreq request = request_for(interface);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(socket, SIOCSIFFLAGS, &request) != 0) return failed("bring an interface up");
  return absl::OkStatus();
}

// Configures the interface by a socket of its namespace.
absl::Status configure(int socket, std::uint32_t address) {
  ifreq request = request_for("tun0");
  sockaddr_in text = socket_address(address);
  std::memcpy(&request.ifr_addr, &text, sizeof text);
  if (ioctl(socket, SIOCSIFADDR, &request) != 0) return failed("give an interface its address");
  request = request_for("tun0");
  text = socket_address(0xffffff00);
  std::memcpy(&request.ifr_netmask, &text, sizeof text);
  if (ioctl(socket, SIOCSIFNETMASK, &request) != 0) return failed("give an interface its network");
  request = request_for("tun0");
  request.ifr_mtu = kPacketBytes;
  if (ioctl(socket, SIOCSIFMTU, &request) != 0) return failed("set the size of packets");
  if (absl::Status status = bring_up(socket, "tun0"); !status.ok()) return status;
  return bring_up(socket, "lo");
}

absl::StatusOr<int> open_tunnel(std::size_t member) {
  const int tunnel = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (tunnel < 0) return failed("open /dev/net/tun");
  ifreq request = request_for("tun0");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  absl::Status status =
      ioctl(tunnel, TUNSETIFF, &request) == 0 ? absl::OkStatus() : failed("make a TUN interface");
  if (status.ok()) {
    const std::uint32_t network = std::uint32_t{kSubnet[0]} << 24 |
                                  std::uint32_t{kSubnet[1]} << 16 | std::uint32_t{kSubnet[2]} << 8;
    status = configure(socket, network | static_cast<std::uint32_t>(member + 1));
  }
  close(socket);
  if (status.ok()) return tunnel;
  close(tunnel);
  return status;
}

struct Packet {
  Clock::time_point due = {};
  // Packets of one moment go in the order in which they came.
  std::uint64_t number = 0;
  std::size_t to = 0;
  std::string bytes = {};

  friend bool operator<(const Packet& a, const Packet& b) {
    return std::tie(a.due, a.number) > std::tie(b.due, b.number);  // the first due is the greatest
  }
};

}  // namespace

std::string Network::address_of(std::size_t member) {
  return absl::StrFormat("%d.%d.%d.%d", kSubnet[0], kSubnet[1], kSubnet[2], member + 1);
}

absl::StatusOr<std::unique_ptr<Network>> Network::create(std::size_t members, std::uint64_t seed) {
  std::vector<Port> ports;
  for (std::size_t member = 0; member < members; ++member) {
    absl::StatusOr<Port> port = make_port(member);
    if (!port.ok()) {
      for (const Port& made : ports) {
        close(made.tunnel);
        close(made.network_namespace);
      }
      return port.status();
    }
    ports.push_back(*port);
  }
  const int wake = eventfd(0, EFD_CLOEXEC);
  if (wake < 0) return failed("eventfd");
  return std::unique_ptr<Network>(new Network(std::move(ports), wake, seed));
}

// A namespace belongs to the thread that made it, and lives as long as a descriptor of it is open.
absl::StatusOr<Network::Port> Network::make_port(std::size_t member) {
  absl::StatusOr<Port> result = absl::UnknownError("not made");
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0) {
      result = failed("make a network namespace");
      return;
    }
    const absl::StatusOr<int> tunnel = open_tunnel(member);
    if (!tunnel.ok()) {
      result = tunnel.status();
      return;
    }
    const int network_namespace = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    result = Port{.network_namespace = network_namespace, .tunnel = *tunnel};
  }).join();
  return result;
}

Network::Network(std::vector<Port> ports, int wake, std::uint64_t seed)
    : ports_(std::move(ports)),
      wake_(wake),
      links_(ports_.size(), std::vector<Link>(ports_.size())),
      random_(seed),
      thread_([this] { carry(); }) {}

Network::~Network() {
  const std::uint64_t one = 1;
  (void)!write(wake_, &one, sizeof one);  // cannot fail: the counter is far from full
  thread_.join();
  for (const Port& port : ports_) {
    close(port.tunnel);
    close(port.network_namespace);
  }
  close(wake_);
}

void Network::set(std::size_t from, std::size_t to, Link link) {
  const std::lock_guard lock(mutex_);
  links_[from][to] = link;
}

void Network::set_between(std::size_t a, std::size_t b, Link link) {
  set(a, b, link);
  set(b, a, link);
}

void Network::set_all(Link link) {
  const std::lock_guard lock(mutex_);
  for (auto& row : links_) std::fill(row.begin(), row.end(), link);
}

Link Network::link(std::size_t from, std::size_t to) {
  const std::lock_guard lock(mutex_);
  return links_[from][to];
}

void Network::carry() {
  prctl(PR_SET_TIMERSLACK, 1000);  // delays are to be what was asked for, to a microsecond
  std::priority_queue<Packet> waiting;
  std::uint64_t packets = 0;
  std::vector<pollfd> descriptors;
  for (const Port& port : ports_) descriptors.push_back({port.tunnel, POLLIN, 0});
  descriptors.push_back({wake_, POLLIN, 0});
  std::string buffer(kPacketBytes, '\0');

  const auto send = [&](std::size_t to, const std::string& bytes) {
    // A packet that finds no room is lost, as it may be anywhere.
    (void)!write(ports_[to].tunnel, bytes.data(), bytes.size());
  };
  const auto take = [&](std::size_t from) {
    const ssize_t size = read(ports_[from].tunnel, buffer.data(), buffer.size());
    if (size <= 0) return false;
    std::string bytes = buffer.substr(0, static_cast<std::size_t>(size));
    const std::optional<std::size_t> to = receiver(bytes);
    if (!to || *to >= ports_.size()) return true;
    const Link way = link(from, *to);
    if (way.cut || static_cast<double>(random_.below(1'000'000)) < way.loss * 1e6) return true;
    std::chrono::microseconds late = way.delay;
    if (way.jitter.count() > 0) {
      late +=
          std::chrono::microseconds(random_.below(static_cast<std::uint64_t>(way.jitter.count())));
    }
    if (late.count() == 0) {
      send(*to, bytes);
    } else if (waiting.size() < kPacketsWaitingMax) {
      waiting.push(
          {.due = Clock::now() + late, .number = ++packets, .to = *to, .bytes = std::move(bytes)});
    }
    return true;
  };

  for (;;) {
    timespec time{};
    if (!waiting.empty()) {
      const auto left = std::max(Clock::duration(0), waiting.top().due - Clock::now());
      time.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count();
      time.tv_nsec = static_cast<long>((left % std::chrono::seconds(1)).count());
    }
    ppoll(descriptors.data(), descriptors.size(), waiting.empty() ? nullptr : &time, nullptr);
    if (descriptors.back().revents != 0) return;
    while (!waiting.empty() && waiting.top().due <= Clock::now()) {
      send(waiting.top().to, waiting.top().bytes);
      waiting.pop();
    }
    for (std::size_t from = 0; from < ports_.size(); ++from) {
      if (descriptors[from].revents == 0) continue;
      // Some at a time, so that a busy member does not make the others wait.
      for (int packet = 0; packet < 16 && take(from); ++packet) {
      }
    }
  }
}

}  // namespace sojourn::chaos
