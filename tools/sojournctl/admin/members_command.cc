#include <iostream>

#include "sojournctl/admin/commands.h"
#include "sojournctl/admin/report.h"

namespace sojournctl {

void add_members_command(AdminCommands& commands) {
  commands.add("members", "The members of the cluster, and what each holds",
               [&commands](const Connection& connection) -> absl::StatusOr<int> {
                 const v1::Snapshot& snapshot = connection.snapshot();
                 if (commands.json()) {
                   std::cout << members_json(snapshot).dump(2) << "\n";
                 } else {
                   std::cout << members_text(snapshot);
                 }
                 return kDone;
               });
}

}  // namespace sojournctl
