#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/safety.h"
#include "sojournctl/admin/words.h"

namespace sojournctl {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

struct Arguments {
  std::string name = {};
  double wait_seconds = 0;
};

// How often the member is asked again.
constexpr milliseconds kPause(500);

milliseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
}

void print(const std::string& name, const Safety& safety,
           const std::optional<milliseconds>& estimated, bool json) {
  if (json) {
    nlohmann::ordered_json told = {
        {"member", name}, {"safe", safety.safe}, {"reason", safety.reason}};
    told["receiving"] = safety.receiving;
    if (estimated) told["estimate_ms"] = estimated->count();
    std::cout << told.dump(2) << "\n";
    return;
  }
  if (safety.safe) {
    std::cout << "yes: " << name << " may stop (" << safety.reason << ")\n";
    return;
  }
  std::cout << "no: " << safety.reason;
  if (safety.receiving > 0) std::cout << "; copies to come: " << safety.receiving;
  if (estimated) {
    std::cout << "; about " << duration_words(static_cast<std::uint64_t>(estimated->count()))
              << " left";
  }
  std::cout << "\n";
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments, bool json) {
  const auto member = connection.to_member(arguments.name);
  if (!member.ok()) return member.status();
  const Safety first = Safety::of(member->snapshot());
  const Clock::time_point begin = Clock::now();
  // Who is not safe is asked at least once more, to see how fast it goes.
  const milliseconds wait =
      std::max(2 * kPause, milliseconds(static_cast<std::int64_t>(arguments.wait_seconds * 1000)));
  Safety now = first;
  while (!now.safe && since(begin) < wait) {
    std::this_thread::sleep_for(std::min(kPause, wait - since(begin)));
    const auto snapshot =
        member->call<v1::StatusRequest, v1::Snapshot>(&Connection::Stub::Status, {});
    if (!snapshot.ok()) return snapshot.status();
    now = Safety::of(*snapshot);
  }
  print(arguments.name, now,
        now.safe ? std::nullopt : estimate(first.receiving, now.receiving, since(begin)), json);
  return now.safe ? kDone : kNo;
}

}  // namespace

void add_safe_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = commands.add(
      "safe",
      "Whether a member may stop now without a session being left on one copy; exit status 5 "
      "if not",
      [&commands, arguments](const Connection& connection) {
        return run(connection, *arguments, commands.json());
      });
  command->add_option("NAME", arguments->name, "The member")->required();
  command->add_option("--wait", arguments->wait_seconds, "Wait until it may, for so long at most")
      ->type_name("SECONDS")
      ->check(between(0.0, 86400.0));
}

}  // namespace sojournctl
