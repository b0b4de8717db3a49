#include <iostream>
#include <nlohmann/json.hpp>

#include "sojournctl/admin/commands.h"

namespace sojournctl {

void add_recover_command(AdminCommands& commands) {
  commands.add(
      "recover",
      "After the loss of a majority: go on with the members that are here. Only when it is certain "
      "that the missing processes do not run",
      [&commands](const Connection& connection) -> absl::StatusOr<int> {
        const auto reply =
            connection.call<v1::RecoverRequest, v1::RecoverReply>(&Connection::Stub::Recover, {});
        if (!reply.ok()) return reply.status();
        if (commands.json()) {
          const nlohmann::ordered_json told = {{"member", connection.name()}, {"begun", true}};
          std::cout << told.dump(2) << "\n";
        } else {
          std::cout << "Recovery has begun with the members that " << connection.name()
                    << " hears; status tells how it goes.\n";
        }
        return kDone;
      });
}

}  // namespace sojournctl
