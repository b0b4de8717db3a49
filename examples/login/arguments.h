#pragma once

#include <sojourn/cookie.h>
#include <sojourn/options.h>

#include <optional>
#include <string>

namespace login {

// What a login server is told on its command line.
struct Arguments {
  sojourn::StoreOptions store = {};
  sojourn::CookieOptions cookies = {};
  // Where browsers, or the balancer before them, reach this server.
  std::string http_host = "127.0.0.1";
  unsigned short http_port = 8080;
  std::string users_file = {};
};

// Nothing if the program is to end at once, with this exit status: after --help, or a mistake,
// which has been told on standard error.
std::optional<Arguments> read_arguments(int argc, char** argv, int& exit_status);

}  // namespace login
