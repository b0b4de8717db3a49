// Runs real members under real faults and judges what their users were told. See
// docs/reliability.md.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "chaos/run.h"

namespace {

using namespace sojourn::chaos;  // NOLINT(google-build-using-namespace): this is its main program

std::string help() {
  std::string text =
      "Starts real members, lets users work with them, does to them what happens to "
      "servers,\nand checks that nothing was lost. Exit status 1: something was.\n\n"
      "Faults:\n";
  for (const FaultKind& kind : fault_kinds()) {
    text += "  " + std::string(kind.name) + std::string(10 - kind.name.size(), ' ') +
            std::string(kind.meaning) + "\n";
  }
  return text;
}

int check(const std::string& file) {
  const absl::StatusOr<Records> records = Records::load(file);
  if (!records.ok()) {
    std::cerr << records.status().message() << "\n";
    return 2;
  }
  const Judgement judgement = judge(*records);
  for (const std::string& explanation : judgement.explanations) std::cout << explanation << "\n";
  std::cout << describe(judgement) << "\n";
  return judgement.violations() == 0 ? 0 : 1;
}

void write_json(const std::string& file, const RunOptions& options, const RunReport& report) {
  std::ofstream stream(file);
  stream << "{\n  \"seed\": " << options.seed << ",\n  \"members\": " << options.cluster.members
         << ",\n  \"witness\": " << (options.cluster.witness ? "true" : "false")
         << ",\n  \"network\": " << (options.namespaces ? "true" : "false")
         << ",\n  \"lease_ms\": " << options.cluster.lease.count()
         << ",\n  \"sessions\": " << options.sessions
         << ",\n  \"operations\": " << report.judgement.calls
         << ",\n  \"faults\": " << report.figures.faults()
         << ",\n  \"writes_lost\": " << report.judgement.writes_lost
         << ",\n  \"resurrections\": " << report.judgement.resurrections
         << ",\n  \"false_not_founds\": " << report.judgement.false_not_founds
         << ",\n  \"undecided\": " << report.judgement.undecided
         << ",\n  \"problems\": " << report.problems.size()
         << ",\n  \"phases\": " << report.figures.json() << "\n}\n";
}

int run(const RunOptions& options, const std::string& json, bool keep) {
  std::filesystem::create_directories(options.cluster.directory);
  std::printf("seed %" PRIu64 ": %zu members%s, lease %d ms\n", options.seed,
              options.cluster.members, options.cluster.witness ? " and a witness" : "",
              static_cast<int>(options.cluster.lease.count()));
  const RunReport report = run_chaos(options);

  std::cout << "\n" << report.figures.table() << "\n";
  for (const std::string& message : report.first_messages) {
    std::cout << "calls failed, for example during " << message << "\n";
  }
  for (const std::string& explanation : report.judgement.explanations) {
    std::cout << explanation << "\n";
  }
  std::cout << report.figures.faults() << " faults; " << describe(report.judgement) << "\n";
  if (!json.empty()) write_json(json, options, report);
  if (report.problems.empty() && !keep) {
    std::filesystem::remove_all(options.cluster.directory);
    return 0;
  }
  const std::string history = options.cluster.directory + "/history";
  if (const absl::Status status = report.records.save(history); !status.ok()) {
    std::cerr << status.message() << "\n";
  }
  std::cout << "history: " << history << " (chaos --check " << history << "); logs beside it\n";
  if (report.problems.empty()) return 0;
  std::cout << "FAILED with seed " << options.seed << ":\n";
  for (const std::string& problem : report.problems) std::cout << "  " << problem << "\n";
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(help());
  RunOptions options;
  double minutes = 0;
  std::string json;
  std::string history;
  bool loopback = false;
  bool keep = false;
  int lease = 1000;
  std::size_t clients = options.load.clients;
  for (const FaultKind& kind : fault_kinds()) {
    if (kind.name != "older") options.faults.emplace_back(kind.name);
  }
  app.add_option("--members", options.cluster.members)
      ->check(CLI::Range(1, 20))
      ->capture_default_str();
  app.add_flag("--witness", options.cluster.witness, "one more member that only votes");
  app.add_option("--minutes", minutes, "how long; 5 if --rounds is not given either")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--rounds", options.rounds, "each fault at least so often");
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--faults", options.faults,
                 "which, with commas between; all but \"older\" if not given")
      ->delimiter(',')
      ->check([](const std::string& name) {
        return find_fault_kind(name) != nullptr ? std::string() : "there is no fault " + name;
      });
  app.add_option("--copies", options.cluster.copies)->capture_default_str();
  app.add_option("--segments", options.cluster.segments)->capture_default_str();
  app.add_option("--lease", lease, "milliseconds")->capture_default_str();
  app.add_option("--clients", clients)->capture_default_str();
  app.add_option("--sessions", options.sessions, "that lie in the store all the time")
      ->capture_default_str();
  app.add_option("--bytes", options.session_bytes, "in each of those")->capture_default_str();
  app.add_flag("--loopback", loopback, "no network namespaces");
  app.add_option("--json", json, "write the figures to this file");
  app.add_option("--directory", options.cluster.directory,
                 "for logs and the history; chaos-SEED if not given");
  app.add_flag("--keep", keep, "keep that directory also if all is well");
  app.add_option("--check", history, "only judge a history that was kept");
  CLI11_PARSE(app, argc, argv);
  if (!history.empty()) return check(history);

  if (minutes == 0 && options.rounds == 0) minutes = 5;
  options.time = std::chrono::milliseconds(static_cast<std::int64_t>(minutes * 60'000));
  options.cluster.lease = std::chrono::milliseconds(lease);
  options.load.clients = clients;
  options.namespaces = !loopback;
  if (options.cluster.directory.empty()) {
    options.cluster.directory = "chaos-" + std::to_string(options.seed);
  }
  options.cluster.program =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "chaos_member").string();
  return run(options, json, keep);
}
