#include <unistd.h>

#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/rates.h"

namespace sojournctl {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  double interval_seconds = 1;
  std::uint64_t count = 0;
};

// One member, which is asked for a snapshot each time; dialled again when it does not answer.
class Feed {
 public:
  explicit Feed(std::string name) : name_(std::move(name)) {}

  Watched look(const Connection& through) {
    Watched watched;
    watched.name = name_;
    absl::StatusOr<v1::Snapshot> snapshot = take(through);
    if (!snapshot.ok()) {
      connection_.reset();
      before_.reset();
      watched.trouble = std::string(snapshot.status().message());
      return watched;
    }
    const Clock::time_point now = Clock::now();
    watched.rates = Rates::between(before_ ? *before_ : *snapshot, *snapshot, now - taken_at_);
    watched.snapshot = *snapshot;
    before_ = *std::move(snapshot);
    taken_at_ = now;
    return watched;
  }

 private:
  absl::StatusOr<v1::Snapshot> take(const Connection& through) {
    if (!connection_) {
      absl::StatusOr<Connection> dialled = through.to_member(name_);
      if (!dialled.ok()) return dialled.status();
      connection_ = *std::move(dialled);
      return connection_->snapshot();
    }
    return connection_->call<v1::StatusRequest, v1::Snapshot>(&Connection::Stub::Status, {});
  }

  const std::string name_;
  std::optional<Connection> connection_;
  std::optional<v1::Snapshot> before_;
  Clock::time_point taken_at_ = {};
};

// All members, those of newer views too.
class Feeds {
 public:
  explicit Feeds(const Connection& through) : through_(through) { add(through.snapshot()); }

  std::vector<Watched> look() {
    std::vector<Watched> members;
    for (auto& [name, feed] : feeds_) members.push_back(feed.look(through_));
    for (const Watched& member : members) add(member.snapshot);
    return members;
  }

 private:
  void add(const v1::Snapshot& snapshot) {
    for (const v1::MemberStatus& member : snapshot.members()) {
      feeds_.try_emplace(member.name(), member.name());
    }
  }

  const Connection& through_;
  std::map<std::string, Feed> feeds_;
};

// On a terminal each picture takes the place of the one before.
void show(const std::vector<Watched>& members, bool json, bool redraw) {
  if (json) {
    std::cout << watch_json(members).dump() << std::endl;
    return;
  }
  if (redraw) std::cout << "\033[H\033[2J";
  std::cout << watch_text(members) << (redraw ? "" : "\n") << std::flush;
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments, bool json) {
  const bool redraw = !json && isatty(STDOUT_FILENO) != 0;
  const std::chrono::milliseconds interval(
      static_cast<std::int64_t>(arguments.interval_seconds * 1000));
  Feeds feeds(connection);
  // The first look has nothing to compare with.
  feeds.look();
  for (std::uint64_t i = 0; arguments.count == 0 || i < arguments.count; ++i) {
    std::this_thread::sleep_for(interval);
    show(feeds.look(), json, redraw);
    if (!std::cout) return kDone;
  }
  return kDone;
}

}  // namespace

void add_watch_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      commands.add("watch", "Members, segments moving, rates and sticky hits, again and again",
                   [&commands, arguments](const Connection& connection) {
                     return run(connection, *arguments, commands.json());
                   });
  command->add_option("--interval", arguments->interval_seconds, "Seconds between two looks")
      ->check(CLI::Range(0.1, 60.0))
      ->capture_default_str();
  command->add_option("--count", arguments->count, "Look so many times; 0: until interrupted")
      ->capture_default_str();
}

}  // namespace sojournctl
