// sojournctl's commands against members in this process: what they print, and their exit statuses.

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sojourn/v1/admin.grpc.pb.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cluster.h"
#include "sojournctl/admin/commands.h"
#include "sojournctl/lb/lb_command.h"
#include "support/certificates.h"

namespace sojourn {
namespace {

// What a stream is given while this lives.
class Captured {
 public:
  explicit Captured(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  ~Captured() { stream_.rdbuf(before_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  std::string text() const { return text_.str(); }

 private:
  std::ostream& stream_;
  std::ostringstream text_;
  std::streambuf* before_;
};

struct Done {
  int status = 0;
  std::string output = {};
  std::string errors = {};

  nlohmann::json json() const { return nlohmann::json::parse(output); }
};

Done run(std::vector<std::string> words) {
  const Captured output(std::cout);
  const Captured errors(std::cerr);
  CLI::App app;
  app.require_subcommand(1);
  int status = sojournctl::kDone;
  sojournctl::AdminCommands commands(app, status);
  sojournctl::add_admin_commands(commands);
  sojournctl::add_lb_command(app, status);
  std::reverse(words.begin(), words.end());
  try {
    app.parse(words);
  } catch (const CLI::ParseError&) {
    status = sojournctl::kBadUsage;
  }
  return {status, output.text(), errors.text()};
}

// With the target of a member that talks in plain text.
Done ask(const Cluster& cluster, std::size_t member, std::vector<std::string> words) {
  // Behind the command's name: what follows "--" is no option.
  words.insert(words.begin() + 1,
               {"--insecure", "--timeout", "20", "--target", cluster.members()[member].address});
  return run(std::move(words));
}

std::string new_session(SyncStore& store, const std::string& subject) {
  const auto session = store.create(NewSession(subject).with("role", "admin"), kPatient);
  REQUIRE(session.ok());
  return std::string(session->id().text());
}

TEST_CASE("sojournctl tells who the members are and who owns a session", "[sojournctl]") {
  Cluster cluster(3);
  const std::string id = new_session(cluster[1], "ana");

  const Done status = ask(cluster, 0, {"status", "--json"});
  const Done members = ask(cluster, 0, {"members"});
  const Done owner = ask(cluster, 0, {"owner", "--json", "--", id + ".auth-1"});

  CHECK(status.status == 0);
  CHECK(status.json()["ready"] == true);
  CHECK(status.json()["members"].size() == 3);
  CHECK(members.output.find("auth-2") != std::string::npos);
  CHECK(owner.json()["owner"] == "auth-1");
  CHECK(owner.json()["route"] == "auth-1");
  CHECK(ask(cluster, 2, {"owner", "--", id}).output.find("auth-1 is preferred") !=
        std::string::npos);
}

TEST_CASE("sojournctl lists sessions and ends them", "[sojournctl]") {
  Cluster cluster(2);
  const std::string first = new_session(cluster[0], "ana");
  const std::string second = new_session(cluster[1], "ana");

  const Done listed = ask(cluster, 1, {"sessions", "ana", "--json"});
  const Done with_ids = ask(cluster, 1, {"sessions", "ana", "--ids"});
  const Done one = ask(cluster, 1, {"revoke", "--", first});
  const Done all = ask(cluster, 0, {"revoke", "--subject", "ana", "--json"});

  CHECK(listed.json()["sessions"].size() == 2);
  CHECK(listed.output.find(first) == std::string::npos);
  CHECK(with_ids.output.find(second) != std::string::npos);
  CHECK(one.status == 0);
  CHECK(all.json()["ended"] == 1);
  CHECK(cluster[0].count("ana", kPatientRead).value() == 0);
  CHECK(ask(cluster, 0, {"sessions", "ana"}).output == "no sessions\n");
}

TEST_CASE("sojournctl says whether a member may stop, and drains it", "[sojournctl]") {
  Cluster cluster(2);

  const Done safe = ask(cluster, 0, {"safe", "auth-1", "--wait", "20"});
  const Done drained = ask(cluster, 0, {"drain", "auth-1"});
  // The other one hears of it soon after.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  Done after = ask(cluster, 0, {"members", "--json"});
  while (after.json().size() > 1 && std::chrono::steady_clock::now() < deadline) {
    after = ask(cluster, 0, {"members", "--json"});
  }

  CHECK(safe.status == 0);
  CHECK(safe.output.find("yes: auth-1 may stop") == 0);
  CHECK(drained.status == 0);
  CHECK(cluster[1].store().health().left);
  CHECK(after.json().size() == 1);
  CHECK(ask(cluster, 0, {"drain", "auth-9"}).status == sojournctl::kFailed);
}

TEST_CASE("a member that waits for another is not safe, by exit status 5", "[sojournctl]") {
  const std::vector<MemberOptions> members = loopback_members(2);
  const auto alone = SyncStore::open(options_of(members, 0));
  REQUIRE(alone.ok());

  const Done status = run({"status", "--json", "--insecure", "--target", members[0].address});

  CHECK(status.status == 0);
  CHECK(status.json()["ready"] == false);
  CHECK(run({"safe", "auth-0", "--insecure", "--target", members[0].address}).status ==
        sojournctl::kNo);
}

TEST_CASE("sojournctl verifies copies, and watches", "[sojournctl]") {
  Cluster cluster(3);
  for (int i = 0; i < 30; ++i) new_session(cluster[i % 3], "ana");

  const Done verified = ask(cluster, 0, {"verify", "--json"});
  const Done watched = ask(cluster, 0, {"watch", "--json", "--count", "2", "--interval", "0.1"});

  CHECK(verified.status == 0);
  CHECK(verified.json()["equal"] == true);
  CHECK(verified.json()["copies"] == 2 * 64);
  CHECK(verified.json()["records"] == 2 * 30);
  std::istringstream lines(watched.output);
  std::string line;
  int pictures = 0;
  while (std::getline(lines, line)) {
    CHECK(nlohmann::json::parse(line)["members"].size() == 3);
    ++pictures;
  }
  CHECK(pictures == 2);
}

// A member that says it holds a session in this version, and one more if it shall.
class Copy final : public v1::Administration::Service {
 public:
  Copy(const std::vector<MemberOptions>& members, std::size_t self, std::uint64_t sequence,
       bool holds_more)
      : self_(self), sequence_(sequence), holds_more_(holds_more) {
    snapshot_.set_name(members[self].name);
    snapshot_.set_epoch(3);
    snapshot_.set_segments(1);
    for (const MemberOptions& member : members) {
      v1::MemberStatus& added = *snapshot_.add_members();
      added.set_name(member.name);
      added.set_address(member.address);
    }
    grpc::ServerBuilder builder;
    builder.AddListeningPort(members[self].address, grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    REQUIRE(server_);
  }

 private:
  grpc::Status Status(grpc::ServerContext*, const v1::StatusRequest*,
                      v1::Snapshot* reply) override {
    *reply = snapshot_;
    return grpc::Status::OK;
  }

  grpc::Status Digests(grpc::ServerContext*, const v1::DigestsRequest* request,
                       v1::DigestsReply* reply) override {
    reply->set_epoch(3);
    reply->set_next_segment(1);
    v1::Digest& digest = *reply->add_digests();
    digest.set_primary(self_ == 0);
    digest.set_holds(true);
    digest.set_digest(sequence_ * 2 + (holds_more_ ? 1 : 0));
    digest.set_records(holds_more_ ? 2 : 1);
    if (!request->with_entries()) return grpc::Status::OK;
    for (const std::uint64_t id_hash : {0xabcu, 0xdefu}) {
      if (id_hash == 0xdefu && !holds_more_) continue;
      v1::Digest::Entry& entry = *digest.add_entries();
      entry.set_id_hash(id_hash);
      entry.set_epoch(3);
      entry.set_sequence(id_hash == 0xabcu ? sequence_ : 1);
    }
    return grpc::Status::OK;
  }

  const std::size_t self_;
  const std::uint64_t sequence_;
  const bool holds_more_;
  v1::Snapshot snapshot_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_CASE("sojournctl names what copies differ in, and says so by exit status 5", "[sojournctl]") {
  const std::vector<MemberOptions> members = loopback_members(2);
  const Copy primary(members, 0, 17, true);
  const Copy backup(members, 1, 16, false);
  const std::vector<std::string> verify = {"verify",     "--patience", "0",
                                           "--insecure", "--target",   members[1].address};
  std::vector<std::string> verify_json = verify;
  verify_json.emplace_back("--json");

  const Done told = run(verify);
  const Done json = run(verify_json);

  CHECK(told.status == sojournctl::kNo);
  CHECK(told.output ==
        "segment 0: id with hash 0000000000000abc: auth-0 has version 3.17; auth-1 has version "
        "3.16\n"
        "segment 0: id with hash 0000000000000def: auth-0 has version 3.1; auth-1 has nothing\n"
        "Copies differ: 2 copies of 1 segments, 3 records, 1 segments that differ.\n");
  CHECK(json.status == sojournctl::kNo);
  CHECK(json.json()["equal"] == false);
  CHECK(json.json()["differences"]["0"].size() == 2);
}

TEST_CASE("sojournctl writes balancers' configurations for the members of a cluster",
          "[sojournctl]") {
  Cluster cluster(2);

  const Done haproxy = ask(
      cluster, 1,
      {"lb", "haproxy", "--port", "8080", "--node", "auth-1=127.0.0.1:8081", "--drain", "auth-1"});
  const Done one_host = ask(cluster, 1, {"lb", "haproxy", "--port", "8080"});
  const Done given = ask(
      cluster, 0, {"lb", "caddy", "--node", "auth-0=10.0.0.1:80", "--node", "auth-1=10.0.0.2:80"});

  CHECK(haproxy.status == 0);
  CHECK(haproxy.output.find("server auth-0 127.0.0.1:8080\n") != std::string::npos);
  CHECK(haproxy.output.find("server auth-1 127.0.0.1:8081 weight 0") != std::string::npos);
  CHECK(one_host.status == sojournctl::kBadUsage);
  CHECK(one_host.errors.find("are on one host and cannot have one port") != std::string::npos);
  CHECK(given.status == 0);
  CHECK(given.output.find("10.0.0.2:80") != std::string::npos);
  CHECK(ask(cluster, 0, {"lb", "haproxy"}).status == sojournctl::kBadUsage);
  CHECK(run({"lb", "haproxy", "--port", "80", "--insecure", "--target", "127.0.0.1:1"}).status ==
        sojournctl::kNotReached);
}

TEST_CASE("sessions live no longer for having been exported", "[sojournctl]") {
  const auto adjust = [](StoreOptions& options) {
    options.session_lifetime = {std::chrono::hours(2), std::chrono::hours(2)};
  };
  Cluster from(1, adjust);
  Cluster to(1, adjust);
  const std::string id = new_session(from[0], "ana");
  const auto file = std::filesystem::temp_directory_path() /
                    ("sojournctl_" + SessionId::generate().redacted() + ".jsonl");

  const Done exported = ask(from, 0, {"export", file.string(), "--json"});
  const Done too_late = ask(to, 0, {"import", file.string(), "--since", "7201"});
  const Done imported = ask(to, 0, {"import", file.string(), "--since", "6600"});
  const Done listed = ask(to, 0, {"sessions", "ana", "--json"});
  std::filesystem::remove(file);

  CHECK(exported.json()["sessions"] == 1);
  CHECK(exported.output.find(id) == std::string::npos);
  CHECK(too_late.status == sojournctl::kNo);
  CHECK(imported.output == "Sessions made: 1; there already, and left alone: 0; refused: 0\n");
  const std::uint64_t left_ms = listed.json()["sessions"][0]["left_ms"];
  CHECK(left_ms <= 600'000);
  CHECK(left_ms > 540'000);
}

TEST_CASE("sessions go by a file from one cluster to another", "[sojournctl]") {
  Cluster from(2);
  Cluster to(1);
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(new_session(from[i % 2], "ana"));
  const auto file = std::filesystem::temp_directory_path() /
                    ("sojournctl_" + SessionId::generate().redacted() + ".jsonl");

  const Done exported = ask(from, 0, {"export", file.string()});
  const auto permissions = std::filesystem::status(file).permissions();
  const Done imported = ask(to, 0, {"import", file.string(), "--json"});
  const Done again = ask(to, 0, {"import", file.string(), "--json"});
  const Done too_late = ask(to, 0, {"import", file.string(), "--json", "--since", "86400"});
  std::filesystem::remove(file);

  CHECK(exported.status == 0);
  CHECK(permissions == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(imported.json()["made"] == 20);
  CHECK(again.json()["there_already"] == 20);
  CHECK(too_late.status == sojournctl::kNo);
  CHECK(too_late.json()["refused"] == 20);
  for (const std::string& id : ids) {
    const auto session = to[0].get(*SessionId::parse(id), kPatientRead);
    REQUIRE(session.ok());
    CHECK(session->attribute("role") == "admin");
  }
}

TEST_CASE("exit statuses tell a bad command from nobody there, and from not allowed",
          "[sojournctl]") {
  const support::Certificates certificates("sojourn", {"auth-0", "ops", "guest"});
  Cluster cluster(1, [&](StoreOptions& options) {
    options.insecure = false;
    options = certificates.secure(options, "auth-0");
    options.administrators = {"ops.sojourn"};
  });
  const std::string& address = cluster.members()[0].address;
  const auto by = [&](const std::string& who, std::vector<std::string> words) {
    words.insert(words.end(),
                 {"--ca", certificates.file("ca.pem"), "--cert", certificates.file(who + ".pem"),
                  "--key", certificates.file(who + ".key")});
    return run(std::move(words));
  };

  const Done guest = by("guest", {"status", "--target", address});

  CHECK(guest.status == sojournctl::kNotAllowed);
  CHECK(guest.errors.find("guest.sojourn") != std::string::npos);
  CHECK(by("ops", {"status", "--target", "127.0.0.1:1", "--target", address}).status ==
        sojournctl::kDone);
  CHECK(by("ops", {"status", "--target", "127.0.0.1:1"}).status == sojournctl::kNotReached);
  CHECK(by("ops", {"owner", "no id", "--target", address}).status == sojournctl::kBadUsage);
  CHECK(by("ops", {"revoke", "--target", address}).status == sojournctl::kBadUsage);
  CHECK(by("ops", {"recover", "--target", address}).status == sojournctl::kFailed);
  CHECK(by("nobody", {"status", "--target", address}).status == sojournctl::kBadUsage);
  CHECK(run({"status"}).status == sojournctl::kBadUsage);
  CHECK(run({"status", "--insecure", "--target", "10.0.0.1:7100"}).status == sojournctl::kBadUsage);
  CHECK(run({"no-such-command"}).status == sojournctl::kBadUsage);
}

}  // namespace
}  // namespace sojourn
