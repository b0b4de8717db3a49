#include "discovery/dns_query.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <asio/ip/address.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "discovery/host_name.h"

namespace sojourn::discovery {
namespace {

// A server is asked twice, the second time with twice the patience.
constexpr int kPatienceMilliseconds = 1000;
constexpr int kTries = 2;

// Nobody wants to read more of a DNS library's words.
std::string what_of(const DnsOptions& options) {
  return (options.port == 0 ? "SRV records of " : "addresses of ") + options.name;
}

std::string text_of(const asio::ip::address& ip, std::uint16_t port) {
  const std::string host = ip.is_v6() ? "[" + ip.to_string() + "]" : ip.to_string();
  return host + ":" + std::to_string(port);
}

// What one question has brought so far. C-ares calls back with it.
struct Answer {
  std::uint16_t port = 0;
  // None while it is waited for.
  std::optional<int> status = {};
  std::vector<Found> found = {};
};

void take_addresses(void* argument, int status, int, ares_addrinfo* result) {
  Answer& answer = *static_cast<Answer*>(argument);
  answer.status = status;
  if (!result) return;
  for (const ares_addrinfo_node* node = result->nodes; node; node = node->ai_next) {
    if (node->ai_family == AF_INET) {
      sockaddr_in in = {};
      std::memcpy(&in, node->ai_addr, sizeof in);
      const asio::ip::address_v4 ip(ntohl(in.sin_addr.s_addr));
      answer.found.push_back({.address = text_of(ip, answer.port)});
    } else if (node->ai_family == AF_INET6) {
      sockaddr_in6 in = {};
      std::memcpy(&in, node->ai_addr, sizeof in);
      asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
      answer.found.push_back({.address = text_of(asio::ip::address_v6(bytes), answer.port)});
    }
  }
  ares_freeaddrinfo(result);
}

void take_services(void* argument, int status, int, unsigned char* bytes, int size) {
  Answer& answer = *static_cast<Answer*>(argument);
  answer.status = status;
  if (status != ARES_SUCCESS) return;
  ares_srv_reply* services = nullptr;
  answer.status = ares_parse_srv_reply(bytes, size, &services);
  for (const ares_srv_reply* service = services; service; service = service->next) {
    // A target that is the root says that there is no such service.
    if (service->port == 0 || !is_host_name(service->host)) continue;
    answer.found.push_back({.name = member_of(service->host),
                            .address = service->host + (":" + std::to_string(service->port))});
  }
  if (services) ares_free_data(services);
}

// Runs the channel until there is an answer or the bell rings.
void wait(ares_channel channel, const Answer& answer, const Bell& bell) {
  while (!answer.status && !bell.has_rung()) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets = {};
    const auto wanted =
        static_cast<unsigned>(ares_getsock(channel, sockets.data(), ARES_GETSOCK_MAXNUM));
    std::vector<pollfd> polled = {{.fd = bell.descriptor(), .events = POLLIN, .revents = 0}};
    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
      const int events = (ARES_GETSOCK_READABLE(wanted, i) ? POLLIN : 0) |
                         (ARES_GETSOCK_WRITABLE(wanted, i) ? POLLOUT : 0);
      if (events == 0) continue;
      polled.push_back({.fd = sockets[i], .events = static_cast<short>(events), .revents = 0});
    }
    timeval longest = {.tv_sec = 1, .tv_usec = 0};
    timeval buffer = {};
    const timeval* const until = ares_timeout(channel, &longest, &buffer);
    // Rounded up, so that it does not spin through the last millisecond.
    const auto milliseconds = until->tv_sec * 1000 + until->tv_usec / 1000 + 1;
    (void)poll(polled.data(), polled.size(), static_cast<int>(milliseconds));  // what it is, we see

    for (std::size_t i = 1; i < polled.size(); ++i) {
      const bool readable = (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
      const bool writable = (polled[i].revents & (POLLOUT | POLLERR)) != 0;
      ares_process_fd(channel, readable ? polled[i].fd : ARES_SOCKET_BAD,
                      writable ? polled[i].fd : ARES_SOCKET_BAD);
    }
    // Also when nothing came: for what has taken too long.
    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
}

struct ChannelFreed {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<ares_channeldata, ChannelFreed>;

absl::StatusOr<Channel> open_channel(const DnsOptions& options) {
  static const int library = ares_library_init(ARES_LIB_INIT_ALL);
  ares_options chosen = {};
  chosen.timeout = kPatienceMilliseconds;
  chosen.tries = kTries;
  int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES;
  std::string without_files = "b";
  if (!options.servers.empty()) {
    chosen.lookups = without_files.data();
    mask |= ARES_OPT_LOOKUPS;
  }
  ares_channel opened = nullptr;
  int status = library == ARES_SUCCESS ? ares_init_options(&opened, &chosen, mask) : library;
  Channel channel(status == ARES_SUCCESS ? opened : nullptr);
  if (channel && !options.servers.empty()) {
    status = ares_set_servers_ports_csv(channel.get(), options.servers.c_str());
  }
  if (status == ARES_SUCCESS) return channel;
  return absl::UnavailableError(std::string("dns: cannot ask: ") + ares_strerror(status));
}

absl::Status problem(const DnsOptions& options, int status) {
  const std::string text = "dns: no " + what_of(options) + ": " + ares_strerror(status);
  const bool not_there = status == ARES_ENOTFOUND || status == ARES_ENODATA;
  return not_there ? absl::NotFoundError(text) : absl::UnavailableError(text);
}

}  // namespace

absl::StatusOr<std::vector<Found>> ask_dns(const DnsOptions& options, const Bell& bell) {
  Answer answer = {.port = options.port};
  {
    // New for each question, because the machine's servers may change.
    absl::StatusOr<Channel> channel = open_channel(options);
    if (!channel.ok()) return channel.status();
    if (options.port == 0) {
      ares_search(channel->get(), options.name.c_str(), ns_c_in, ns_t_srv, take_services, &answer);
    } else {
      ares_addrinfo_hints hints = {};
      hints.ai_family = AF_UNSPEC;
      hints.ai_flags = ARES_AI_NOSORT;
      ares_getaddrinfo(channel->get(), options.name.c_str(), nullptr, &hints, take_addresses,
                       &answer);
    }
    wait(channel->get(), answer, bell);
    // Destroying the channel ends what is under way, with the answer that it was given up.
  }
  if (bell.has_rung()) return absl::CancelledError("dns: the question was given up");
  if (answer.status != ARES_SUCCESS) return problem(options, *answer.status);
  if (answer.found.empty()) return problem(options, ARES_ENODATA);
  return std::move(answer.found);
}

}  // namespace sojourn::discovery
