#include <iostream>
#include <memory>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/cookie_text.h"
#include "sojournctl/admin/report.h"
#include "sojournctl/admin/secret_argument.h"
#include "sojournctl/admin/words.h"

namespace sojournctl {
namespace {

struct Arguments {
  std::string text = {};
  bool plain = false;
};

std::string route_words(const CookieText& cookie, const std::string& owner) {
  if (cookie.route.empty()) return "";
  const std::string route = printable(cookie.route);
  return cookie.route == owner ? "The cookie's route says so too.\n"
                               : "The cookie's route is '" + route +
                                     "': the owner has changed since it was written, "
                                     "or the route is an alias.\n";
}

absl::StatusOr<int> run(const Connection& connection, const Arguments& arguments, bool json) {
  const CookieText cookie = CookieText::of(secret_argument(arguments.text), arguments.plain);
  v1::OwnerRequest request;
  request.set_id(cookie.id);
  const auto reply = connection.call(&Connection::Stub::Owner, request);
  if (!reply.ok()) return reply.status();
  if (json) {
    auto told = owner_json(*reply);
    told["route"] = printable(cookie.route);
    std::cout << told.dump(2) << "\n";
  } else {
    std::cout << owner_text(*reply) << route_words(cookie, reply->owner());
    if (cookie.is_signed) {
      std::cout << "The id was taken out of a signed cookie, whose signature was not checked.\n";
    }
  }
  return kDone;
}

}  // namespace

void add_owner_command(AdminCommands& commands) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = commands.add("owner", "Which member owns a session, and why that one",
                                         [&commands, arguments](const Connection& connection) {
                                           return run(connection, *arguments, commands.json());
                                         });
  command
      ->add_option(
          "ID|COOKIE", arguments->text,
          "The session's id, or its cookie's value; - reads it from standard input, and one that "
          "begins with - follows --")
      ->required();
  command->add_flag("--plain", arguments->plain,
                    "Ids were made elsewhere: nothing is taken for a signature");
}

}  // namespace sojournctl
