#include <sys/stat.h>

#include <fstream>
#include <iostream>
#include <memory>

#include "sojournctl/admin/commands.h"
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
    if (!to) return absl::UnavailableError("the file cannot be written");
    if (reply->next_segment() >= reply->segments()) return absl::OkStatus();
    request.set_first_segment(reply->next_segment());
    request.set_after(reply->next_after());
  }
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments) {
  std::ofstream file;
  const bool to_file = arguments.file != "-";
  if (to_file) {
    // Whoever reads the file can be everybody who is in it.
    umask(077);
    file.open(arguments.file, std::ios::binary | std::ios::trunc);
    if (!file) return absl::InvalidArgumentError("'" + arguments.file + "' cannot be written");
  }
  std::ostream& to = to_file ? file : std::cout;
  to << header_line(connection.snapshot().cluster()) << "\n";
  std::uint64_t count = 0;
  for (const v1::MemberStatus& each : connection.snapshot().members()) {
    const auto member = connection.to_member(each.name());
    if (!member.ok()) return member.status();
    absl::Status status = export_from(*member, connection.snapshot().epoch(), to, count);
    if (!status.ok()) return status;
  }
  to << std::flush;
  if (!to) return absl::UnavailableError("the file cannot be written");
  std::cerr << "Sessions exported: " << count << "\n";
  return kDone;
}

}  // namespace

void add_export_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = commands.add(
      "export",
      "Write all sessions, ids and attributes included, as JSON, a line each. Whoever "
      "has the file has the sessions",
      [arguments](const Connection& connection) { return run(connection, *arguments); });
  command->add_option("FILE", arguments->file, "Where to; - is standard output")->required();
}

}  // namespace sojournctl
