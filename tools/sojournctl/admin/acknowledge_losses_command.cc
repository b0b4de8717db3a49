#include <iostream>
#include <nlohmann/json.hpp>

#include "sojournctl/admin/commands.h"

namespace sojournctl {

void add_acknowledge_losses_command(AdminCommands& commands) {
  commands.add("acknowledge-losses",
               "Take note of segments that lost all copies: what is absent is called absent again",
               [&commands](const Connection& connection) -> absl::StatusOr<int> {
                 const auto reply =
                     connection.call<v1::AcknowledgeLossesRequest, v1::AcknowledgeLossesReply>(
                         &Connection::Stub::AcknowledgeLosses, {});
                 if (!reply.ok()) return reply.status();
                 if (commands.json()) {
                   const nlohmann::ordered_json told = {{"segments", reply->segments()}};
                   std::cout << told.dump(2) << "\n";
                 } else {
                   std::cout << "Lost segments that are taken note of: " << reply->segments()
                             << "\n";
                 }
                 return kDone;
               });
}

}  // namespace sojournctl
