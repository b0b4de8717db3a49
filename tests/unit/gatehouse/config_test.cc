#include "gatehouse/config/config.h"

#include <algorithm>

#include "gatehouse/config/words.h"
#include "support/catch.h"

namespace gatehouse {
namespace {

// A configuration without mistakes, 27 lines long; tests put theirs in.
constexpr char kSound[] = R"({
	trusted_proxies 10.0.0.0/8
	security {
		local identity store localdb {
			user ana {
				password "bcrypt:10:$2b$10$ySnGIJ22mbNE0j.xpZ8Q3uwqAhIr9hverW.dE/WcX3XuYkomGuLlK"
			}
		}
		authentication portal main {
			enable identity store localdb
			crypto key sign-verify 0123456789abcdef0123456789abcdef
		}
		authorization policy members {
			set auth url /auth
			allow roles user
		}
	}
	sojourn {
		node auth-0
		member auth-0 127.0.0.1:7100
		insecure
	}
}
:8080 {
	route /auth* {
		authenticate with main
	}
	route /verify* {
		authorize with members
	}
}
)";

Config read(const std::string& text, Problems& problems, const ConfigOverrides& overrides = {}) {
  return read_config(text, "Caddyfile", overrides, problems);
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

Config read_sound(std::string_view from, std::string_view to) {
  Problems problems;
  Config config = read(replaced(kSound, from, to), problems);
  REQUIRE(problems.lines() == std::vector<std::string>());
  return config;
}

struct Mistake {
  std::string from;
  std::string to;
  std::string told;
};

}  // namespace

TEST_CASE("each mistake in a configuration is told with its file and line", "[gatehouse][config]") {
  const auto mistake = GENERATE(values<Mistake>({
      // The global block.
      {"trusted_proxies 10.0.0.0/8", "trusted_proxies 10.0.0.0/33",
       "Caddyfile:2: '10.0.0.0/33' is neither a range such as 10.0.0.0/8 nor private_ranges"},
      {"trusted_proxies 10.0.0.0/8", "trusted_proxies",
       "Caddyfile:2: expected a range of addresses such as 10.0.0.0/8"},
      {"trusted_proxies 10.0.0.0/8", "debug on",
       "Caddyfile:2: unknown directive 'debug on' in the global block"},
      {"trusted_proxies 10.0.0.0/8", "admin 0.0.0.0:2019",
       "Caddyfile:2: '0.0.0.0:2019' is not an address on loopback, such as 127.0.0.1:2019"},
      {"trusted_proxies 10.0.0.0/8", "threads many",
       "Caddyfile:2: 'many' is not a number from 1 to 256"},
      {"trusted_proxies 10.0.0.0/8", "grace_period 10",
       "Caddyfile:2: '10' is not a duration such as 250ms, 10s or 1m, from 0ms to 400 days"},
      {"trusted_proxies 10.0.0.0/8", "threads 2 3", "Caddyfile:2: unexpected word '3'"},
      {"trusted_proxies 10.0.0.0/8", "threads 2 {\n}", "Caddyfile:2: no block is expected here"},
      // Users.
      {"user ana {", "user \"ana b\" {",
       "Caddyfile:5: user 'ana b' has a blank or comma in the name"},
      {"bcrypt:10:$2b$10$", "bcrypt:12:$2b$10$",
       "Caddyfile:6: the password's cost is not the one in its hash"},
      {"\"bcrypt:10:$2b$10$y", "\"plain:$2b$10$y",
       "Caddyfile:6: a password must be given as bcrypt:10:HASH, see 'gatehouse hash-password'"},
      {"\t\t\t\tpassword", "\t\t\t\tshoe_size",
       "Caddyfile:6: unknown directive 'shoe_size' in a user"},
      {"\t\t\tuser ana {", "\t\t\ttable users\n\t\t\tuser ana {",
       "Caddyfile:5: unknown directive 'table users' in a local identity store"},
      // The portal.
      {"enable identity store localdb", "enable identity store ldapdb",
       "Caddyfile:9: there is no local identity store 'ldapdb'"},
      {"enable identity store localdb", "cookie lifetime 1",
       "Caddyfile:9: 'enable identity store' is missing"},
      {"enable identity store localdb",
       "enable identity store localdb\ncookie domain example.com\nset session_id cookie name "
       "__Host-sid",
       "Caddyfile:9: cookie: "},
      {"enable identity store localdb", "enable identity store localdb\ncookie guess domain",
       "Caddyfile:11: unknown directive 'guess domain' in an authentication portal's cookie"},
      {"enable identity store localdb", "enable identity store localdb\ncookie samesite sometimes",
       "Caddyfile:11: 'sometimes' is none of lax, strict and none"},
      {"enable identity store localdb", "enable identity store localdb\nenable admin api",
       "Caddyfile:11: unknown directive 'enable admin api' in an authentication portal"},
      {"enable identity store localdb",
       "enable identity store localdb\ntrust login redirect uri domain suffix a:1 path /",
       "Caddyfile:11: 'a:1' is no domain: a host name without a port is expected"},
      {"enable identity store localdb",
       "enable identity store localdb\nui {\nlinks {\n\"My app\" javascript:alert(1)\n}\n}",
       "Caddyfile:13: 'javascript:alert(1)' is neither a path nor an http or https address"},
      {"sign-verify 0123456789abcdef0123456789abcdef", "sign-verify 0123456789",
       "Caddyfile:11: the secret of a crypto key has at least 32 bytes"},
      {"crypto key sign-verify", "crypto key verify",
       "Caddyfile:9: one crypto key must be for sign-verify"},
      {"crypto key sign-verify", "crypto key main sign-verify",
       "Caddyfile:11: a crypto key is for sign-verify or verify, with an id of one character "
       "before it"},
      {"enable identity store localdb", "enable identity store localdb\nlockout 0 within 1m for 1m",
       "Caddyfile:11: '0' is not a number from 1 to 1000000"},
      {"enable identity store localdb", "enable identity store localdb\nlockout 5",
       "Caddyfile:11: expected within DURATION for DURATION"},
      {"enable identity store localdb",
       "enable identity store localdb\nlockout 5 within 15m for 14m",
       "Caddyfile:11: 'for' must not be shorter than 'within'"},
      {"enable identity store localdb",
       "enable identity store localdb\nlockout 5 per_address 4 within 15m for 15m",
       "Caddyfile:11: '4' is not a number from 5 to 1000000"},
      {"enable identity store localdb", "enable identity store localdb\nrenew 4h overlap 61s",
       "Caddyfile:11: an overlap is whole seconds, up to 60s"},
      {"enable identity store localdb", "enable identity store localdb\nfresh sometimes",
       "Caddyfile:11: 'sometimes' is not a duration"},
      {"enable identity store localdb", "enable identity store localdb\nadmin roles",
       "Caddyfile:11: expected roles"},
      // Policies.
      {"\t\t\tallow roles user\n", "",
       "Caddyfile:13: 'allow roles' is missing, or 'acl default allow' for whoever has signed in"},
      {"\t\t\tset auth url /auth\n", "", "Caddyfile:13: 'set auth url' is missing"},
      {"set auth url /auth", "set auth url //evil.example/auth",
       "Caddyfile:14: '//evil.example/auth' is neither a path nor an http or https address"},
      {"allow roles user", "deny roles user",
       "Caddyfile:15: unknown directive 'deny roles user' in an authorization policy"},
      // The cluster.
      {"node auth-0", "node auth-9",
       "Caddyfile:19: sojourn: name: auth-9 is not in the list of members"},
      {"node auth-0", "node auth.0", "Caddyfile:19: sojourn: name: \"auth.0\" is not 1 to 32"},
      {"node auth-0", "copies 2",
       "Caddyfile:18: sojourn: 'node' does not say which member this is"},
      {"insecure", "insecure\nmember auth-0 127.0.0.1:7101",
       "Caddyfile:22: sojourn: members: auth-0: is listed twice"},
      {"insecure", "insecure\nmember auth.1 127.0.0.1:7101",
       "Caddyfile:22: sojourn: members: auth.1: \"auth.1\" is not 1 to 32"},
      {"insecure", "insecure\nmember auth-1 127.0.0.1:7100",
       "Caddyfile:22: sojourn: members: auth-1: address: 127.0.0.1:7100 is the address of auth-0"},
      {"member auth-0 127.0.0.1:7100", "member auth-0 127.0.0.1:0",
       "Caddyfile:20: sojourn: members: auth-0: address: \"127.0.0.1:0\" is not host:port"},
      {"member auth-0 127.0.0.1:7100", "member auth-0 127.0.0.1:7100 capacity 0",
       "Caddyfile:20: sojourn: members: all have capacity 0"},
      {"insecure", "insecure\nlisten auth.example.com:7100",
       "Caddyfile:22: sojourn: listen: the host of \"auth.example.com:7100\" is not a numeric"},
      {"127.0.0.1:7100", "192.0.2.1:7100",
       "Caddyfile:21: sojourn: insecure: 192.0.2.1:7100 is not"},
      {"insecure", "insecure\ncluster A_B", "Caddyfile:22: sojourn: cluster: \"A_B\" is not"},
      {"insecure", "insecure\nheartbeat 1s", "Caddyfile:18: sojourn: lease: 1000 ms is not"},
      {"insecure", "insecure\nheartbeat 1s\nlease 2s", "Caddyfile:23: sojourn: lease: 2000 ms"},
      {"insecure", "insecure\npeer_queue 1KiB", "Caddyfile:22: sojourn: peer_queue_bytes: 1024"},
      {"insecure", "insecure\nmemory 1KiB", "Caddyfile:22: sojourn: memory_bytes: 1024"},
      {"insecure", "insecure\ncalls_in_flight 0", "Caddyfile:22: '0' is not a number from 1"},
      {"member auth-0 127.0.0.1:7100", "copies 2",
       "Caddyfile:18: sojourn: there is no member, and no 'dns' to find them by"},
      {"member auth-0 127.0.0.1:7100", "member auth-0",
       "Caddyfile:20: expected the address where other members reach it"},
      {"\t\tinsecure\n", "",
       "Caddyfile:18: sojourn: 'tls' is missing, or 'insecure' to do without"},
      {"insecure", "tls {\nca file\n}", "Caddyfile:21: tls needs certificate, key and ca"},
      {"insecure", "insecure\nsegments 1000", "Caddyfile:22: segments: not a power of two"},
      {"insecure", "insecure\nmemory lots",
       "Caddyfile:22: 'lots' is not a size such as 65536, 512MiB or 2GiB, of at most 1024GiB"},
      {"insecure", "insecure\nplacement random",
       "Caddyfile:22: 'random' is neither local nor hashed"},
      {"insecure", "insecure\nidle 0s",
       "Caddyfile:22: '0s' is not a duration such as 90s, 30m or 12h, of at most 400 days"},
      {"insecure", "insecure\nremembered 7d", "Caddyfile:22: expected how long at most"},
      {"insecure", "insecure\nremembered 401d 402d", "Caddyfile:22: '401d' is not a duration"},
      {"insecure", "insecure\nsessions_per_user 5 sometimes",
       "Caddyfile:22: 'sometimes' is neither refuse nor end_oldest"},
      {"insecure", "insecure\nlogins_when_full wait",
       "Caddyfile:22: 'wait' is neither refuse nor end_oldest"},
      {"insecure", "insecure\nremembered 8d 7d",
       "Caddyfile:22: how long without use must not be longer than how long at most"},
      {"insecure", "insecure\nidle 40d",
       "Caddyfile:22: 'idle' must not be longer than 'absolute' (12h by default)"},
      {"insecure", "insecure\nabsolute 10m\nidle 11m",
       "Caddyfile:23: 'idle' must not be longer than 'absolute' (12h by default)"},
      {"insecure", "insecure\nsessions_per_user 0 refuse",
       "Caddyfile:22: '0' is not a number from 1 to 1000000"},
      {"insecure", "insecure\nlease 10ms",
       "Caddyfile:22: '10ms' is not a duration such as 250ms, 10s or 1m, from 100ms to 400 days"},
      {"insecure", "insecure\ntimeouts 1s",
       "Caddyfile:22: expected how long a write may take, such as 10s"},
      {"insecure", "insecure\nrecovery never",
       "Caddyfile:22: 'never' is neither automatic nor manual"},
      {"insecure", "insecure\nbootstrap_expect 2",
       "Caddyfile:22: sojourn: bootstrap_expect: 2 is more than the 1 members"},
      {"insecure", "insecure\ndns auth.example.com 7100",
       "Caddyfile:18: sojourn: 'dns' needs 'bootstrap_expect'"},
      {"insecure", "insecure\ndns_servers 127.0.0.1:53",
       "Caddyfile:18: sojourn: there is no 'dns' that says what to ask DNS servers for"},
      {"insecure", "insecure\nbootstrap_expect 1\ndns a 1\ndns_servers nowhere",
       "Caddyfile:24: sojourn: dns: servers: \"nowhere\" is not a numeric address"},
      {"insecure", "insecure\ndns a 1\ndns b 2",
       "Caddyfile:23: there is a name to ask for already: 'a'"},
      {"insecure", "insecure\ndns auth.example.com 0",
       "Caddyfile:22: '0' is not a number from 1 to 65535"},
      {"member auth-0 127.0.0.1:7100", "dns auth.example.com 7100",
       "Caddyfile:18: sojourn: 'address' does not say where others reach this member"},
      {"insecure", "insecure\nroute maybe", "Caddyfile:22: 'maybe' is neither on nor off"},
      {"insecure", "insecure\nreplicas 3",
       "Caddyfile:22: unknown directive 'replicas' in the sojourn block"},
      // The site.
      {"authenticate with main", "authenticate with other",
       "Caddyfile:25: there is no authentication portal 'other'"},
      {"authorize with members", "authorize with others",
       "Caddyfile:28: there is no authorization policy 'others'"},
      {"route /auth*", "route /auth", "Caddyfile:25: a route's path ends with '*'"},
      {"route /verify*", "route /auth*", "Caddyfile:25: there are two routes for '/auth*'"},
      {"authorize with members", "reverse_proxy app:8080",
       "Caddyfile:29: unknown directive 'reverse_proxy' in a route"},
      {":8080 {", "auth.example.com {",
       "Caddyfile:24: 'auth.example.com' is not a site's address such as :8080 or 127.0.0.1:8080, "
       "and no directive at the top level"},
      {":8080 {", "auth.example.com:8080 {",
       "Caddyfile:24: 'auth.example.com:8080' is not an address to listen on, such as "
       "127.0.0.1:8080 or :8080"},
      {":8080 {", ":80800 {", "Caddyfile:24: ':80800' is not an address to listen on"},
      {":8080 {", ":8080 {\nbind eth0", "Caddyfile:25: 'eth0:8080' is not an address to listen on"},
      // Braces.
      {"\t\t\tallow roles user\n\t\t}", "\t\t\tallow roles user }",
       "Caddyfile:15: a '}' must stand on a line of its own"},
      {":8080 {\n", ":8080 { log\n", "Caddyfile:24: a '{' must end its line"},
      {":8080 {", "}\n:8080 {", "Caddyfile:24: a '}' that closes nothing"},
      {":8080 {", ":8080 {\nroute /x* {",
       "Caddyfile:24: the block that is opened here is not closed"},
      {":8080 {", "{\n}\n:8080 {", "Caddyfile:24: the global block must come first, and only once"},
  }));
  CAPTURE(mistake.to);
  Problems problems;

  read(replaced(kSound, mistake.from, mistake.to), problems);

  CAPTURE(problems.lines());
  const auto is_told = [&mistake](const std::string& line) {
    return line.starts_with(mistake.told);
  };
  CHECK(std::ranges::any_of(problems.lines(), is_told));
}

TEST_CASE("all mistakes of a configuration are told at once", "[gatehouse][config]") {
  Problems problems;

  read(replaced(replaced(kSound, "allow roles user", "allow"), "insecure", "secure"), problems);

  CHECK(problems.lines() ==
        std::vector<std::string>{
            "Caddyfile:15: unknown directive 'allow' in an authorization policy",
            "Caddyfile:13: 'allow roles' is missing, or 'acl default allow' for whoever has signed "
            "in",
            "Caddyfile:21: unknown directive 'secure' in the sojourn block",
            "Caddyfile:18: sojourn: 'tls' is missing, or 'insecure' to do without"});
}

TEST_CASE("a directive of the wrong form is told of once", "[gatehouse][config]") {
  const auto told = [](std::string_view at, const std::string& line) {
    Problems problems;
    read(replaced(kSound, at, std::string(at) + "\n" + line), problems);
    return problems.lines();
  };
  using Lines = std::vector<std::string>;

  CHECK(told("enable identity store localdb", "lockout 3 20s") ==
        Lines{"Caddyfile:11: expected within DURATION for DURATION"});
  CHECK(told("enable identity store localdb", "lockout 3 within 20s 20s") ==
        Lines{"Caddyfile:11: expected for DURATION"});
  CHECK(told("insecure", "sessions_per_user 2") ==
        Lines{"Caddyfile:22: expected refuse or end_oldest"});
  CHECK(told("insecure", "logins_when_full") ==
        Lines{"Caddyfile:22: expected refuse or end_oldest"});
  CHECK(told("insecure", "recovery") == Lines{"Caddyfile:22: expected automatic or manual"});
}

TEST_CASE("a problem never repeats a secret", "[gatehouse][config]") {
  Problems problems;

  read(replaced(kSound, "crypto key sign-verify", "crypto kee sign-verify"), problems);
  read(replaced(kSound, "password \"bcrypt", "passwort \"bcrypt"), problems);

  REQUIRE_FALSE(problems.empty());
  for (const std::string& line : problems.lines()) {
    CHECK(line.find("0123456789abcdef") == std::string::npos);
    CHECK(line.find("$2b$") == std::string::npos);
  }
}

TEST_CASE("a file that cannot be read is a problem", "[gatehouse][config]") {
  Problems problems;

  load_config("/does/not/exist", {}, problems);

  CHECK(problems.lines() == std::vector<std::string>{"/does/not/exist:1: the file cannot be read"});
}

TEST_CASE("a sound configuration says what it means", "[gatehouse][config]") {
  const Config config =
      read_sound("insecure",
                 "insecure\ncluster c1\nmember auth-1 127.0.0.1:7101 zone z capacity 3\n"
                 "copies 3\nsegments 1024\nplacement hashed\nmemory 64MiB\nidle 1h30m\n"
                 "absolute 1d\nlogin 5m\nroute alias auth-1 b");

  CHECK(config.listen == std::vector<std::string>{":8080"});
  CHECK(config.store.cluster == "c1");
  CHECK(config.store.copies == 3);
  CHECK(config.store.segments == 1024);
  CHECK(config.store.placement == sojourn::PlacementPolicy::kHashed);
  CHECK(config.store.memory_bytes == 64U << 20);
  CHECK(config.store.session_lifetime.idle == std::chrono::minutes(90));
  CHECK(config.store.session_lifetime.absolute == std::chrono::hours(24));
  CHECK(config.store.login_lifetime.absolute == std::chrono::minutes(5));
  REQUIRE(config.store.members.size() == 2);
  CHECK(config.store.members[1].zone == "z");
  CHECK(config.store.members[1].capacity == 3);
  CHECK(config.find_portal("main")->cookie.route_alias.at("auth-1") == "b");
  CHECK(config.find_policy("members")->allowed_roles == std::vector<std::string>{"user"});
}

TEST_CASE("members may be found by DNS", "[gatehouse][config]") {
  const sojourn::StoreOptions store =
      read_sound("member auth-0 127.0.0.1:7100",
                 "dns auth.default.svc.cluster.local 7100\ndns_servers 127.0.0.1:5353 [::1]:53\n"
                 "address 127.0.0.7:7100\ncapacity 3\nzone z\nbootstrap_expect 2")
          .store;

  REQUIRE(store.dns);
  CHECK(store.dns->name == "auth.default.svc.cluster.local");
  CHECK(store.dns->port == 7100);
  CHECK(store.dns->servers == "127.0.0.1:5353,[::1]:53");
  CHECK(store.address == "127.0.0.7:7100");
  CHECK(store.capacity == 3);
  CHECK(store.zone == "z");
  CHECK(store.bootstrap_expect == 2);
}

TEST_CASE("what happens when members fail is configured", "[gatehouse][config]") {
  const Config config =
      read_sound("insecure", "insecure\nlease 500ms\nrecovery manual\ntimeouts 300ms 1s");

  CHECK(config.store.lease == std::chrono::milliseconds(500));
  // Silence is noticed within the lease.
  CHECK(config.store.heartbeat_interval == std::chrono::milliseconds(100));
  CHECK(config.store.recovery == sojourn::Recovery::kManual);
  CHECK(config.read.timeout == std::chrono::milliseconds(300));
  CHECK(config.write.timeout == std::chrono::seconds(1));
}

TEST_CASE("what the store may cost is configured", "[gatehouse][config]") {
  const Config config =
      read_sound("insecure",
                 "insecure\nheartbeat 100ms\nlease 5s\npeer_queue 1MiB\ncalls_in_flight 100\n"
                 "logins_when_full end_oldest");

  CHECK(config.store.heartbeat_interval == std::chrono::milliseconds(100));
  CHECK(config.store.lease == std::chrono::seconds(5));
  CHECK(config.store.peer_queue_bytes == 1U << 20);
  CHECK(config.store.calls_in_flight_max == 100);
  CHECK(config.store.logins_when_full == sojourn::WhenFull::kEndOldest);
  CHECK(read_sound("insecure", "insecure\nlogins_when_full refuse").store.logins_when_full ==
        sojourn::WhenFull::kRefuseNew);
}

TEST_CASE("sessions that live shorter than others may be unused are unused for as long",
          "[gatehouse][config]") {
  const Config config = read_sound("insecure", "insecure\nabsolute 10m");

  CHECK(config.store.session_lifetime.idle == std::chrono::minutes(10));
}

TEST_CASE("protection is on by default as far as it disturbs nobody", "[gatehouse][config]") {
  Problems problems;

  const ProtectionConfig protection = read(kSound, problems).find_portal("main")->protection;

  CHECK(protection.lockout.per_name == 20);
  CHECK(protection.lockout.per_address == 200);
  CHECK(protection.renewal.after == std::chrono::hours(4));
  CHECK(protection.fresh == std::chrono::minutes(10));
  CHECK(protection.admin_roles == std::vector<std::string>{"authp/admin"});
  CHECK_FALSE(protection.hsts);
  CHECK_FALSE(protection.clear_site_data);
}

TEST_CASE("there is a console only where it is switched on", "[gatehouse][config]") {
  const auto has_console = [](const std::string& line) {
    return read_sound("enable identity store localdb", "enable identity store localdb\n" + line)
        .find_portal("main")
        ->console;
  };

  CHECK_FALSE(has_console(""));
  CHECK_FALSE(has_console("console off"));
  CHECK(has_console("console on"));
}

TEST_CASE("protection is configured line by line", "[gatehouse][config]") {
  const ProtectionConfig protection =
      read_sound(
          "enable identity store localdb",
          "enable identity store localdb\nlockout 5 per_address 70 within 10m for 20m\n"
          "renew 1h overlap 0s\nfresh 5m\nadmin roles chief ops\nhsts 30d\nclear_site_data on")
          .find_portal("main")
          ->protection;

  CHECK(protection.lockout.per_name == 5);
  CHECK(protection.lockout.per_address == 70);
  CHECK(protection.lockout.within == std::chrono::minutes(10));
  CHECK(protection.lockout.lasting == std::chrono::minutes(20));
  CHECK(protection.renewal.after == std::chrono::hours(1));
  CHECK(protection.renewal.overlap == std::chrono::seconds(0));
  CHECK(protection.fresh == std::chrono::minutes(5));
  CHECK(protection.admin_roles == std::vector<std::string>{"chief", "ops"});
  CHECK(protection.hsts == std::chrono::hours(30 * 24));
  CHECK(protection.clear_site_data);
}

TEST_CASE("protection can be switched off", "[gatehouse][config]") {
  const ProtectionConfig protection =
      read_sound("enable identity store localdb",
                 "enable identity store localdb\nlockout off\nrenew off\nfresh off")
          .find_portal("main")
          ->protection;

  CHECK(protection.lockout.per_name == 0);
  CHECK(protection.renewal.after == std::chrono::seconds(0));
  CHECK(protection.fresh == std::chrono::seconds(0));
}

TEST_CASE("how many sessions a user may have and how long some live is configured",
          "[gatehouse][config]") {
  const Config config =
      read_sound("insecure", "insecure\nsessions_per_user 3 end_oldest\nremembered 14d 60d");

  CHECK(config.store.sessions_per_subject.maximum == 3);
  CHECK(config.store.sessions_per_subject.when_full == sojourn::WhenFull::kEndOldest);
  CHECK(config.remembers);
  CHECK(config.store.remembered_lifetime.idle == std::chrono::hours(14 * 24));
  CHECK(config.store.remembered_lifetime.absolute == std::chrono::hours(60 * 24));
  CHECK_FALSE(read_sound("insecure", "insecure\nremembered off").remembers);
  CHECK(read_sound("insecure", "insecure\nsessions_per_user 3 refuse")
            .store.sessions_per_subject.when_full == sojourn::WhenFull::kRefuseNew);
}

TEST_CASE("operators are served where the configuration says, or nowhere", "[gatehouse][config]") {
  const std::string line = "trusted_proxies 10.0.0.0/8";

  CHECK(read_sound(line, "threads 1").admin.empty());
  CHECK(read_sound(line, "admin off").admin.empty());
  CHECK(read_sound(line, "admin 127.0.0.1:2019").admin == "127.0.0.1:2019");
  CHECK(read_sound(line, "admin [::1]:0").admin == "[::1]:0");
}

TEST_CASE("files that the store reads are checked apart from the text", "[gatehouse][config]") {
  Problems problems;
  const Config config = read(
      replaced(kSound, "insecure", "tls {\ncertificate /no/a.pem\nkey /no/a.key\nca /no/c.pem\n}"),
      problems);
  REQUIRE(problems.empty());

  check_store_files(config, problems);

  CHECK(problems.lines() ==
        std::vector<std::string>{
            "Caddyfile:21: sojourn: tls: certificate_file /no/a.pem cannot be read"});
}

TEST_CASE("a mistake on the command line is told with its option", "[gatehouse][config]") {
  Problems problems;

  read(kSound, problems, {.node = "auth.0", .listen = {"foo", "127.0.0.1:9999"}});

  CHECK(problems.lines() ==
        std::vector<std::string>{
            "--listen: 'foo' is not an address to listen on, such as 127.0.0.1:8080 or :8080",
            "--node: sojourn: name: \"auth.0\" is not 1 to 32 characters of a-z, 0-9 and inner "
            "hyphens"});
}

TEST_CASE("a server may stop without delay and without grace", "[gatehouse][config]") {
  const Config config =
      read_sound("trusted_proxies 10.0.0.0/8", "shutdown_delay 0s\ngrace_period 0s");

  CHECK(config.shutdown_delay.count() == 0);
  CHECK(config.grace_period.count() == 0);
}

TEST_CASE("the cookie's default name is the strictest possible", "[gatehouse][config]") {
  const auto name_with = [](std::string_view lines) {
    return read_sound("enable identity store localdb",
                      "enable identity store localdb\n" + std::string(lines))
        .find_portal("main")
        ->cookie.name;
  };

  CHECK(name_with("") == "__Host-sid");
  CHECK(name_with("cookie domain example.com") == "__Secure-sid");
  CHECK(name_with("cookie insecure on") == "sid");
  CHECK(name_with("set session_id cookie name AUTHP_SESSION_ID") == "AUTHP_SESSION_ID");
}

TEST_CASE("the key that signs comes before those that only verify", "[gatehouse][config]") {
  const Config config =
      read_sound("crypto key sign-verify",
                 "crypto key a verify fedcba9876543210fedcba9876543210\ncrypto key b sign-verify");

  const auto& keys = config.find_portal("main")->cookie.keys;

  REQUIRE(keys.size() == 2);
  CHECK(keys[0].id == 'b');
  CHECK(keys[1].id == 'a');
}

TEST_CASE("the command line wins over the configuration file", "[gatehouse][config]") {
  Problems problems;

  const Config config = read(replaced(kSound, "node auth-0", "node auth-9"), problems,
                             {.node = "auth-0", .listen = {"127.0.0.1:9999"}});

  CHECK(problems.empty());
  CHECK(config.store.name == "auth-0");
  CHECK(config.listen == std::vector<std::string>{"127.0.0.1:9999"});
}

TEST_CASE("bind gives a site's address its host", "[gatehouse][config]") {
  CHECK(read_sound("\troute /auth* {", "\tbind 127.0.0.1\n\troute /auth* {").listen ==
        std::vector<std::string>{"127.0.0.1:8080"});
}

TEST_CASE("durations and sizes are read with their units", "[gatehouse][config]") {
  CHECK(parse_duration("90s") == std::chrono::seconds(90));
  CHECK(parse_duration("250ms") == std::chrono::milliseconds(250));
  CHECK(parse_duration("1m1s1ms") == std::chrono::milliseconds(61'001));
  CHECK(parse_duration("0s") == std::chrono::seconds(0));
  CHECK(parse_duration("1h30m") == std::chrono::minutes(90));
  CHECK(parse_duration("400d") == std::chrono::hours(9600));
  for (const char* text : {"", "5", "5x", "m", "-5m", "1.5h", "401d", "99999999999999999999s"}) {
    CHECK_FALSE(parse_duration(text));
  }
  CHECK(parse_size("65536") == 65536);
  CHECK(parse_size("2GiB") == std::size_t{2} << 30);
  for (const char* text : {"", "MiB", "5MB", "-1", "1025GiB", "99999999999999999999"}) {
    CHECK_FALSE(parse_size(text));
  }
}

}  // namespace gatehouse
