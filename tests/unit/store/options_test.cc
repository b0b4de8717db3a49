#include "store/options.h"

#include <absl/status/status.h>

#include <string>

#include "sojourn/store.h"
#include "support/catch.h"

namespace sojourn::store {
namespace {

StoreOptions sound() {
  return {.name = "auth-0",
          .members = {{.name = "auth-0", .address = "127.0.0.1:7100"},
                      {.name = "auth-1", .address = "127.0.0.1:7101"}},
          .insecure = true};
}

struct Mistake {
  void (*make)(StoreOptions&);
  // How the message begins: with the option, so that it can be found.
  std::string told;
};

}  // namespace

TEST_CASE("sound options are found sound", "[store][options]") {
  CHECK(Store::check(sound()) == absl::OkStatus());

  StoreOptions named = sound();
  named.insecure_beyond_loopback = true;
  named.members[0].address = "auth-0.auth.example.com:7100";
  named.listen = "0.0.0.0:7100";
  CHECK(Store::check(named) == absl::OkStatus());

  StoreOptions with_witness = sound();
  with_witness.members[1].capacity = 0;
  CHECK(Store::check(with_witness) == absl::OkStatus());

  StoreOptions alone = {.name = "auth-0", .members = {{.name = "auth-0"}}};
  CHECK(Store::check(alone) == absl::OkStatus());
}

TEST_CASE("a mistake in the options is told with the option's name first", "[store][options]") {
  const auto mistake = GENERATE(values<Mistake>({
      {[](StoreOptions& o) { o.cluster = "Upper"; }, "cluster: \"Upper\" is not 1 to 32"},
      {[](StoreOptions& o) { o.name = "auth.0"; }, "name: \"auth.0\" is not 1 to 32"},
      {[](StoreOptions& o) { o.name = "auth-7"; }, "name: auth-7 is not in the list of members"},
      {[](StoreOptions& o) { o.members[1].name = "auth.1"; }, "members: auth.1: \"auth.1\" is not"},
      {[](StoreOptions& o) { o.members[1].name = "auth-0"; }, "members: auth-0: is listed twice"},
      {[](StoreOptions& o) { o.members[1].address = o.members[0].address; },
       "members: auth-1: address: 127.0.0.1:7100 is the address of auth-0 as well"},
      {[](StoreOptions& o) { o.members[1].address = "127.0.0.1:0"; },
       "members: auth-1: address: \"127.0.0.1:0\" is not host:port, with a port from 1 to 65535"},
      {[](StoreOptions& o) { o.members[1].zone = "z z"; }, "members: auth-1: zone: \"z z\" is not"},
      {[](StoreOptions& o) { o.members[1].capacity = 1001; },
       "members: auth-1: capacity: 1001 is more than 1000"},
      {[](StoreOptions& o) {
         for (MemberOptions& member : o.members) member.capacity = 0;
       },
       "members: all have capacity 0"},
      {[](StoreOptions& o) { o.listen = "foo"; }, "listen: \"foo\" is not host:port"},
      {[](StoreOptions& o) { o.listen = "127.0.0.1:0"; }, "listen: \"127.0.0.1:0\" is not"},
      {[](StoreOptions& o) { o.listen = "auth.example.com:7100"; },
       "listen: the host of \"auth.example.com:7100\" is not a numeric address"},
      {[](StoreOptions& o) { o.lease = std::chrono::milliseconds(1); }, "lease: 1 ms"},
      {[](StoreOptions& o) { o.busy_poll = std::chrono::microseconds(-1); }, "busy_poll: -1 us"},
      {[](StoreOptions& o) { o.busy_poll = std::chrono::microseconds(1001); },
       "busy_poll: 1001 us"},
      {[](StoreOptions& o) { o.members[1].address = "192.0.2.1:7101"; },
       "insecure: 192.0.2.1:7101 is not on loopback"},
      {[](StoreOptions& o) { o.insecure = false; }, "tls: is not set"},
      {[](StoreOptions& o) {
         o.members.push_back({.name = "auth-2", .address = "127.0.0.1:7102"});
         o.bootstrap_expect = 1;
       },
       "bootstrap_expect: 1 is not more than half of the 3 members"},
  }));
  StoreOptions options = sound();
  mistake.make(options);

  const absl::Status status = Store::check(options);

  CAPTURE(status);
  CHECK(absl::IsInvalidArgument(status));
  CHECK(std::string(status.message()).starts_with(mistake.told));
}

TEST_CASE("a file for TLS that cannot be read is told without opening anything",
          "[store][options]") {
  StoreOptions options = sound();
  options.insecure = false;
  options.tls = {.certificate_file = "/nowhere/a.pem",
                 .key_file = "/nowhere/a.key",
                 .ca_file = "/nowhere/ca.pem"};

  const absl::Status status = Store::check(options);

  CHECK(absl::IsFailedPrecondition(status));
  CHECK(status.message() == "tls: certificate_file /nowhere/a.pem cannot be read");
}

}  // namespace sojourn::store
