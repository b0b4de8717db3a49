#include "gatehouse/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace gatehouse {
namespace {

std::string take_variable(const char* name) {
  const char* value = std::getenv(name);
  std::string taken = value == nullptr ? "" : value;
  unsetenv(name);
  return taken;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  manager.socket_ = take_variable("NOTIFY_SOCKET");
  const auto timeout = parse_number(take_variable("WATCHDOG_USEC"));
  const std::string pid = take_variable("WATCHDOG_PID");
  const bool is_meant = pid.empty() || parse_number(pid) == getpid();
  if (timeout && *timeout > 0 && is_meant && !manager.socket_.empty()) {
    manager.watchdog_interval_ = std::chrono::microseconds(*timeout / 2);
  }
  return manager;
}

void ServiceManager::tell_ready() const { send("READY=1"); }

void ServiceManager::tell_status(std::string_view status) {
  if (status_ == status) return;
  status_ = status;
  send("STATUS=" + status_);
}

void ServiceManager::tell_stopping() const { send("STOPPING=1\nSTATUS=stopping"); }

void ServiceManager::tell_alive_if_due(std::chrono::steady_clock::time_point now) {
  if (!watchdog_interval_ || now < alive_due_) return;
  alive_due_ = now + *watchdog_interval_;
  send("WATCHDOG=1");
}

// Nothing depends on whether it arrives: a manager that is restarted itself misses some of it.
void ServiceManager::send(std::string_view text) const {
  sockaddr_un address = {};
  if (socket_.empty() || socket_.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  // A name that begins with @ is one of the abstract namespace, which begin with a zero byte.
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  (void)sendto(descriptor, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address), size);
  close(descriptor);
}

}  // namespace gatehouse
