#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/private_file.h"
#include "sojournctl/admin/session_line.h"

namespace sojournctl {
namespace {

struct Arguments {
  std::string file = {};
};

// Writes the sessions that the member owns.
absl::Status export_from(const Connection& member, std::uint64_t epoch, std::ostream& to,
                         std::uint64_t& count) {
  v1::ExportRequest request;
  while (true) {
    const auto reply = member.call(&Connection::Stub::Export, request);
    if (!reply.ok()) return reply.status();
    if (reply->epoch() != epoch) {
      return absl::UnavailableError(
          "the view has changed meanwhile, so sessions may be missing: export again");
    }
    for (const v1::ExportedSession& session : reply->sessions()) {
      to << session_line(session) << "\n";
    }
    count += static_cast<std::uint64_t>(reply->sessions_size());
    if (!to) return absl::UnavailableError("what is exported cannot be written");
    if (reply->next_segment() >= reply->segments()) return absl::OkStatus();
    request.set_first_segment(reply->next_segment());
    request.set_after(reply->next_after());
  }
}

absl::StatusOr<std::uint64_t> export_all(const Connection& connection, std::ostream& to) {
  to << header_line({connection.snapshot().cluster(), std::chrono::system_clock::now()}) << "\n";
  std::uint64_t count = 0;
  for (const v1::MemberStatus& each : connection.snapshot().members()) {
    const auto member = connection.to_member(each.name());
    if (!member.ok()) return member.status();
    absl::Status status = export_from(*member, connection.snapshot().epoch(), to, count);
    if (!status.ok()) return status;
  }
  to << std::flush;
  if (!to) return absl::UnavailableError("what is exported cannot be written");
  return count;
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments, bool json) {
  if (connection.snapshot().members().empty()) {
    return absl::UnavailableError("member " + connection.name() + " is in no view yet");
  }
  if (arguments.file == "-") {
    const auto count = export_all(connection, std::cout);
    if (!count.ok()) return count.status();
    std::cerr << "Sessions exported: " << *count << "\n";
    return kDone;
  }
  const auto file = PrivateFile::create(arguments.file);
  if (!file.ok()) return file.status();
  const auto count = export_all(connection, (*file)->stream());
  if (!count.ok()) return count.status();
  if (absl::Status status = (*file)->keep(); !status.ok()) return status;
  if (json) {
    const nlohmann::ordered_json told = {{"sessions", *count}, {"file", arguments.file}};
    std::cout << told.dump(2) << "\n";
  } else {
    std::cout << "Sessions exported: " << *count << "\n";
  }
  return kDone;
}

}  // namespace

void add_export_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      commands.add("export",
                   "Write all sessions, ids and attributes included, to a file that only you can "
                   "read: whoever has the file has the sessions",
                   [&commands, arguments](const Connection& connection) {
                     return run(connection, *arguments, commands.json());
                   });
  command->add_option("FILE", arguments->file, "Where to; - is standard output")->required();
}

}  // namespace sojournctl
