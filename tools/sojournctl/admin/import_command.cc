#include <algorithm>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/session_line.h"
#include "sojournctl/admin/words.h"

namespace sojournctl {
namespace {

constexpr int kPerRequest = 100;

struct Arguments {
  std::string file = {};
  // How long ago they were exported; otherwise the file says when.
  std::optional<double> since_seconds = {};
};

struct Tally {
  std::uint64_t made = 0;
  std::uint64_t there = 0;
  std::uint64_t refused = 0;
  // How often each reason was given.
  std::map<std::string, std::uint64_t> reasons = {};
};

// The time since they were exported has passed for the sessions too.
void grow_older(std::uint64_t by_ms, v1::ExportedSession& session) {
  session.set_unseen_ms(session.unseen_ms() + by_ms);
  session.set_left_ms(session.left_ms() - std::min(session.left_ms(), by_ms));
}

// A clock that was set back meanwhile makes nothing younger.
std::uint64_t milliseconds_since(std::chrono::system_clock::time_point at) {
  const auto passed =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now() - at);
  return static_cast<std::uint64_t>(std::max<std::int64_t>(passed.count(), 0));
}

absl::Status send(const Connection& connection, const AdminCommands& commands,
                  v1::ImportRequest& request, Tally& tally) {
  request.set_timeout_ms(static_cast<std::uint32_t>(commands.timeout().count()));
  const auto reply = connection.call(&Connection::Stub::Import, request, commands.timeout());
  if (!reply.ok()) return reply.status();
  for (const v1::ImportReply::Outcome& outcome : reply->outcomes()) {
    if (outcome.code() == grpc::StatusCode::OK) {
      ++tally.made;
    } else if (outcome.code() == grpc::StatusCode::ABORTED) {
      ++tally.there;
    } else {
      ++tally.refused;
      ++tally.reasons[printable(outcome.message())];
    }
  }
  request.clear_sessions();
  return absl::OkStatus();
}

absl::Status import_all(const Connection& connection, const AdminCommands& commands,
                        const Arguments& arguments, std::istream& from, Tally& tally) {
  std::string line;
  std::getline(from, line);
  const auto header = header_of_line(line);
  if (!header.ok()) return header.status();
  const std::uint64_t older_ms = arguments.since_seconds
                                     ? static_cast<std::uint64_t>(*arguments.since_seconds * 1000)
                                     : milliseconds_since(header->at);
  v1::ImportRequest request;
  for (std::uint64_t number = 2; std::getline(from, line); ++number) {
    if (line.empty()) continue;
    absl::StatusOr<v1::ExportedSession> session = session_of_line(line);
    if (!session.ok()) {
      return absl::InvalidArgumentError("line " + std::to_string(number) + ": " +
                                        std::string(session.status().message()));
    }
    grow_older(older_ms, *session);
    *request.add_sessions() = *std::move(session);
    if (request.sessions_size() < kPerRequest) continue;
    if (absl::Status status = send(connection, commands, request, tally); !status.ok()) {
      return status;
    }
  }
  return request.sessions_size() > 0 ? send(connection, commands, request, tally)
                                     : absl::OkStatus();
}

void print(const Tally& tally, bool json) {
  if (json) {
    nlohmann::ordered_json told = {
        {"made", tally.made}, {"there_already", tally.there}, {"refused", tally.refused}};
    told["reasons"] = tally.reasons;
    std::cout << told.dump(2) << "\n";
    return;
  }
  std::cout << "Sessions made: " << tally.made << "; there already, and left alone: " << tally.there
            << "; refused: " << tally.refused << "\n";
  for (const auto& [reason, count] : tally.reasons) {
    std::cout << "  " << count << ": " << reason << "\n";
  }
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments,
                        const AdminCommands& commands) {
  std::ifstream file;
  if (arguments.file != "-") {
    file.open(arguments.file, std::ios::binary);
    if (!file) return absl::InvalidArgumentError("'" + arguments.file + "' cannot be read");
  }
  Tally tally;
  const absl::Status status =
      import_all(connection, commands, arguments, arguments.file == "-" ? std::cin : file, tally);
  // What was made before is made.
  print(tally, commands.json());
  if (!status.ok()) return status;
  return tally.refused == 0 ? kDone : kNo;
}

}  // namespace

void add_import_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      commands.add("import",
                   "Make the sessions of a file that export wrote, under the ids that they had; "
                   "exit status 5 if any was refused",
                   [&commands, arguments](const Connection& connection) {
                     return run(connection, *arguments, commands);
                   });
  command->add_option("FILE", arguments->file, "The file; - is standard input")->required();
  command
      ->add_option(
          "--since", arguments->since_seconds,
          "How long ago they were exported, by which they live shorter; otherwise the time that "
          "the file says and this machine's clock tell")
      ->type_name("SECONDS")
      ->check(between(0.0, 1e9));
}

}  // namespace sojournctl
