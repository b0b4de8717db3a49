#pragma once

#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/notice.h"
#include "sojourn/options.h"

namespace sojourn::runtime {

// The store's log: the user's sink, or lines on standard error. Safe from any thread; the sink is
// called by one thread at a time.
class Log {
 public:
  Log(std::string member, std::shared_ptr<LogSink> sink);

  void write(LogLevel level, const std::string& message);
  void write(const Notice& notice);

 private:
  const std::string member_;
  Mutex mutex_;
  const std::shared_ptr<LogSink> sink_;
};

}  // namespace sojourn::runtime
