#include <iostream>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/report.h"

namespace sojournctl {

void add_status_command(AdminCommands& commands) {
  commands.add("status", "The member that is asked, and the cluster as it sees it",
               [&commands](const Connection& connection) -> absl::StatusOr<int> {
                 const v1::Snapshot& snapshot = connection.snapshot();
                 if (commands.json()) {
                   std::cout << status_json(snapshot).dump(2) << "\n";
                 } else {
                   std::cout << status_text(snapshot) << "\n" << members_text(snapshot);
                 }
                 return kDone;
               });
}

}  // namespace sojournctl
