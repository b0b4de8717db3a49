#include "admin/audit.h"

#include <vector>

#include "support/catch.h"

namespace sojourn::admin {
namespace {

TEST_CASE("the audit log goes to the log when nobody takes it", "[admin]") {
  std::vector<std::string> lines;
  Audit audit(nullptr, [&](LogLevel, const std::string& line) { lines.push_back(line); });

  audit.write("ops", "revoke session 12ab", absl::OkStatus());
  audit.write("ops", "drain member auth-1", absl::DeadlineExceededError("held: 3 segments"));

  CHECK(lines == std::vector<std::string>{
                     "audit: ops: revoke session 12ab: done",
                     "audit: ops: drain member auth-1: DEADLINE_EXCEEDED: held: 3 segments"});
}

TEST_CASE("whoever takes the audit log gets its parts, and the log nothing", "[admin]") {
  std::vector<std::string> lines;
  std::vector<std::string> records;
  Audit audit(std::make_shared<AuditSink>([&](const AuditRecord& record) {
                records.push_back(std::string(record.caller) + "|" + std::string(record.change) +
                                  "|" + std::string(record.outcome) + (record.ok ? "|ok" : "|no"));
              }),
              [&](LogLevel, const std::string& line) { lines.push_back(line); });

  audit.write("ops", "revoke all sessions of subject 'ana'", absl::OkStatus(), "3 sessions ended");
  audit.write("ops", "recover", absl::FailedPreconditionError("nobody is missing"));

  CHECK(records ==
        std::vector<std::string>{"ops|revoke all sessions of subject 'ana'|3 sessions ended|ok",
                                 "ops|recover|FAILED_PRECONDITION: nobody is missing|no"});
  CHECK(lines.empty());
}

TEST_CASE("what came from outside stands quoted in the audit log, in one line", "[admin]") {
  CHECK(quoted("ana") == "'ana'");
  CHECK(quoted("a\nb'c") == "'a\\nb\\'c'");
  CHECK(quoted(std::string(200, 'x')) == "'" + std::string(128, 'x') + "...'");
}

}  // namespace
}  // namespace sojourn::admin
