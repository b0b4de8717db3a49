#include "gatehouse/http/server_sent_event.h"

namespace gatehouse {

std::string server_sent_event(std::string_view name, std::string_view data) {
  std::string event = "event: " + std::string(name) + "\ndata: ";
  for (const char c : data) {
    if (c == '\n') {
      event += "\ndata: ";
    } else {
      // A carriage return would end the line as well.
      event += c == '\r' ? ' ' : c;
    }
  }
  return event + "\n\n";
}

std::string server_sent_heartbeat() { return ":\n\n"; }

std::string server_sent_retry(std::chrono::milliseconds wait) {
  return "retry: " + std::to_string(wait.count()) + "\n\n";
}

}  // namespace gatehouse
