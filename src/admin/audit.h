#pragma once

#include <absl/status/status.h>

#include <functional>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "sojourn/options.h"

namespace sojourn::admin {

// Writes down what administrators change: to the user's sink, or to the log. Safe from any thread;
// the sink is called by one thread at a time.
class Audit {
 public:
  using Log = std::function<void(LogLevel, const std::string&)>;

  Audit(std::shared_ptr<AuditSink> sink, Log log) : sink_(std::move(sink)), log_(std::move(log)) {}

  // `outcome`: what came of it where that was OK; otherwise its status says.
  void write(const std::string& caller, const std::string& change, const absl::Status& status,
             const std::string& outcome = "done");

 private:
  Mutex mutex_;
  const std::shared_ptr<AuditSink> sink_;
  const Log log_;
};

// A subject or label as it may stand in a line of a log: in quotes, printable and not too long.
std::string quoted(const std::string& text);

}  // namespace sojourn::admin
