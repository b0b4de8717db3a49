#include "runtime/direct_reads.h"

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "support/catch.h"

namespace sojourn::runtime {
namespace {

using namespace std::chrono_literals;
using replication::Verb;

constexpr Time kNow = Time(1h);

// What reads need of their owner, and what became of them.
struct Surroundings {
  const std::string owner = "b";
  const std::string other = "c";
  // Each group of lookups that was sent, by whom it went to.
  std::vector<std::pair<std::string, std::vector<std::string>>> sent;
  std::vector<std::uint64_t> numbers;
  // How many of a group are taken, and why not the others.
  std::size_t room = 1000;
  absl::Status full = absl::ResourceExhaustedError("the queue is full");
  int flushes = 0;
  std::vector<std::string> called_instead;
  std::map<std::string, absl::Status> told;

  DirectReads::Hooks hooks() {
    return {.send =
                [this](const std::string& to, std::span<const replication::Lookup> lookups) {
                  std::vector<std::string> ids;
                  for (const replication::Lookup& lookup : lookups) {
                    ids.emplace_back(lookup.id);
                    numbers.push_back(lookup.number);
                  }
                  sent.emplace_back(to, ids);
                  transport::Taken taken{.count = std::min(room, lookups.size())};
                  if (taken.count < lookups.size()) taken.status = full;
                  return taken;
                },
            .flush = [this] { ++flushes; },
            .call = [this](replication::Operation operation, Duration,
                           ReadWaiter) { called_instead.push_back(operation.id); },
            .wake = [] {}};
  }
  void start(DirectReads& reads, const std::string& id, const std::string& from) {
    reads.start(kNow,
                {.owner = from, .verb = Verb::kGet, .id = id, .touch = true, .timeout = 250ms},
                ReadWaiter::Any(
                    [this, id](node::Finished finished) { told[id] = finished.result.status; }));
  }
  void start(DirectReads& reads, const std::string& id) { start(reads, id, owner); }
  bool start_later(DirectReads& reads, const std::string& id) {
    return reads.start_later(
        kNow, nullptr,
        {.owner = owner, .verb = Verb::kGet, .id = id, .touch = true, .timeout = 250ms},
        ReadWaiter::Any(
            [this, id](node::Finished finished) { told[id] = finished.result.status; }));
  }
};

using Sent = decltype(Surroundings::sent);

TEST_CASE("a read goes to the session's owner at once", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());

  around.start(reads, "s-1");

  CHECK(around.sent == Sent{{"b", {"s-1"}}});
  CHECK(around.flushes == 1);
  CHECK(around.told.empty());
}

TEST_CASE("reads that one frame causes are sent together, to each owner in one go", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());

  {
    const DirectReads::Gathering gathering(reads, kNow, nullptr);
    around.start(reads, "s-1");
    around.start(reads, "s-2");
    around.start(reads, "s-3", around.other);
    CHECK(around.sent.empty());
  }

  CHECK(around.sent == Sent{{"b", {"s-1", "s-2"}}, {"c", {"s-3"}}});
  // That is for whoever gathered.
  CHECK(around.flushes == 0);
}

TEST_CASE("a read that may be sent later is sent at once where no other is under way",
          "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());

  CHECK_FALSE(around.start_later(reads, "s-1"));

  CHECK(around.sent == Sent{{"b", {"s-1"}}});
  CHECK(around.flushes == 1);
}

TEST_CASE("while a read is under way, those that may be sent later leave together", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());
  around.start(reads, "s-1");

  // Only the first has to see to it.
  CHECK(around.start_later(reads, "s-2"));
  CHECK_FALSE(around.start_later(reads, "s-3"));
  CHECK(around.sent == Sent{{"b", {"s-1"}}});

  reads.send_later();
  CHECK(around.sent == Sent{{"b", {"s-1"}}, {"b", {"s-2", "s-3"}}});
  CHECK(around.flushes == 2);
}

TEST_CASE("no more reads wait to be sent later than are worth a frame", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());
  around.start(reads, "s");
  for (int i = 0; i < 256; ++i) around.start_later(reads, "s-" + std::to_string(i));

  CHECK_FALSE(around.start_later(reads, "t"));

  CHECK(around.sent == Sent{{"b", {"s"}}, {"b", {"t"}}});
}

TEST_CASE("reads that wait to be sent are cancelled at the end", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());
  around.start(reads, "s-1");
  around.start_later(reads, "s-2");

  reads.stop();
  reads.send_later();

  CHECK(absl::IsCancelled(around.told.at("s-2")));
  CHECK(around.sent == Sent{{"b", {"s-1"}}});
}

TEST_CASE("who is told of an answer may read again while reads are gathered", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());
  reads.start(kNow, {around.owner, Verb::kGet, "s-1", true, 250ms},
              ReadWaiter::Any([&](node::Finished) { around.start(reads, "s-2"); }));

  {
    const DirectReads::Gathering gathering(reads, kNow, nullptr);
    reads.found(kNow, around.owner, {{.number = around.numbers.at(0)}});
  }

  CHECK(around.sent == Sent{{"b", {"s-1"}}, {"b", {"s-2"}}});
}

TEST_CASE("what the queue to an owner has no room for is refused, and nothing else", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());
  around.room = 1;

  {
    const DirectReads::Gathering gathering(reads, kNow, nullptr);
    around.start(reads, "s-1");
    around.start(reads, "s-2");
  }

  REQUIRE(around.told.size() == 1);
  CHECK(absl::IsUnavailable(around.told.at("s-2")));
  CHECK(around.called_instead.empty());
}

TEST_CASE("what cannot be sent to an owner goes the long way", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());
  around.room = 0;
  around.full = absl::UnavailableError("member b is not connected");

  around.start(reads, "s-1");

  CHECK(around.called_instead == std::vector<std::string>{"s-1"});
  CHECK(around.told.empty());
}

TEST_CASE("what an owner declines goes the long way", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());
  around.start(reads, "s-1");

  reads.found(kNow, around.owner, {{.number = around.numbers.at(0), .declined = true}});

  CHECK(around.called_instead == std::vector<std::string>{"s-1"});
}

TEST_CASE("reads beyond the bound are refused, those that were gathered too", "[runtime]") {
  Surroundings around;
  DirectReads reads({.in_flight_max = 2}, around.hooks());

  {
    const DirectReads::Gathering gathering(reads, kNow, nullptr);
    for (const char* id : {"s-1", "s-2", "s-3"}) around.start(reads, id);
  }

  CHECK(around.sent == Sent{{"b", {"s-1", "s-2"}}});
  REQUIRE(around.told.size() == 1);
  CHECK(absl::IsResourceExhausted(around.told.at("s-3")));
}

TEST_CASE("after the end each read is cancelled at once", "[runtime]") {
  Surroundings around;
  DirectReads reads({}, around.hooks());
  around.start(reads, "s-1");

  reads.stop();
  around.start(reads, "s-2");

  CHECK(absl::IsCancelled(around.told.at("s-1")));
  CHECK(absl::IsCancelled(around.told.at("s-2")));
}

}  // namespace
}  // namespace sojourn::runtime
