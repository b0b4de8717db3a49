#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/comparison.h"

namespace sojournctl {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  double patience_seconds = 5;
};

// What differs may be a write that is under way; it is looked at again so much later.
constexpr std::chrono::milliseconds kPause(300);

using Members = std::map<std::string, Connection>;

absl::StatusOr<Members> connect(const Connection& connection) {
  Members members;
  for (const v1::MemberStatus& member : connection.snapshot().members()) {
    absl::StatusOr<Connection> dialled = connection.to_member(member.name());
    if (!dialled.ok()) return dialled.status();
    if (dialled->snapshot().epoch() != connection.snapshot().epoch()) {
      return absl::UnavailableError("members are between two views; try again");
    }
    members.emplace(member.name(), *std::move(dialled));
  }
  return members;
}

// Adds what the member has of the segments from `first` to `last`, both included.
absl::Status ask(const Connection& member, std::uint32_t first, std::uint32_t last,
                 bool with_entries, Holdings& holdings) {
  while (first <= last) {
    v1::DigestsRequest request;
    request.set_first_segment(first);
    request.set_last_segment(last);
    request.set_with_entries(with_entries);
    auto reply = member.call(&Connection::Stub::Digests, request);
    if (!reply.ok()) return reply.status();
    if (reply->epoch() != member.snapshot().epoch()) {
      return absl::UnavailableError("the view has changed meanwhile; try again");
    }
    for (v1::Digest& digest : *reply->mutable_digests()) {
      const std::uint32_t segment = digest.segment();
      holdings[segment] = std::move(digest);
    }
    first = reply->next_segment();
  }
  return absl::OkStatus();
}

absl::StatusOr<Comparison::Members> ask_all(const Members& members, std::uint32_t first,
                                            std::uint32_t last, bool with_entries) {
  Comparison::Members all;
  for (const auto& [name, member] : members) {
    absl::Status status = ask(member, first, last, with_entries, all[name]);
    if (!status.ok()) return status;
  }
  return all;
}

// What of these differs still when each is looked at by itself, again and again for so long.
absl::StatusOr<std::map<std::uint32_t, std::vector<std::string>>> look_closely(
    const Members& members, std::set<std::uint32_t> suspects, std::chrono::milliseconds patience) {
  std::map<std::uint32_t, std::vector<std::string>> differences;
  const Clock::time_point begin = Clock::now();
  while (!suspects.empty()) {
    differences.clear();
    for (const std::uint32_t segment : suspects) {
      auto all = ask_all(members, segment, segment, true);
      if (!all.ok()) return all.status();
      Comparison::Members here;
      for (auto& [name, holdings] : *all) here[name] = std::move(holdings);
      const auto found = Comparison::differences(here, segment);
      if (!found.empty()) differences[segment] = found;
    }
    suspects.clear();
    if (Clock::now() - begin >= patience) break;
    for (const auto& [segment, lines] : differences) suspects.insert(segment);
    if (!suspects.empty()) std::this_thread::sleep_for(kPause);
  }
  return differences;
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments, bool json) {
  const std::uint32_t segments = connection.snapshot().segments();
  if (segments == 0) return absl::UnavailableError("there is no view yet");
  const auto members = connect(connection);
  if (!members.ok()) return members.status();
  const auto all = ask_all(*members, 0, segments - 1, false);
  if (!all.ok()) return all.status();
  const auto differences = look_closely(
      *members, Comparison::differing(*all, segments),
      std::chrono::milliseconds(static_cast<std::int64_t>(arguments.patience_seconds * 1000)));
  if (!differences.ok()) return differences.status();

  std::uint64_t copies = 0;
  std::uint64_t records = 0;
  for (const auto& [name, holdings] : *all) {
    for (const auto& [segment, digest] : holdings) {
      copies += digest.holds() ? 1 : 0;
      records += digest.records();
    }
  }
  if (json) {
    nlohmann::ordered_json told = {{"segments", segments},
                                   {"copies", copies},
                                   {"records", records},
                                   {"equal", differences->empty()}};
    told["differences"] = nlohmann::ordered_json::object();
    for (const auto& [segment, lines] : *differences) {
      told["differences"][std::to_string(segment)] = lines;
    }
    std::cout << told.dump(2) << "\n";
  } else {
    for (const auto& [segment, lines] : *differences) {
      for (const std::string& line : lines) {
        std::cout << "segment " << segment << ": " << line << "\n";
      }
    }
    std::cout << (differences->empty() ? "All copies are equal: " : "Copies differ: ") << copies
              << " copies of " << segments << " segments, " << records << " records, "
              << differences->size() << " segments that differ.\n";
  }
  return differences->empty() ? kDone : kNo;
}

}  // namespace

void add_verify_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = commands.add(
      "verify",
      "Compare the copies of all segments across the members; exit status 5 if they differ",
      [&commands, arguments](const Connection& connection) {
        return run(connection, *arguments, commands.json());
      });
  command
      ->add_option("--patience", arguments->patience_seconds,
                   "What differs for so long is a difference, and no write under way")
      ->type_name("SECONDS")
      ->check(between(0.0, 600.0))
      ->capture_default_str();
}

}  // namespace sojournctl
