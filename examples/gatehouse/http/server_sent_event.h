#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace gatehouse {

// The parts of a stream of type text/event-stream, as EventSource reads it.

// An event with its data, which may have several lines.
std::string server_sent_event(std::string_view name, std::string_view data);

// Nothing: shows clients and proxies that the connection lives.
std::string server_sent_heartbeat();

// How soon a browser shall ask again when the stream has ended.
std::string server_sent_retry(std::chrono::milliseconds wait);

}  // namespace gatehouse
