#pragma once

#include "sojournctl/admin/command.h"

namespace sojournctl {

// Each adds the subcommand of its name. What they are for stands in docs/sojournctl.md.
void add_status_command(AdminCommands& commands);
void add_members_command(AdminCommands& commands);
void add_owner_command(AdminCommands& commands);
void add_sessions_command(AdminCommands& commands);
void add_revoke_command(AdminCommands& commands);
void add_drain_command(AdminCommands& commands);
void add_safe_command(AdminCommands& commands);
void add_recover_command(AdminCommands& commands);
void add_acknowledge_losses_command(AdminCommands& commands);
void add_watch_command(AdminCommands& commands);
void add_verify_command(AdminCommands& commands);
void add_export_command(AdminCommands& commands);
void add_import_command(AdminCommands& commands);

inline void add_admin_commands(AdminCommands& commands) {
  add_status_command(commands);
  add_members_command(commands);
  add_owner_command(commands);
  add_sessions_command(commands);
  add_revoke_command(commands);
  add_drain_command(commands);
  add_safe_command(commands);
  add_recover_command(commands);
  add_acknowledge_losses_command(commands);
  add_watch_command(commands);
  add_verify_command(commands);
  add_export_command(commands);
  add_import_command(commands);
}

}  // namespace sojournctl
