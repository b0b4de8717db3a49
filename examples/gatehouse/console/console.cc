#include "gatehouse/console/console.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gatehouse/portal/readable_time.h"

namespace gatehouse {
namespace {

constexpr std::chrono::seconds kLookEvery(1);
constexpr std::size_t kChangesMax = 12;

}  // namespace

Console::Console(asio::any_io_executor executor, const Config& config, const sojourn::Store& store)
    : config_(config), store_(store), timer_(std::move(executor)) {
  for (const sojourn::MemberOptions& member : config.store.members) {
    expected_.push_back(member.name);
  }
  std::ranges::sort(expected_);
  known_ = expected_;
}

void Console::start() { tick(); }

void Console::stop() {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
  timer_.cancel();
  for (const auto& watcher : std::exchange(watchers_, {})) watcher->end();
}

Observation Console::look() {
  const std::lock_guard lock(mutex_);
  note_state();
  return observation();
}

std::shared_ptr<void> Console::take_place() {
  const std::lock_guard lock(mutex_);
  // One of them is held by this.
  if (is_stopped_ || static_cast<std::size_t>(places_.use_count()) > kWatchersMax) return nullptr;
  return places_;
}

void Console::add(std::shared_ptr<ConsoleWatcher> watcher) {
  ConsoleParts parts;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return watcher->end();
    watchers_.push_back(watcher);
    note_state();
    parts = this->parts();
  }
  watcher->show(std::move(parts));
}

void Console::tick() {
  std::vector<std::shared_ptr<ConsoleWatcher>> watchers;
  ConsoleParts parts;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_) return;
    rates_.add(Rates::Clock::now(), store_.metrics());
    note_state();
    std::erase_if(watchers_, [](const auto& watcher) { return watcher->has_gone(); });
    watchers = watchers_;
    if (!watchers.empty()) parts = this->parts();
    wait();
  }
  for (const auto& watcher : watchers) watcher->show(parts);
}

void Console::wait() {
  timer_.expires_after(kLookEvery);
  timer_.async_wait([this](asio::error_code error) {
    if (!error) tick();
  });
}

void Console::note_state() {
  sojourn::ClusterState state = store_.cluster_state();
  const std::string time = readable_time(std::chrono::system_clock::now());
  for (std::string& change : changes_between(state_, state)) {
    changes_.push_front({.time = time, .text = std::move(change)});
  }
  if (changes_.size() > kChangesMax) changes_.resize(kChangesMax);
  if (state.view) {
    for (const sojourn::Member& member : state.view->members) {
      if (std::ranges::find(known_, member.name) == known_.end()) known_.push_back(member.name);
    }
  }
  transfers_.note(state);
  state_ = std::move(state);
}

Observation Console::observation() const {
  Observation observation = observe(std::string(store_.name()), state_, store_.health(),
                                    store_.metrics(), expected_, known_);
  observation.cluster = config_.store.cluster;
  observation.transfers = transfers_.running();
  observation.changes.assign(changes_.begin(), changes_.end());
  observation.rates = rates_.rates();
  observation.sticky_lately = rates_.sticky_lately();
  observation.sticky_ever = rates_.sticky_ever();
  return observation;
}

ConsoleParts Console::parts() const {
  return std::make_shared<const std::vector<ConsolePart>>(console_parts(observation()));
}

}  // namespace gatehouse
