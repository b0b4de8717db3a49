#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/rates.h"
#include "sojournctl/admin/terminal.h"

namespace sojournctl {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Arguments {
  double interval_seconds = 1;
  std::uint64_t count = 0;
};

// One member, which is asked for a snapshot each time; dialled again when it did not answer.
class Feed {
 public:
  explicit Feed(milliseconds patience) : patience_(patience) {}

  // `member`: where it is now.
  Watched look(const Connection& through, const v1::MemberStatus& member) {
    Watched watched;
    watched.name = member.name();
    absl::StatusOr<v1::Snapshot> snapshot = take(through, member);
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
  absl::StatusOr<v1::Snapshot> take(const Connection& through, const v1::MemberStatus& member) {
    if (!connection_) {
      absl::StatusOr<Connection> dialled = through.to_member(member, patience_);
      if (!dialled.ok()) return dialled.status();
      connection_ = *std::move(dialled);
      return connection_->snapshot();
    }
    return connection_->call<v1::StatusRequest, v1::Snapshot>(&Connection::Stub::Status, {});
  }

  const milliseconds patience_;
  std::optional<Connection> connection_;
  std::optional<v1::Snapshot> before_;
  Clock::time_point taken_at_ = {};
};

// All members of the newest view.
class Feeds {
 public:
  explicit Feeds(const Connection& through, milliseconds patience)
      : through_(through), patience_(patience), view_(through.snapshot()) {}

  // Asks all of them at once, so that one that is silent delays nobody but the picture.
  std::vector<Watched> look() {
    std::map<std::string, std::unique_ptr<Feed>> feeds;
    std::vector<std::future<Watched>> answers;
    for (const v1::MemberStatus& member : view_.members()) {
      std::unique_ptr<Feed>& feed = feeds[member.name()];
      feed = std::move(feeds_[member.name()]);
      if (!feed) feed = std::make_unique<Feed>(patience_);
      answers.push_back(std::async(std::launch::async, [this, &member, at = feed.get()] {
        return at->look(through_, member);
      }));
    }
    std::vector<Watched> members;
    for (std::future<Watched>& answer : answers) members.push_back(answer.get());
    // Who is in the view no more is forgotten.
    feeds_ = std::move(feeds);
    const v1::Snapshot* const newest = newest_view(members);
    if (newest && newest->epoch() > view_.epoch()) view_ = *newest;
    return members;
  }

 private:
  const Connection& through_;
  const milliseconds patience_;
  v1::Snapshot view_;
  std::map<std::string, std::unique_ptr<Feed>> feeds_;
};

// On a terminal each picture takes the place of the one before; elsewhere there are lines.
void show(const std::vector<Watched>& members, bool json, Screen* screen) {
  const std::string at = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone());
  if (json) {
    std::cout << watch_json(members, at).dump() << std::endl;
  } else if (screen) {
    screen->show(watch_picture(members) + "\nCtrl-C ends.\n");
  } else {
    std::cout << watch_lines(members, at) << std::flush;
  }
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments,
                        const AdminCommands& commands) {
  if (connection.snapshot().members().empty()) {
    return absl::UnavailableError("member " + connection.name() + " is in no view yet");
  }
  const milliseconds interval(static_cast<std::int64_t>(arguments.interval_seconds * 1000));
  Feeds feeds(connection, std::min(commands.timeout(), std::max(interval, milliseconds(2000))));
  Interruption interruption;
  std::optional<Screen> screen;
  if (!commands.json() && isatty(STDOUT_FILENO) != 0) screen.emplace();
  // The first look has nothing to compare with.
  feeds.look();
  for (std::uint64_t i = 0; arguments.count == 0 || i < arguments.count; ++i) {
    if (interruption.comes_within(interval)) break;
    show(feeds.look(), commands.json(), screen ? &*screen : nullptr);
    if (!std::cout) break;
  }
  return kDone;
}

}  // namespace

void add_watch_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = commands.add(
      "watch",
      "Members, segments moving, rates and sticky hits, again and again: a live view on a "
      "terminal, lines elsewhere",
      [&commands, arguments](const Connection& connection) {
        return run(connection, *arguments, commands);
      });
  command->add_option("--interval", arguments->interval_seconds, "How long between two looks")
      ->type_name("SECONDS")
      ->check(between(0.1, 60.0))
      ->capture_default_str();
  command->add_option("--count", arguments->count, "Look so many times; 0: until interrupted")
      ->type_name("NUMBER")
      ->capture_default_str();
}

}  // namespace sojournctl
