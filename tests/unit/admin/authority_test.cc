#include "admin/authority.h"

#include "support/catch.h"

namespace sojourn::admin {
namespace {

StoreOptions options_of(std::vector<std::string> administrators) {
  StoreOptions options;
  options.name = "auth-0";
  options.tls = TlsOptions{};
  options.administrators = std::move(administrators);
  return options;
}

StoreOptions plain_text() {
  StoreOptions options;
  options.name = "auth-0";
  options.insecure = true;
  return options;
}

TEST_CASE("a name among the administrators is let in, and told with its address", "[admin]") {
  const Authority authority(options_of({"ops.sojourn", "night.sojourn"}));

  CHECK(*authority.admit({"night.sojourn"}, "ipv4:10.0.0.7:4000") ==
        "night.sojourn at 10.0.0.7:4000");
  CHECK(*authority.admit({"other", "ops.sojourn"}, "ipv6:%5Bfd00::7%5D:4000") ==
        "ops.sojourn at [fd00::7]:4000");
}

TEST_CASE("nobody else is let in where there are certificates", "[admin]") {
  const Authority authority(options_of({"ops.sojourn"}));

  for (const char* name : {"ops", "OPS.sojourn", "ops.sojourn.evil", "x.ops.sojourn", "", "*"}) {
    CHECK(absl::IsPermissionDenied(authority.admit({name}, "ipv4:127.0.0.1:4000").status()));
  }
  CHECK(absl::IsPermissionDenied(authority.admit({}, "ipv4:127.0.0.1:4000").status()));
  CHECK(absl::IsPermissionDenied(
      Authority(options_of({})).admit({"ops.sojourn"}, "ipv4:127.0.0.1:4000").status()));
}

TEST_CASE("in plain text whoever calls from the same machine is let in, and nobody else",
          "[admin]") {
  const Authority authority(plain_text());

  CHECK(authority.admit({}, "ipv4:127.0.0.1:4000").ok());
  CHECK(authority.admit({}, "ipv6:%5B::1%5D:4000").ok());
  CHECK(authority.admit({}, "ipv6:[::1]:4000").ok());
  for (const char* peer : {"ipv4:10.0.0.7:4000", "ipv6:%5Bfd00::7%5D:4000", "unix:/tmp/x", "", ":",
                           "ipv4:localhost:4000", "ipv6:%5B::ffff:10.0.0.7%5D:4000"}) {
    CHECK(absl::IsPermissionDenied(authority.admit({"ops.sojourn"}, peer).status()));
  }
}

TEST_CASE("a refusal names the caller and the member, in printable words", "[admin]") {
  const Authority authority(options_of({"ops.sojourn"}));

  const absl::Status refused = authority.admit({"guest\n"}, "ipv4:10.0.0.7:4000").status();

  CHECK(refused.message() ==
        "the certificate of guest?, shown from 10.0.0.7:4000, may not administer member auth-0 of "
        "cluster 'sojourn': it is none of its administrators'");
}

}  // namespace
}  // namespace sojourn::admin
