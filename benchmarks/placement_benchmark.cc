// What a view costs: computing a placement happens once a view on each member, looking up an owner
// once a call.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ring/placement.h"

namespace sojourn::ring {
namespace {

std::shared_ptr<const View> view_of(std::int64_t members, std::int64_t segments) {
  auto view = std::make_shared<View>();
  view->segments = static_cast<std::uint32_t>(segments);
  for (std::int64_t i = 0; i < members; ++i) {
    Member member;
    member.name = "auth-" + std::to_string(i);
    view->members.push_back(std::move(member));
  }
  return view;
}

std::vector<std::string> ids() {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 1024; ++i) {
    std::string id = std::to_string(i);
    id.resize(32, 'x');
    ids.push_back(std::move(id));
  }
  return ids;
}

void compute_placement(benchmark::State& state) {
  const auto view = view_of(state.range(0), state.range(1));
  for (auto _ : state) benchmark::DoNotOptimize(Placement::of(view));
}
BENCHMARK(compute_placement)
    ->ArgNames({"members", "segments"})
    ->ArgsProduct({{3, 10, 50, 100}, {4096, 16384}})
    ->Unit(benchmark::kMillisecond);

void find_primary_of_id(benchmark::State& state) {
  const auto placement = Placement::of(view_of(10, 4096));
  const std::vector<std::string> id_texts = ids();
  std::size_t next = 0;
  for (auto _ : state) {
    const SegmentId segment = placement->segment_of(id_texts[next++ % id_texts.size()]);
    benchmark::DoNotOptimize(placement->primary(segment));
  }
}
BENCHMARK(find_primary_of_id);

}  // namespace
}  // namespace sojourn::ring
