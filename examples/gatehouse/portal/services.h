#pragma once

#include <sojourn/store.h>

#include <string>

#include "gatehouse/config/config.h"
#include "gatehouse/portal/counters.h"
#include "gatehouse/portal/sessions.h"
#include "gatehouse/users/password_checker.h"
#include "gatehouse/users/users.h"
#include "gatehouse/web/pages.h"

namespace gatehouse {

class Console;

// What the endpoints need of the rest of the program, all of which outlives them. Safe from any
// thread.
struct Services {
  const Config& config;
  const PortalConfig& portal;
  PageBase base;
  sojourn::Store& store;
  Sessions& sessions;
  const Users& users;
  PasswordChecker& passwords;
  Counters& counters;
  // Null where there is none.
  Console* console = nullptr;

  std::string path(std::string_view name) const { return base.portal + "/" + std::string(name); }
};

}  // namespace gatehouse
