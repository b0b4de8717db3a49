#pragma once

#include <sojourn/session_id.h>

#include <asio/any_io_executor.hpp>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/http/body_stream.h"
#include "gatehouse/portal/services.h"
#include "gatehouse/web/console_page.h"

namespace gatehouse {

// The parts of the console at one moment, shared by all who look on.
using ConsoleParts = std::shared_ptr<const std::vector<ConsolePart>>;

// One browser that looks on: gets each part of the console that has changed since it last did, for
// as long as its session lives. A browser that does not keep up gets the latest when it can. When
// its session ends, or has a new id, the stream ends: browsers then ask again, with the cookie that
// they have by now.
//
// show() and end() are safe from any thread; all else runs on the connection's executor.
class ConsoleWatcher : public std::enable_shared_from_this<ConsoleWatcher> {
 public:
  // Holds `place` for as long as it lives.
  ConsoleWatcher(Services& services, sojourn::SessionId session, asio::any_io_executor executor,
                 std::shared_ptr<BodyStream> stream, std::shared_ptr<void> place);

  void show(ConsoleParts parts);
  void end();

  // Nobody looks any more.
  bool has_gone() const { return has_gone_; }

 private:
  using Clock = std::chrono::steady_clock;

  void send(const std::vector<ConsolePart>& parts);
  void check_session();

  Services& services_;
  const sojourn::SessionId session_;
  const asio::any_io_executor executor_;
  const std::shared_ptr<void> place_;
  std::shared_ptr<BodyStream> stream_;
  std::atomic<bool> has_gone_ = false;
  // What it has by now.
  std::map<std::string_view, std::string> shown_;
  Clock::time_point sent_at_ = {};
  Clock::time_point checked_at_ = Clock::now();
};

}  // namespace gatehouse
