#include "sojournctl/lb/lb_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "sojournctl/exit_status.h"
#include "sojournctl/lb/balancers.h"
#include "support/catch.h"

namespace sojournctl {
namespace {

// What the subcommand said, and its status.
struct Outcome {
  int status = -1;
  std::string output;
  std::string errors;
};

Outcome run(std::vector<std::string> words) {
  CLI::App app;
  Outcome outcome;
  add_lb_command(app, outcome.status);
  std::ostringstream output;
  std::ostringstream errors;
  auto* const output_before = std::cout.rdbuf(output.rdbuf());
  auto* const errors_before = std::cerr.rdbuf(errors.rdbuf());
  words.insert(words.begin(), "lb");
  std::ranges::reverse(words);  // as CLI11 wants them
  app.parse(words);
  std::cout.rdbuf(output_before);
  std::cerr.rdbuf(errors_before);
  outcome.output = output.str();
  outcome.errors = errors.str();
  return outcome;
}

TEST_CASE("lb prints a configuration", "[sojournctl]") {
  const Outcome outcome =
      run({"haproxy", "--node", "a=10.0.0.1:80", "--node", "b=10.0.0.2:81", "--drain", "b",
           "--cookie", "sid", "--health-path", "/ok", "--listen", "[::1]:8000"});

  CHECK(outcome.status == kDone);
  CHECK(outcome.errors.empty());
  CHECK(has(outcome.output, "server a 10.0.0.1:80\n"));
  CHECK(has(outcome.output, "server b 10.0.0.2:81 weight 0"));
  CHECK(has(outcome.output, "req.cook(sid)"));
  CHECK(has(outcome.output, "httpchk GET /ok"));
  CHECK(has(outcome.output, "bind [::1]:8000"));
}

TEST_CASE("lb prints the configuration as JSON as well", "[sojournctl]") {
  const std::vector<std::string> words = {"caddy", "--node", "a=10.0.0.1:80"};
  std::vector<std::string> with_json = words;
  with_json.emplace_back("--json");

  const auto json = nlohmann::json::parse(run(with_json).output);

  CHECK(json["target"] == "caddy");
  CHECK(json["tested"] == true);
  CHECK(json["configuration"] == run(words).output);
}

TEST_CASE("lb lists the balancers that it knows", "[sojournctl]") {
  const Outcome list = run({"--list"});
  const auto json = nlohmann::json::parse(run({"--list", "--json"}).output);

  CHECK(list.status == kDone);
  CHECK(json.size() == targets().size());
  CHECK(std::ranges::count(list.output, '\n') == static_cast<long>(targets().size()));
  CHECK(has(line_with(list.output, "envoy"), "not run here"));
  CHECK_FALSE(has(line_with(list.output, "haproxy"), "not run here"));
}

TEST_CASE("lb names what is wrong with its command line", "[sojournctl]") {
  struct Row {
    std::vector<std::string> words;
    std::string named;
  };
  const std::vector<std::string> node = {"haproxy", "--node", "a=10.0.0.1:80"};
  const auto with = [&node](std::vector<std::string> more) {
    more.insert(more.begin(), node.begin(), node.end());
    return more;
  };
  const Row rows[] = {{{}, "which balancer"},
                      {{"squid"}, "'squid'"},
                      {{"haproxy"}, "no node"},
                      {{"haproxy", "--node", "a"}, "'a'"},
                      {{"haproxy", "--node", "A=b:1"}, "'A'"},
                      {with({"--node", "a=10.0.0.2:80"}), "'a'"},
                      {with({"--drain", "b"}), "'b'"},
                      {with({"--drain", "a"}), "drained"},
                      {with({"--cookie", "a b"}), "'a b'"},
                      {with({"--health-path", "ok"}), "'ok'"},
                      {with({"--listen", "80"}), "'80'"},
                      {with({"--host", "a/b"}), "'a/b'"},
                      {with({"--service", "A"}), "'A'"},
                      {with({"--read-timeout", "0"}), "timeouts"},
                      {with({"--forward-auth", "10.0.0.9:80"}), "'haproxy'"}};
  for (const Row& row : rows) {
    INFO(row.named);
    const Outcome outcome = run(row.words);

    CHECK(outcome.status == kBadUsage);
    CHECK(outcome.output.empty());
    CHECK(has(outcome.errors, row.named));
  }
}

TEST_CASE("lb says when a file cannot be written", "[sojournctl]") {
  const Outcome outcome = run({"caddy", "--node", "a=10.0.0.1:80", "-o", "/nonexistent/file"});

  CHECK(outcome.status == kFailed);
  CHECK(has(outcome.errors, "'/nonexistent/file'"));
}

}  // namespace
}  // namespace sojournctl
