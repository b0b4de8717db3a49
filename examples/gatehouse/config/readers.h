#pragma once

#include "gatehouse/config/config.h"
#include "gatehouse/config/directive.h"
#include "gatehouse/config/problems.h"

namespace gatehouse {

class Words;

// The parts of a configuration file, each read into `config`. What one part says about another is
// checked by read_config() afterwards.

// { security { ... } }
void read_security(const Directive& directive, Config& config, Problems& problems);
// local identity store NAME { ... }
void read_identity_store(const Directive& directive, Config& config, Problems& problems);
// authentication portal NAME { ... }
void read_portal(const Directive& directive, Config& config, Problems& problems);
// One line of a portal about lockout, renew, fresh, admin roles, hsts or clear_site_data; false,
// having read nothing, if it is about something else.
bool read_protection(Words& words, ProtectionConfig& protection);
// authorization policy NAME { ... }
void read_policy(const Directive& directive, Config& config, Problems& problems);
// { sojourn { ... } }
void read_sojourn(const Directive& directive, Config& config, Problems& problems);
// 127.0.0.1:8080 { ... }
void read_site(const Directive& directive, Config& config, Problems& problems);

// Tells what Store::check() finds wrong with the options of the store, each at its directive.
void check_store_options(const Config& config, Problems& problems);

}  // namespace gatehouse
