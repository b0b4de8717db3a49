#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/cookie_text.h"
#include "sojournctl/admin/label_argument.h"
#include "sojournctl/admin/secret_argument.h"

namespace sojournctl {
namespace {

struct Arguments {
  std::string id = {};
  std::string subject = {};
  std::string label = {};
  bool plain = false;
};

absl::StatusOr<v1::RevokeRequest> request_of(const Arguments& arguments) {
  v1::RevokeRequest request;
  if (!arguments.id.empty()) {
    request.set_id(CookieText::of(secret_argument(arguments.id), arguments.plain).id);
  } else if (!arguments.subject.empty()) {
    request.set_subject(arguments.subject);
  } else if (!arguments.label.empty()) {
    const auto label = label_argument(arguments.label);
    if (!label.ok()) return label.status();
    *request.mutable_label() = *label;
  } else {
    return absl::InvalidArgumentError("what to end: ID, --subject or --label is needed");
  }
  return request;
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments,
                        const AdminCommands& commands) {
  auto request = request_of(arguments);
  if (!request.ok()) return request.status();
  request->set_timeout_ms(static_cast<std::uint32_t>(commands.timeout().count()));
  const auto reply = connection.call(&Connection::Stub::Revoke, *request, commands.timeout());
  if (!reply.ok()) return reply.status();
  const bool is_one = request->of_case() == v1::RevokeRequest::kId;
  if (commands.json()) {
    nlohmann::ordered_json told = {{"revoked", true}};
    if (!is_one) told["ended"] = reply->ended();
    std::cout << told.dump(2) << "\n";
  } else if (is_one) {
    std::cout << "The session is gone.\n";
  } else {
    std::cout << "Sessions ended: " << reply->ended() << "\n";
  }
  return kDone;
}

}  // namespace

void add_revoke_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command =
      commands.add("revoke", "End a session, or all of a subject or with a label",
                   [&commands, arguments](const Connection& connection) {
                     return run(connection, *arguments, commands);
                   });
  CLI::Option* const id = command->add_option(
      "ID|COOKIE", arguments->id,
      "The session's id, or its cookie's value; - reads it from standard input, and one that "
      "begins with - follows --");
  CLI::Option* const subject =
      command->add_option("--subject", arguments->subject, "All sessions of this user")
          ->type_name("SUBJECT");
  CLI::Option* const label =
      command->add_option("--label", arguments->label, "All sessions with this label")
          ->type_name("NAME=VALUE");
  id->excludes(subject)->excludes(label);
  subject->excludes(label);
  command->add_flag("--plain", arguments->plain,
                    "Ids were made elsewhere: nothing is taken for a signature");
}

}  // namespace sojournctl
