// Runs the cluster under simulated faults, seed by seed, and reports what must never happen.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <iostream>
#include <random>
#include <string>

#include "simulation/seed_run.h"

namespace {

using sojourn::Rules;
using sojourn::simulation::run_seed;
using sojourn::simulation::SeedReport;

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t failed = 0;
  std::uint64_t undecided = 0;
  std::uint64_t calls = 0;
  std::uint64_t frames = 0;
  std::uint64_t faults = 0;
  std::uint64_t views = 0;
  sojourn::Duration simulated = {};
  // Of all trace hashes, in order.
  std::uint64_t hash = 0;
};

void run(std::uint64_t seed, bool trace, bool verbose, Rules rules, Totals& totals) {
  const SeedReport report = run_seed(seed, trace ? &std::cout : nullptr, rules);
  ++totals.seeds;
  totals.undecided += report.undecided;
  totals.calls += report.calls;
  totals.frames += report.frames;
  totals.faults += report.faults;
  totals.views += report.views;
  totals.simulated += report.simulated;
  totals.hash = totals.hash * 1099511628211u ^ report.trace_hash;
  if (verbose || !report.violations.empty()) {
    std::printf(
        "seed %" PRIu64 "\n  %s\n  %" PRIu64 " calls to %" PRIu64
        " sessions: %s\n"
        "  %" PRIu64 " frames, %" PRIu64 " faults, %" PRIu64 " views, trace %016" PRIx64 "\n",
        seed, report.options.c_str(), report.calls, report.sessions, report.outcomes.c_str(),
        report.frames, report.faults, report.views, report.trace_hash);
  }
  for (const std::string& violation : report.violations) {
    std::printf("VIOLATION at %s\n", violation.c_str());
  }
  if (!report.violations.empty()) {
    ++totals.failed;
    const std::string without =
        rules.without ? " --without " + std::string(name_of(*rules.without)) : std::string();
    std::printf("replay with: simulate --seed %" PRIu64 " --trace%s\n", seed, without.c_str());
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Simulates a cluster of session stores under faults. Exit status 1: a violation.");
  std::uint64_t seed = 0;
  std::string seeds;
  double minutes = 0;
  bool trace = false;
  auto* one = app.add_option("--seed", seed, "run this seed");
  auto* some = app.add_option("--seeds", seeds, "run the seeds FROM..TO")
                   ->check([](const std::string& text) {
                     std::uint64_t from = 0;
                     std::uint64_t to = 0;
                     int end = 0;
                     const bool ok = std::sscanf(text.c_str(), "%" SCNu64 "..%" SCNu64 "%n", &from,
                                                 &to, &end) == 2;
                     return ok && text.size() == static_cast<std::size_t>(end) && from <= to
                                ? std::string()
                                : "not of the form FROM..TO: " + text;
                   })
                   ->excludes(one);
  auto* fresh = app.add_option("--minutes", minutes, "run fresh seeds for so long")
                    ->check(CLI::PositiveNumber)
                    ->excludes(one)
                    ->excludes(some);
  app.add_flag("--trace", trace, "print every event");
  Rules rules;
  app.add_option_function<std::string>(
         "--without", [&](const std::string& name) { rules.without = sojourn::rule_named(name); },
         "leave this rule of the protocol out: violations are to be expected")
      ->check([](const std::string& name) {
        if (sojourn::rule_named(name)) return std::string();
        std::string names = "no such rule: " + name + "; there are";
        for (int rule = 0; rule < static_cast<int>(sojourn::Rule::kCount); ++rule) {
          names += " " + std::string(name_of(static_cast<sojourn::Rule>(rule)));
        }
        return names;
      });
  CLI11_PARSE(app, argc, argv);

  Totals totals;
  if (*fresh) {
    std::random_device random;
    std::uint64_t next = std::uint64_t{random()} << 32 | random();
    const auto end =
        std::chrono::steady_clock::now() + std::chrono::duration<double, std::ratio<60>>(minutes);
    while (std::chrono::steady_clock::now() < end) run(next++, trace, false, rules, totals);
  } else if (*some) {
    std::uint64_t to = 0;
    std::sscanf(seeds.c_str(), "%" SCNu64 "..%" SCNu64, &seed, &to);
    for (; seed <= to; ++seed) run(seed, trace, false, rules, totals);
  } else if (*one) {
    run(seed, trace, true, rules, totals);
  } else {
    std::fputs(app.help().c_str(), stderr);
    return 2;
  }

  std::printf("%" PRIu64 " seeds, %" PRIu64 " with violations; %.1f hours simulated, %" PRIu64
              " calls, %" PRIu64 " frames, %" PRIu64 " faults, %" PRIu64 " views, %" PRIu64
              " histories undecided; hash %016" PRIx64 "\n",
              totals.seeds, totals.failed, static_cast<double>(totals.simulated.count()) / 3.6e9,
              totals.calls, totals.frames, totals.faults, totals.views, totals.undecided,
              totals.hash);
  return totals.failed == 0 ? 0 : 1;
}
