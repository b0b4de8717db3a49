#include <cstdint>
#include <string>

#include "simulation/seed_run.h"
#include "support/catch.h"

namespace sojourn::simulation {
namespace {

// Instrumented code is several times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSeeds = 40;
#else
constexpr std::uint64_t kSeeds = 300;
#endif

// More, and fresh ones: simulate --minutes 30.
TEST_CASE("nothing that must never happen happens, whatever goes wrong", "[seeds]") {
  std::uint64_t calls = 0;
  std::uint64_t views = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const SeedReport report = run_seed(seed);
    std::string violations;
    for (const std::string& violation : report.violations) violations += violation + "\n";
    INFO("replay with: simulate --seed " << seed << " --trace\n" << violations);
    CHECK(report.violations.empty());
    CHECK(report.undecided == 0);
    calls += report.calls;
    views += report.views;
  }
  CHECK(calls > 500 * kSeeds);
  CHECK(views > 3 * kSeeds);
}

TEST_CASE("an ending whose asker has given up may refuse a login that is called later", "[seeds]") {
  CHECK(run_seed(701903).violations.empty());
}

TEST_CASE("a seed replays exactly", "[seeds]") {
  for (const std::uint64_t seed : {3, 5, 8}) {
    CHECK(run_seed(seed).trace_hash == run_seed(seed).trace_hash);
  }
  CHECK(run_seed(3).trace_hash != run_seed(5).trace_hash);
}

// Every compiler, library and processor must see the same. A change to the protocol, to the wire
// format or to the simulation changes the numbers: simulate --seed prints the new ones as "trace".
TEST_CASE("a seed runs alike wherever it was compiled", "[seeds]") {
  CHECK(run_seed(3).trace_hash == 0xc808b6a4950ee3d6u);
  CHECK(run_seed(11).trace_hash == 0xd37a05ce55e15157u);
  CHECK(run_seed(13).trace_hash == 0xa9099f512a547a7u);
}

}  // namespace
}  // namespace sojourn::simulation
