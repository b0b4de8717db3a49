// What the memory and the processor allow a loop of lookups, with nothing of Sojourn in it: one
// access to a slot and one to the record that it leads to, in random order, and so many other
// instructions for each, which take no memory and wait for nothing. The limit that
// docs/performance.md holds local reads against (S6).
//
//   walk_benchmark [--records 4000000] [--instructions 0,100,200,400] [--rounds 4]
//
// For each number of instructions it prints how long a lookup takes in a stream, and how long one
// dependent access takes in the same round: the best of the rounds.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

// As large as one with 512 bytes of session in it.
struct alignas(64) Record {
  std::uint64_t next = 0;
  char rest[632] = {};
};

std::uint64_t mixed(std::uint64_t number) {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
  return number ^ (number >> 31);
}

template <typename Work>
double nanoseconds_each(std::size_t count, Work work) {
  const auto begin = Clock::now();
  work();
  return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() /
         static_cast<double>(count);
}

class Walk {
 public:
  explicit Walk(std::size_t records) : records_(records), slots_(records + records / 7) {
    for (std::size_t i = 0; i < records; ++i) records_[i].next = mixed(i) % records;
    for (std::size_t i = 0; i < slots_.size(); ++i) slots_[i] = mixed(~i) % records;
  }

  // Each lookup is free to begin before the last has ended.
  double stream(std::size_t lookups, int instructions) {
    return nanoseconds_each(lookups, [&] {
      for (std::size_t i = 0; i < lookups; ++i) {
        sum_ += records_[slots_[mixed(i + seed_) % slots_.size()]].next;
        std::uint64_t other = i;
        // Four in each turn, with the counting.
        for (int n = 0; n < instructions; n += 4) asm volatile("add $1, %0" : "+r"(other));
      }
      seed_ += lookups;
    });
  }

  // Each access says where the next one goes.
  double dependent(std::size_t accesses) {
    return nanoseconds_each(accesses, [&] {
      std::uint64_t at = seed_ % records_.size();
      for (std::size_t i = 0; i < accesses; ++i) at = records_[(at + i) % records_.size()].next;
      sum_ += at;
      seed_ += accesses;
    });
  }

  std::uint64_t sum() const { return sum_; }

 private:
  std::vector<Record> records_;
  std::vector<std::uint64_t> slots_;
  std::uint64_t seed_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::size_t records = 4'000'000;
  std::vector<int> instructions = {0, 100, 200, 400};
  int rounds = 4;
  CLI::App app("What the memory and the processor allow a loop of lookups");
  app.add_option("--records", records, "how many there are, of 640 bytes each")
      ->check(CLI::Range(std::size_t{1}, std::size_t{100'000'000}));
  app.add_option("--instructions", instructions, "others for each lookup, about")
      ->delimiter(',')
      ->check(CLI::Range(0, 100'000));
  app.add_option("--rounds", rounds, "of which the best counts")->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);

  Walk walk(records);
  const std::size_t lookups = std::max<std::size_t>(records / 4, 1);
  constexpr double kNever = std::numeric_limits<double>::infinity();
  std::vector<double> streams(instructions.size(), kNever);
  std::vector<double> dependents(instructions.size(), kNever);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < instructions.size(); ++i) {
      streams[i] = std::min(streams[i], walk.stream(lookups, instructions[i]));
      dependents[i] = std::min(dependents[i], walk.dependent(lookups / 4 + 1));
    }
  }
  for (std::size_t i = 0; i < instructions.size(); ++i) {
    std::printf(
        "{\"records\": %zu, \"instructions\": %d, \"stream_ns\": %.1f, \"dependent_ns\": %.1f}\n",
        records, instructions[i], streams[i], dependents[i]);
  }
  // So that the accesses are made.
  return walk.sum() == 1 ? 1 : 0;
}
