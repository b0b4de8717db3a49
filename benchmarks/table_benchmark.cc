// What the table costs: lookups at several sizes, alone and by two threads, writes, and expiry.
// Each lookup is of a session chosen uniformly; sessions have 512 bytes of id, subject and
// attributes.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.h"
#include "session/id_draw.h"
#include "session/record.h"
#include "table/table.h"

namespace sojourn::table {
namespace {

using namespace std::chrono_literals;
using session::AttributeView;
using session::Record;
using session::RecordRef;

constexpr Time kStart{24h};
constexpr std::size_t kPayloadBytes = 512;

using Id = std::array<char, SessionId::kGeneratedSize>;
std::string_view text(const Id& id) { return {id.data(), id.size()}; }

std::vector<Id> draw_ids(std::size_t count, std::uint64_t seed) {
  SeededRandom random(seed);
  std::vector<Id> ids(count);
  for (Id& id : ids) std::ranges::copy(session::draw_id(random), id.begin());
  return ids;
}

RecordRef make_record(std::string_view id) {
  static const std::string filler(kPayloadBytes, 'x');
  const std::string_view subject = "ana@example.org";
  const std::string_view value(filler.data(), kPayloadBytes - id.size() - subject.size() - 4);
  const std::array<AttributeView, 1> attributes = {{{"data", value}}};
  return Record::make({.id = id,
                       .phase = Phase::kActive,
                       .subject = subject,
                       .lifetime = {30min, 12h},
                       .created_at = kStart,
                       .last_seen = kStart,
                       .attributes = attributes});
}

std::vector<RecordRef> make_records(const std::vector<Id>& ids) {
  std::vector<RecordRef> records;
  records.reserve(ids.size());
  for (const Id& id : ids) records.push_back(make_record(text(id)));
  return records;
}

// Ids in an order that has nothing to do with where their records are in memory.
void shuffle(std::vector<Id>& ids) {
  SeededRandom random(7);
  for (std::size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[random.below(i)]);
}

// A full table, kept from one benchmark of its size to the next.
struct Filled {
  explicit Filled(std::size_t size) : present(draw_ids(size, 1)), absent(draw_ids(size, 2)) {
    for (const Id& id : present) table.put(make_record(text(id)));
    shuffle(present);
  }

  static Filled& of(const benchmark::State& state) {
    static std::unique_ptr<Filled> filled;
    const auto size = static_cast<std::size_t>(state.range(0));
    if (!filled || filled->present.size() != size) {
      filled.reset();
      filled = std::make_unique<Filled>(size);
    }
    return *filled;
  }

  std::vector<Id> present;
  std::vector<Id> absent;
  Table table;
};

// The threads of a benchmark share the table, so it must be there before they start.
void prepare(const benchmark::State& state) { Filled::of(state); }

void look_up(benchmark::State& state, const Table& table, const std::vector<Id>& ids, bool touch) {
  // Each thread begins elsewhere.
  const std::size_t share = ids.size() / static_cast<std::size_t>(state.threads());
  std::size_t at = share * static_cast<std::size_t>(state.thread_index());
  for ([[maybe_unused]] const auto iteration : state) {
    benchmark::DoNotOptimize(table.find(text(ids[at]), kStart + 1s, touch));
    if (++at == ids.size()) at = 0;
  }
  state.SetItemsProcessed(state.iterations());
}

void find(benchmark::State& state) {
  const Filled& filled = Filled::of(state);
  look_up(state, filled.table, filled.present, false);
  state.counters["bytes_over_payload"] = benchmark::Counter(
      static_cast<double>(filled.table.usage().bytes) / static_cast<double>(filled.present.size()) -
          kPayloadBytes,
      benchmark::Counter::kAvgThreads);
}

void find_and_touch(benchmark::State& state) {
  const Filled& filled = Filled::of(state);
  look_up(state, filled.table, filled.present, true);
}

void find_nothing(benchmark::State& state) {
  const Filled& filled = Filled::of(state);
  look_up(state, filled.table, filled.absent, false);
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->RangeMultiplier(10)->Range(10'000, 1'000'000);
}
void sizes_and_threads(benchmark::internal::Benchmark* benchmark) {
  sizes(benchmark);
  benchmark->Setup(prepare)->ThreadRange(1, 2)->UseRealTime();
}
BENCHMARK(find)->Apply(sizes_and_threads);
BENCHMARK(find_and_touch)->Apply(sizes_and_threads);
BENCHMARK(find_nothing)->Apply(sizes_and_threads);

// Writes: an iteration does all sessions once, and its time is given for one.

struct Batch {
  explicit Batch(benchmark::State& state)
      : ids(draw_ids(static_cast<std::size_t>(state.range(0)), 1)), records(make_records(ids)) {
    shuffle(ids);
  }

  std::unique_ptr<Table> filled_table() const {
    auto table = std::make_unique<Table>();
    for (const RecordRef& record : records) table->put(record);
    return table;
  }

  void report(benchmark::State& state) const {
    const auto sessions = static_cast<double>(state.iterations()) * static_cast<double>(ids.size());
    state.counters["per_session"] =
        benchmark::Counter(sessions, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  }

  std::vector<Id> ids;
  std::vector<RecordRef> records;
};

// Times work(table) on a filled table that is made, and cleared away, outside of the measurement.
template <typename Work>
void measure_on_filled(benchmark::State& state, const Batch& batch, Work work) {
  for ([[maybe_unused]] const auto iteration : state) {
    state.PauseTiming();
    std::unique_ptr<Table> table = batch.filled_table();
    state.ResumeTiming();
    work(*table);
    state.PauseTiming();
    table.reset();
    state.ResumeTiming();
  }
  batch.report(state);
}

void put(benchmark::State& state) {
  const Batch batch(state);
  for ([[maybe_unused]] const auto iteration : state) {
    std::unique_ptr<Table> table = batch.filled_table();
    state.PauseTiming();
    table.reset();
    state.ResumeTiming();
  }
  batch.report(state);
}
BENCHMARK(put)->Apply(sizes)->Unit(benchmark::kMillisecond);

void replace(benchmark::State& state) {
  const Batch batch(state);
  const std::vector<RecordRef> replacements = make_records(batch.ids);
  measure_on_filled(state, batch, [&](Table& table) {
    for (const RecordRef& record : replacements) table.put(record);
  });
}
BENCHMARK(replace)->Apply(sizes)->Unit(benchmark::kMillisecond);

void erase(benchmark::State& state) {
  const Batch batch(state);
  measure_on_filled(state, batch, [&](Table& table) {
    for (const Id& id : batch.ids) table.erase(text(id));
  });
}
BENCHMARK(erase)->Apply(sizes)->Unit(benchmark::kMillisecond);

// Finds that sessions have expired and removes them, 1024 at a time.
void expire(benchmark::State& state) {
  const Batch batch(state);
  measure_on_filled(state, batch, [&](Table& table) {
    const Time end = kStart + 31min;
    std::vector<RecordRef> expired;
    do {
      expired.clear();
      table.collect_due(end, 1024, [&](const Record& record) {
        expired.push_back(RecordRef::share(record));
        return end + 1s;
      });
      for (const RecordRef& record : expired) table.erase(record->id());
    } while (!expired.empty());
  });
}
BENCHMARK(expire)->Apply(sizes)->Unit(benchmark::kMillisecond);

// What the wheel does for sessions that were used in the meantime: each comes up and is filed
// again.
void look_again(benchmark::State& state) {
  const Batch batch(state);
  for ([[maybe_unused]] const auto iteration : state) {
    state.PauseTiming();
    std::unique_ptr<Table> table = batch.filled_table();
    for (const Id& id : batch.ids) table->find(text(id), kStart + 29min, true);
    state.ResumeTiming();
    table->collect_due(kStart + 30min + 1s, std::numeric_limits<std::size_t>::max(),
                       [](const Record&) { return Time::max(); });
    state.PauseTiming();
    table.reset();
    state.ResumeTiming();
  }
  batch.report(state);
}
BENCHMARK(look_again)->Apply(sizes)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sojourn::table
