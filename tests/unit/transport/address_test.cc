#include "transport/address.h"

#include "support/catch.h"

namespace sojourn::transport {
namespace {

TEST_CASE("an address has a host and a port", "[transport]") {
  struct Row {
    std::string address, host;
    int port;
  };
  const auto row = GENERATE(Row{"127.0.0.1:7701", "127.0.0.1", 7701}, Row{"[::1]:1", "::1", 1},
                            Row{"auth-1.auth:65535", "auth-1.auth", 65535});

  const std::optional<HostAndPort> parsed = HostAndPort::parse(row.address);

  REQUIRE(parsed);
  CHECK(parsed->host == row.host);
  CHECK(parsed->port == row.port);
}

TEST_CASE("what is no address is none", "[transport]") {
  const std::string text = GENERATE("", "host", ":1", "host:", "host:0", "host:65536", "host:-1",
                                    "host:x", "::1:7701", "[]:1", "[::1]");

  CHECK_FALSE(HostAndPort::parse(text));
}

TEST_CASE("only a numeric host is somewhere without being resolved", "[transport]") {
  CHECK(HostAndPort{"127.0.0.1", 1}.numeric()->port() == 1);
  CHECK(HostAndPort{"::1", 1}.numeric()->address().is_v6());
  CHECK_FALSE(HostAndPort{"localhost", 1}.numeric());
}

}  // namespace
}  // namespace sojourn::transport
