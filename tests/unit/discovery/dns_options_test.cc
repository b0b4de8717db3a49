#include "discovery/dns_options.h"

#include "support/catch.h"

namespace sojourn::discovery {
namespace {

using std::chrono::milliseconds;

TEST_CASE("options of DNS that make sense are taken", "[discovery]") {
  CHECK(check_dns_options({.name = "auth.default.svc", .port = 7701}).ok());
  CHECK(check_dns_options({.name = "_sojourn._tcp.auth"}).ok());
  for (const char* servers :
       {"127.0.0.1", "127.0.0.1:5353", "::1", "[::1]", "[::1]:53", "10.0.0.10,10.0.0.11:53"}) {
    INFO(servers);
    CHECK(check_dns_options({.name = "auth", .port = 1, .servers = servers}).ok());
  }
}

TEST_CASE("options of DNS that make none are refused by name", "[discovery]") {
  const auto says = [](const DnsOptions& options, const std::string& text) {
    const absl::Status status = check_dns_options(options);
    INFO(status);
    CHECK(absl::IsInvalidArgument(status));
    CHECK(std::string(status.message()).find(text) != std::string::npos);
  };
  says({.name = ""}, "dns: name: ");
  says({.name = "auth:7701"}, "dns: name: \"auth:7701\" is not a name of DNS");
  says({.name = "auth", .interval = milliseconds(99)}, "dns: interval: ");
  says({.name = "auth", .interval = std::chrono::hours(2)}, "dns: interval: ");
  for (const char* server : {"localhost", "127.0.0.1:0", "127.0.0.1:65536", "[::1", "[::1]53",
                             "127.0.0.1,", "127.0.0.1, 127.0.0.2"}) {
    says({.name = "auth", .servers = server}, "dns: servers: ");
  }
}

}  // namespace
}  // namespace sojourn::discovery
