#include <algorithm>
#include <iostream>
#include <memory>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/label_argument.h"
#include "sojournctl/admin/report.h"

namespace sojournctl {
namespace {

struct Arguments {
  std::string subject = {};
  std::string label = {};
  bool ids = false;
  std::uint32_t limit = 1000;
};

absl::StatusOr<v1::SessionsRequest> request_of(const Arguments& arguments) {
  v1::SessionsRequest request;
  request.set_with_ids(arguments.ids);
  if (arguments.label.empty() == arguments.subject.empty()) {
    return absl::InvalidArgumentError("whose sessions: SUBJECT or --label is needed");
  }
  if (arguments.label.empty()) {
    request.set_subject(arguments.subject);
    return request;
  }
  const auto label = label_argument(arguments.label);
  if (!label.ok()) return label.status();
  *request.mutable_label() = *label;
  return request;
}

// All pages, up to the limit.
absl::StatusOr<v1::SessionsReply> ask(const Connection& connection, v1::SessionsRequest request,
                                      const Arguments& arguments,
                                      std::chrono::milliseconds timeout) {
  v1::SessionsReply all;
  request.set_timeout_ms(static_cast<std::uint32_t>(timeout.count()));
  while (static_cast<std::uint32_t>(all.sessions_size()) < arguments.limit) {
    request.set_limit(
        std::min(1000u, arguments.limit - static_cast<std::uint32_t>(all.sessions_size())));
    auto page = connection.call(&Connection::Stub::Sessions, request, timeout);
    if (!page.ok()) return page.status();
    all.mutable_sessions()->MergeFrom(page->sessions());
    all.set_next(page->next());
    if (page->next().empty()) break;
    request.set_after(page->next());
  }
  return all;
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments,
                        const AdminCommands& commands) {
  const auto request = request_of(arguments);
  if (!request.ok()) return request.status();
  const auto page = ask(connection, *request, arguments, commands.timeout());
  if (!page.ok()) return page.status();
  if (commands.json()) {
    auto list = nlohmann::ordered_json::array();
    for (const v1::SessionSummary& session : page->sessions()) {
      list.push_back(session_json(session));
    }
    const nlohmann::ordered_json told = {{"sessions", list}, {"more", !page->next().empty()}};
    std::cout << told.dump(2) << "\n";
    return kDone;
  }
  if (page->sessions_size() == 0) {
    std::cout << "no sessions\n";
    return kDone;
  }
  std::cout << sessions_text(*page);
  if (!page->next().empty()) {
    std::cout << "There are more: --limit says how many to show.\n";
  }
  return kDone;
}

}  // namespace

void add_sessions_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = commands.add("sessions", "The sessions of a subject or with a label",
                                         [&commands, arguments](const Connection& connection) {
                                           return run(connection, *arguments, commands);
                                         });
  command->add_option("SUBJECT", arguments->subject, "The user they belong to");
  command->add_option("--label", arguments->label, "Those with this label, instead of a subject")
      ->type_name("NAME=VALUE");
  command->add_flag("--ids", arguments->ids,
                    "Show whole ids, which are as good as passwords; it is written down who asked");
  command->add_option("--limit", arguments->limit, "Show at most so many")
      ->type_name("NUMBER")
      ->check(between(1, 1000000))
      ->capture_default_str();
}

}  // namespace sojournctl
