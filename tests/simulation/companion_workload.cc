#include "simulation/companion_workload.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "simulation/companion_model.h"

namespace sojourn::simulation {
namespace {

using absl::StatusCode;
using replication::Operation;
using replication::Verb;
using session::Kind;
using std::chrono::milliseconds;

constexpr Duration kReadTimeout = milliseconds(250);
constexpr Duration kWriteTimeout = milliseconds(1000);

}  // namespace

CompanionWorkloadOptions CompanionWorkloadOptions::draw(Random& random) {
  CompanionWorkloadOptions options;
  options.clients = 1 + random.below(4);
  options.names_at_once = 1 + random.below(4);
  options.calls_per_name_max = 8 + random.below(22);
  options.think_max = milliseconds(1 + random.below(400));
  options.lifetime_max = std::chrono::seconds(1 + random.below(15));
  return options;
}

std::string CompanionWorkloadOptions::describe() const {
  return absl::StrFormat("companions: clients=%d names=%d calls=%d think=%dms lifetime=%ds",
                         clients, names_at_once, calls_per_name_max, think_max / milliseconds(1),
                         lifetime_max.count());
}

CompanionWorkload::CompanionWorkload(CompanionWorkloadOptions options, Simulation& simulation,
                                     Random& random)
    : options_(options), simulation_(simulation), random_(random) {}

void CompanionWorkload::start() {
  for (std::size_t client = 0; client < options_.clients; ++client) next_step(client);
}

void CompanionWorkload::next_step(std::size_t client) {
  const auto think = random_.below(static_cast<std::uint64_t>(options_.think_max.count()) + 1);
  simulation_.events().after(Duration(1 + static_cast<std::int64_t>(think)),
                             [this, client] { step(client); });
}

void CompanionWorkload::step(std::size_t client) {
  if (stopped_) return;
  if (simulation_.members_up() == 0) return next_step(client);
  Lineage& lineage = pick_lineage();
  --lineage.calls_left;
  Operation operation = draw_operation(lineage);
  Duration timeout = replication::is_read(operation.verb) ? kReadTimeout : kWriteTimeout;
  if (random_.one_in(4)) timeout = milliseconds(1 + random_.below(60));
  ask(absl::StrFormat("server %d", client), lineage, any_member(), std::move(operation), timeout,
      [this, client](StatusCode) { next_step(client); });
}

// Makes the call and writes it down.
void CompanionWorkload::ask(std::string client, Lineage& lineage, std::size_t member,
                            Operation operation, Duration timeout,
                            std::function<void(StatusCode)> then) {
  const std::size_t index = lineage.history.size();
  lineage.history.push_back({.client = client + " at " + simulation_.name(member),
                             .called = simulation_.now(),
                             .operation = operation});
  ++calls_;
  ++calls_pending_;
  simulation_.trace(describe(lineage.history.back()));
  simulation_.call(
      member, std::move(operation), timeout,
      [this, &lineage, index, then = std::move(then)](std::optional<replication::Result> result) {
        Call& call = lineage.history[index];
        --calls_pending_;
        if (result) {
          call.returned = simulation_.now();
          call.status = result->status.code();
          if (result->record) call.companion = seen_companion(*result->record);
        }
        simulation_.trace(describe(call));
        then(result ? call.status : StatusCode::kCancelled);
      });
}

CompanionWorkload::Lineage& CompanionWorkload::pick_lineage() {
  const std::size_t first = lineages_.size() - std::min(lineages_.size(), options_.names_at_once);
  Lineage* open = nullptr;
  for (std::size_t i = first, seen = 0; i < lineages_.size(); ++i) {
    if (lineages_[i].calls_left > 0 && random_.one_in(++seen)) open = &lineages_[i];
  }
  if (open && lineages_.size() >= options_.names_at_once) return *open;

  constexpr std::array kKinds = {Kind::kSingleUse, Kind::kCounter, Kind::kRevokedToken};
  Lineage& lineage = lineages_.emplace_back();
  lineage.kind = kKinds[random_.below(kKinds.size())];
  // Of one name in each kind, so that kinds would be found to be confused.
  const std::string name = absl::StrFormat("n%d", (lineages_.size() - 1) / 3);
  for (;;) {
    lineage.id = session::CompanionId(lineage.kind, name).text();
    const bool fresh = std::none_of(lineages_.begin(), lineages_.end() - 1,
                                    [&](const Lineage& other) { return other.id == lineage.id; });
    if (fresh) break;
    lineage.kind = static_cast<Kind>(static_cast<int>(lineage.kind) % 3 + 1);
  }
  lineage.calls_left = 2 + random_.below(options_.calls_per_name_max);
  return lineage;
}

Operation CompanionWorkload::draw_operation(Lineage& lineage) {
  Operation operation = {.verb = Verb::kLook, .id = lineage.id, .touch = false};
  const auto lifetime = std::chrono::seconds(
      1 + random_.below(static_cast<std::uint64_t>(options_.lifetime_max.count())));
  const auto make = [&](Verb verb) {
    operation.verb = verb;
    operation.lifetime = {.idle = lifetime, .absolute = lifetime};
  };
  const std::uint64_t dice = random_.below(100);
  switch (lineage.kind) {
    case Kind::kSingleUse:
      if (dice < 35) {
        make(Verb::kPutOnce);
        // No value is ever put twice, so a taker says which it got.
        operation.value = absl::StrFormat("%d", ++values_);
      } else if (dice < 75) {
        operation.verb = Verb::kTake;
      }
      break;
    case Kind::kCounter:
      if (dice < 65) {
        make(Verb::kAdd);
        operation.amount = lineage.next_amount;
        lineage.next_amount *= 2;
      } else if (dice < 70) {
        operation.verb = Verb::kResetCounter;
      }
      break;
    case Kind::kRevokedToken:
      if (dice < 20) make(Verb::kRevokeToken);
      break;
    case Kind::kSession:
      break;
  }
  return operation;
}

std::size_t CompanionWorkload::any_member() {
  std::size_t member = random_.below(simulation_.members());
  while (!simulation_.node(member)) member = (member + 1) % simulation_.members();
  return member;
}

// The end.

void CompanionWorkload::look_at_everything() {
  std::deque<std::pair<std::size_t, std::size_t>> looks;
  for (std::size_t lineage = 0; lineage < lineages_.size(); ++lineage) {
    for (std::size_t member = 0; member < simulation_.members(); ++member) {
      if (simulation_.node(member)) looks.push_back({lineage, member});
    }
  }
  look_in_turn(std::move(looks));
}

void CompanionWorkload::look_in_turn(std::deque<std::pair<std::size_t, std::size_t>> looks) {
  if (looks.empty()) return;
  Lineage& lineage = lineages_[looks.front().first];
  const std::size_t member = looks.front().second;
  looks.pop_front();
  ++calls_pending_;  // until the next is asked
  ask("the end", lineage, member, {.verb = Verb::kLook, .id = lineage.id, .touch = false},
      std::chrono::seconds(5),
      [this, &lineage, looks = std::move(looks)](StatusCode status) mutable {
        // An expired companion's removal may find no room among the writes that wait.
        const bool answered = status == StatusCode::kOk || status == StatusCode::kNotFound ||
                              status == StatusCode::kDataLoss ||
                              status == StatusCode::kResourceExhausted;
        if (!answered) {
          simulation_.violation("no answer from a healthy cluster: " +
                                describe(lineage.history.back()));
        }
        simulation_.events().after(Duration(1), [this, looks = std::move(looks)]() mutable {
          --calls_pending_;
          look_in_turn(std::move(looks));
        });
      });
}

void CompanionWorkload::check_histories(const Tolerance& tolerance) {
  for (const Lineage& lineage : lineages_) {
    History history = lineage.history;
    const SegmentId segment = simulation_.segment_of(lineage.id);
    if (const auto lost = simulation_.lost_since(segment, Time::min())) {
      // Nobody has acknowledged the loss.
      for (const Call& call : history) {
        if (call.called > *lost && call.status == StatusCode::kNotFound) {
          simulation_.violation("what may have been lost is called absent: " + describe(call));
        }
      }
      forget_since(*lost, history);
    }
    const Verdict verdict = check_companion(history, {.tolerance = tolerance});
    if (verdict.kind == Verdict::Kind::kViolation) simulation_.violation(verdict.explanation);
    if (verdict.kind == Verdict::Kind::kUndecided) ++undecided_;
  }
}

std::set<std::string> CompanionWorkload::ids() const {
  std::set<std::string> ids;
  for (const Lineage& lineage : lineages_) ids.insert(lineage.id);
  return ids;
}

}  // namespace sojourn::simulation
