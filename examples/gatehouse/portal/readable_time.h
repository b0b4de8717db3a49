#pragma once

#include <chrono>
#include <string>

namespace gatehouse {

// A moment as people read it, without a question about where they are: "2026-01-31 18:05:59 UTC".
std::string readable_time(std::chrono::system_clock::time_point time);

// How long they must wait, rounded up: "20 seconds", "1 minute", "3 hours".
std::string readable_wait(std::chrono::milliseconds wait);

}  // namespace gatehouse
