#pragma once

#include <sojourn/store.h>

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gatehouse/config/config.h"
#include "gatehouse/console/observation.h"
#include "gatehouse/console/rates.h"
#include "gatehouse/console/transfers.h"
#include "gatehouse/console/watcher.h"

namespace gatehouse {

// Looks at the cluster each second, remembers what is needed for rates and recent changes, and
// tells those who look on.
//
// Safe from any thread; what it is made of must outlive it. Its looks keep the executor busy from
// start() until stop(), so that it is to be destroyed after the executor has run out of work.
class Console {
 public:
  // How many may look on at the same time at one server.
  static constexpr std::size_t kWatchersMax = 16;

  Console(asio::any_io_executor executor, const Config& config, const sojourn::Store& store);

  void start();
  // Sends those who look on away, and lets nobody in any more.
  void stop();

  // How things are now.
  Observation look();

  // A place for one who looks on, free again when nobody holds it; null if all are taken, or the
  // console was stopped.
  std::shared_ptr<void> take_place();
  // `watcher` is shown how things are, at once and from then on.
  void add(std::shared_ptr<ConsoleWatcher> watcher);

 private:
  void wait();
  void tick();
  // These under the lock.
  void note_state();
  Observation observation() const;
  ConsoleParts parts() const;

  const Config& config_;
  const sojourn::Store& store_;
  // Names of members in the order of their colours, and those that are to be there.
  std::vector<std::string> expected_;
  const std::shared_ptr<int> places_ = std::make_shared<int>();

  std::mutex mutex_;
  // What follows is guarded by it.
  asio::steady_timer timer_;
  bool is_stopped_ = false;
  std::vector<std::string> known_;
  sojourn::ClusterState state_;
  Rates rates_;
  Transfers transfers_;
  std::deque<ObservedChange> changes_;
  std::vector<std::shared_ptr<ConsoleWatcher>> watchers_;
};

}  // namespace gatehouse
