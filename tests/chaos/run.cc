#include "chaos/run.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <utility>

#include "base/random.h"
#include "chaos/lateness.h"
#include "chaos/network.h"
#include "chaos/requests.h"
#include "chaos/watch.h"

namespace sojourn::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kReadersAtTheEnd = 16;

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        fault_random_(options.seed),
        user_random_(~options.seed),
        network_(make_network()),
        cluster_(context_, options.cluster, network_.get()),
        requests_(context_, cluster_, report_.records, report_.figures, user_random_),
        load_(context_, options.load, report_.records, requests_, user_random_),
        watch_(context_, report_.records, requests_),
        faults_(context_, cluster_, network_.get(), watch_, requests_, report_.figures, lateness_,
                fault_random_, [this](const std::string& line) { say(line); }) {}

  RunReport run() {
    absl::Status status = start();
    if (status.ok()) status = fill();
    if (status.ok()) status = do_faults();
    if (!status.ok()) problem(std::string(status.message()));
    finish(status.ok());
    return std::move(report_);
  }

 private:
  std::unique_ptr<Network> make_network() {
    if (!options_.namespaces) {
      report_.network = "loopback, as asked for";
      return nullptr;
    }
    const std::size_t count = options_.cluster.members + (options_.cluster.witness ? 1 : 0);
    absl::StatusOr<std::unique_ptr<Network>> network = Network::create(count, options_.seed);
    if (network.ok()) {
      report_.network = "network namespaces";
      return *std::move(network);
    }
    report_.network = "loopback, and SKIPPED what needs network namespaces: " +
                      std::string(network.status().message());
    return nullptr;
  }

  absl::Status start() {
    say("network: " + report_.network);
    for (std::size_t member = 0; member < cluster_.size(); ++member) {
      if (absl::Status status = cluster_.start(member); !status.ok()) return status;
    }
    return faults_.wait_until_safe();
  }

  absl::Status fill() {
    if (options_.sessions == 0) return absl::OkStatus();
    say(absl::StrFormat("filling in %d sessions of %d bytes", options_.sessions,
                        options_.session_bytes));
    std::vector<std::size_t> members = cluster_.all_that_take_requests();
    for (const std::size_t member : members) {
      cluster_.fill(member,
                    {.count = options_.sessions / members.size(), .bytes = options_.session_bytes});
    }
    absl::Status status =
        faults_.wait_until("the sessions are filled in", std::chrono::minutes(20), [&] {
          return std::all_of(members.begin(), members.end(), [&](std::size_t member) {
            return cluster_.filled(member).has_value();
          });
        });
    if (!status.ok()) return status;
    for (const std::size_t member : members) {
      filled_ += cluster_.filled(member)->made;
      if (cluster_.filled(member)->failed > 0) {
        say(absl::StrFormat("%s: %d of them failed", cluster_.name(member),
                            cluster_.filled(member)->failed));
      }
    }
    return absl::OkStatus();
  }

  absl::Status do_faults() {
    const Clock::time_point end = Clock::now() + options_.time;
    load_.start();
    (void)lateness_.take();  // that of filling in, when nobody is asking for anything
    faults_.wait_for(seconds(3));
    for (std::size_t round = 0; round < options_.rounds || Clock::now() < end; ++round) {
      std::vector<const FaultKind*> kinds = possible_faults();
      if (kinds.empty()) faults_.wait_for(end - Clock::now());
      while (!kinds.empty() && (round < options_.rounds || Clock::now() < end)) {
        const std::size_t drawn = fault_random_.below(kinds.size());
        const FaultKind& kind = *kinds[drawn];
        kinds.erase(kinds.begin() + static_cast<std::ptrdiff_t>(drawn));
        if (absl::Status status = faults_.run(kind); !status.ok()) return status;
        faults_.wait_for(milliseconds(500 + fault_random_.below(1500)));
      }
    }
    return absl::OkStatus();
  }

  std::vector<const FaultKind*> possible_faults() const {
    std::vector<const FaultKind*> kinds;
    for (const std::string& name : options_.faults) {
      const FaultKind* kind = find_fault_kind(name);
      const bool possible = kind != nullptr && (network_ != nullptr || !kind->network) &&
                            cluster_.size() >= kind->members_min;
      if (possible) kinds.push_back(kind);
    }
    return kinds;
  }

  void finish(bool healthy) {
    load_.stop();
    // The longest that a request of a client waits, and that a call may be late.
    (void)faults_.wait_until("requests end", seconds(5), [&] { return requests_.pending() == 0; });
    if (healthy) {
      say("reading every session again");
      read_everything();
      check_filled();
    }
    for (const std::string& complaint : cluster_.complaints()) problem(complaint);
    check_planned();
    say("judging the histories");
    report_.judgement = judge(report_.records);
    if (report_.judgement.violations() > 0) problem("histories that no order explains: see below");
    for (const auto& [where, message] : requests_.first_messages()) {
      report_.first_messages.push_back(where + ": " + message);
    }
  }

  // Through two members the newest id of each session, through one the older ones.
  void read_everything() {
    for (std::size_t lineage = 0; lineage < report_.records.size(); ++lineage) {
      for (const std::string& id : report_.records.lineage(lineage).ids) {
        left_.push_back({lineage, id});
        if (id == report_.records.lineage(lineage).ids.back()) left_.push_back({lineage, id});
      }
    }
    for (std::size_t reader = 0; reader < kReadersAtTheEnd; ++reader) read_next();
    const absl::Status status =
        faults_.wait_until("every session was read again", std::chrono::minutes(5),
                           [&] { return left_.empty() && requests_.pending() == 0; });
    if (!status.ok()) problem(std::string(status.message()));
  }

  void read_next() {
    if (left_.empty()) return;
    const auto [lineage, id] = left_.front();
    left_.pop_front();
    requests_.make({.lineage = lineage,
                    .client = "end",
                    .question = {.verb = Verb::kGet, .id = id, .timeout = kReadTimeout},
                    .patience = seconds(10)},
                   [this, lineage = lineage](const Outcome& outcome) {
                     if (!outcome.answer) {
                       problem(absl::StrFormat("session %d: no answer at the end", lineage));
                     }
                     read_next();
                   });
  }

  void check_filled() {
    if (filled_ == 0) return;
    faults_.wait_for(seconds(1));  // for reports of now
    std::uint64_t held = 0;
    for (const std::size_t member : cluster_.all_running())
      held += cluster_.report(member).sessions;
    const std::uint64_t copies =
        std::min<std::uint64_t>(options_.cluster.copies, options_.cluster.members);
    say(absl::StrFormat("%d copies of sessions are held; %d sessions were filled in", held,
                        filled_));
    if (held < filled_ * copies) problem("sessions that were filled in are missing");
  }

  // What an operator does on purpose must not be felt.
  void check_planned() {
    for (const auto& [name, phase] : report_.figures.phases()) {
      const FaultKind* kind = find_fault_kind(name);
      if (name != "leave" && (kind == nullptr || !kind->planned)) continue;
      if (phase.unanswered > 0) {
        problem(absl::StrFormat("%s: %d requests had no answer in time", name, phase.unanswered));
      }
      if (phase.failed_early > 0) {
        problem(absl::StrFormat("%s: %d calls failed before their time was over", name,
                                phase.failed_early));
      }
    }
  }

  void say(const std::string& line) {
    const std::chrono::duration<double> time = Clock::now() - started_;
    std::printf("%7.1f s  %s\n", time.count(), line.c_str());
    std::fflush(stdout);
  }

  void problem(std::string text) {
    say("PROBLEM: " + text);
    report_.problems.push_back(std::move(text));
  }

  const RunOptions options_;
  const Clock::time_point started_ = Clock::now();
  RunReport report_;
  // Apart, so that a seed gives the same faults however fast the users are served.
  SeededRandom fault_random_;
  SeededRandom user_random_;
  asio::io_context context_;
  std::unique_ptr<Network> network_;
  Cluster cluster_;
  Requests requests_;
  Load load_;
  Watch watch_;
  Lateness lateness_;
  Faults faults_;
  std::uint64_t filled_ = 0;
  std::deque<std::pair<std::size_t, std::string>> left_;
};

}  // namespace

RunReport run_chaos(const RunOptions& options) { return Run(options).run(); }

std::string describe(const Judgement& judgement) {
  return absl::StrFormat(
      "%d calls on %d sessions: %d acknowledged writes lost, %d resurrections, %d false "
      "not-founds; %d histories undecided",
      judgement.calls, judgement.lineages, judgement.writes_lost, judgement.resurrections,
      judgement.false_not_founds, judgement.undecided);
}

}  // namespace sojourn::chaos
