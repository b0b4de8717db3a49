#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse {

// Whoever started this program and wants to hear how it is: systemd, by the datagrams of
// sd_notify(3) to the socket that NOTIFY_SOCKET names. That protocol is stable and short, so it
// needs no library. Without the variable nobody listens, and nothing is sent.
class ServiceManager {
 public:
  // Reads the environment, and takes the variables out of it, so that no child is confused.
  static ServiceManager from_environment();

  void tell_ready() const;
  // What `systemctl status` shows, one line. Sent when it is another than the last.
  void tell_status(std::string_view status);
  void tell_stopping() const;
  // To be called again and again while all is well: says so twice in the time after which the
  // manager takes this program for hung, if it wants to hear that at all.
  void tell_alive_if_due(std::chrono::steady_clock::time_point now);

 private:
  void send(std::string_view text) const;

  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_interval_;
  std::chrono::steady_clock::time_point alive_due_ = {};
  std::string status_;
};

}  // namespace gatehouse
