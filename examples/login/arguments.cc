#include "login/arguments.h"

#include <CLI/CLI.hpp>
#include <vector>

namespace login {
namespace {

// NAME=HOST:PORT. What is wrong with a name or an address is told by Store::check.
sojourn::MemberOptions parse_member(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos) {
    throw CLI::ValidationError("--member", text + " is not NAME=HOST:PORT");
  }
  return {.name = text.substr(0, equals), .address = text.substr(equals + 1)};
}

}  // namespace

std::optional<Arguments> read_arguments(int argc, char** argv, int& exit_status) {
  Arguments arguments;
  std::vector<std::string> members;
  std::string cookie_key;
  sojourn::TlsOptions tls;

  CLI::App app("A login server whose replicas share their sessions.");
  app.add_option("--name", arguments.store.name, "This member's name")->required();
  app.add_option("--member", members, "NAME=HOST:PORT of each member, this one included")
      ->required();
  app.add_option("--http-host", arguments.http_host, "Where HTTP is served")->capture_default_str();
  app.add_option("--http-port", arguments.http_port, "Where HTTP is served")->capture_default_str();
  app.add_option("--users", arguments.users_file, "NAME:HASH lines, as htpasswd -B makes them")
      ->required();
  app.add_option("--cookie-key", cookie_key,
                 "Signs cookies: at least 32 bytes, the same on all members. Give it in the "
                 "environment, where others do not see it")
      ->envname("COOKIE_KEY");
  auto* certificate = app.add_option("--certificate", tls.certificate_file,
                                     "This member's certificate, for NAME.sojourn. Without it "
                                     "members talk in plain text, on loopback only");
  auto* key = app.add_option("--key", tls.key_file, "The key of the certificate");
  auto* authority = app.add_option("--ca", tls.ca_file, "The authority of all members");
  certificate->needs(key)->needs(authority);

  try {
    app.parse(argc, argv);
    for (const std::string& member : members) {
      arguments.store.members.push_back(parse_member(member));
    }
  } catch (const CLI::ParseError& error) {
    exit_status = app.exit(error);
    return std::nullopt;
  }
  if (tls.certificate_file.empty()) {
    arguments.store.insecure = true;
  } else {
    arguments.store.tls = tls;
  }
  if (!cookie_key.empty()) arguments.cookies.keys = {{.id = '1', .secret = cookie_key}};
  return arguments;
}

}  // namespace login
