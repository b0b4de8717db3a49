#include "simulation/workload.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "session/id_draw.h"
#include "simulation/linearizability.h"

namespace sojourn::simulation {
namespace {

using replication::Operation;
using replication::Verb;
using std::chrono::milliseconds;

// What Store's options have as defaults.
constexpr Duration kReadTimeout = milliseconds(250);
constexpr Duration kWriteTimeout = milliseconds(1000);
// Calls to a session after it was seen to be gone.
constexpr std::size_t kCallsAfterDeath = 6;
// How often a call is made at the end, and after how long again, if there is no room for it.
constexpr int kAttemptsAtTheEnd = 20;
constexpr Duration kWaitForRoom = milliseconds(500);

std::vector<Attribute> to_vector(const std::map<std::string, std::string>& attributes) {
  std::vector<Attribute> vector;
  for (const auto& [name, value] : attributes) vector.push_back({name, value});
  return vector;
}

}  // namespace

WorkloadOptions WorkloadOptions::draw(Random& random) {
  WorkloadOptions options;
  options.clients = 1 + random.below(10);
  options.sessions_at_once = 1 + random.below(6);
  options.calls_per_session_max = 20 + random.below(60);
  options.think_max = milliseconds(1 + random.below(400));
  if (random.one_in(4)) options.value_bytes_max = 1 + random.below(kAttributeValueBytesMax);
  options.sticky = random.one_in(3);
  options.idle_max = std::chrono::seconds(1 + random.below(10));
  options.absolute_max = std::chrono::seconds(1 + random.below(20));
  return options;
}

std::string WorkloadOptions::describe() const {
  return absl::StrFormat(
      "clients=%d sessions=%d calls=%d think=%dms value=%d sticky=%d idle=%ds absolute=%ds",
      clients, sessions_at_once, calls_per_session_max, think_max / milliseconds(1),
      value_bytes_max, sticky, idle_max.count(), absolute_max.count());
}

Workload::Workload(WorkloadOptions options, Simulation& simulation, Random& random)
    : options_(options), simulation_(simulation), random_(random) {}

void Workload::start() {
  for (std::size_t client = 0; client < options_.clients; ++client) next_step(client);
}

void Workload::next_step(std::size_t client) {
  const auto think = random_.below(static_cast<std::uint64_t>(options_.think_max.count()) + 1);
  simulation_.events().after(Duration(1 + static_cast<std::int64_t>(think)),
                             [this, client] { step(client); });
}

void Workload::step(std::size_t client) {
  if (stopped_) return;
  if (simulation_.members_up() == 0) return next_step(client);
  ask(absl::StrFormat("client %d", client), draw_request(client),
      [this, client](absl::StatusCode) { next_step(client); });
}

// Makes the call and writes it down.
void Workload::ask(std::string client, Request request, Then then) {
  Lineage& lineage = lineages_[request.lineage];
  const std::size_t index = lineage.history.size();
  lineage.history.push_back({.client = client + " at " + simulation_.name(request.member),
                             .called = simulation_.now(),
                             .operation = request.operation});
  ++calls_;
  ++calls_pending_;
  simulation_.trace(describe(lineage.history.back()));
  simulation_.call(
      request.member, std::move(request.operation), request.timeout,
      [this, &lineage, index, then = std::move(then)](std::optional<replication::Result> result) {
        Call& call = lineage.history[index];
        --calls_pending_;
        if (result) {
          call.returned = simulation_.now();
          call.status = result->status.code();
          if (result->record && call.operation.verb != Verb::kTouch) {
            call.session = seen(*result->record);
          }
          learn(lineage, call);
        }
        ++outcomes_[result ? absl::StatusCodeToString(call.status) : "CRASHED"];
        simulation_.trace(describe(call));
        then(result ? call.status : absl::StatusCode::kCancelled);
      });
}

void Workload::learn(Lineage& lineage, const Call& call) {
  if (call.session) {
    const std::string& id = call.session->id;
    if (std::find(lineage.ids.begin(), lineage.ids.end(), id) == lineage.ids.end()) {
      lineage.ids.push_back(id);
    }
    if (!lineage.newest || lineage.newest->version < call.session->version) {
      lineage.newest = call.session;
    }
  }
  const bool revoked = call.operation.verb == Verb::kRevoke && call.status == absl::StatusCode::kOk;
  const bool last_tab_erased = call.operation.verb == Verb::kEraseTab &&
                               call.status == absl::StatusCode::kOk && !call.session;
  const bool gone = !lineage.ids.empty() && call.operation.id == lineage.ids.back() &&
                    (revoked || last_tab_erased || call.status == absl::StatusCode::kNotFound);
  if (gone) lineage.calls_left = std::min(lineage.calls_left, kCallsAfterDeath);
}

// What clients do.

Workload::Request Workload::draw_request(std::size_t client) {
  Request request = {.lineage = pick_lineage(), .member = member_for(client)};
  Lineage& lineage = lineages_[request.lineage];
  request.operation = lineage.history.empty() ? draw_create(lineage) : draw_operation(lineage);
  request.timeout = replication::is_read(request.operation.verb) ? kReadTimeout : kWriteTimeout;
  if (random_.one_in(4)) request.timeout = milliseconds(1 + random_.below(60));
  if (lineage.calls_left > 0) --lineage.calls_left;
  return request;
}

std::size_t Workload::pick_lineage() {
  open_.erase(
      std::remove_if(open_.begin(), open_.end(),
                     [&](std::size_t lineage) { return lineages_[lineage].calls_left == 0; }),
      open_.end());
  if (open_.size() >= options_.sessions_at_once) {
    const std::size_t lineage = open_[random_.below(open_.size())];
    // Without an id there is nothing to ask yet.
    if (!lineages_[lineage].ids.empty()) return lineage;
  }
  lineages_.push_back({.calls_left = options_.calls_per_session_max});
  if (open_.size() >= options_.sessions_at_once) open_.erase(open_.begin());
  open_.push_back(lineages_.size() - 1);
  return open_.back();
}

Operation Workload::draw_create(Lineage& lineage) {
  Operation create = {.verb = Verb::kCreate, .lifetime = draw_lifetime()};
  // Ids made elsewhere are known to their maker whatever becomes of the call.
  if (random_.one_in(3)) {
    create.id = session::draw_id(random_);
    lineage.ids.push_back(create.id);
  }
  if (random_.one_in(4)) {
    create.phase = Phase::kActive;
    create.subject = "ana";
  }
  const Patch::Step change = draw_change();
  if (change.value) create.attributes = {{change.name, *change.value}};
  if (create.phase == Phase::kActive) {
    create.remembered = random_.one_in(3);
  } else if (random_.one_in(2)) {
    create.steps = {draw_change_in_tab()};
  }
  return create;
}

bool Workload::is_login(const Lineage& lineage) const {
  return lineage.newest && lineage.newest->phase == Phase::kLogin;
}

// Three tabs, so that clients meet in them.
std::string Workload::draw_tab() { return absl::StrFormat("tab %d", random_.below(3)); }

Patch::Step Workload::draw_change_in_tab() {
  Patch::Step change = draw_change();
  change.tab = draw_tab();
  if (!change.value && random_.one_in(2)) change.name.clear();
  return change;
}

Operation Workload::draw_operation(const Lineage& lineage) {
  Operation operation;
  const std::vector<std::string>& ids = lineage.ids;
  operation.id = random_.one_in(6) ? ids[random_.below(ids.size())] : ids.back();
  const std::optional<SeenSession>& newest = lineage.newest;

  const std::uint64_t dice = random_.below(100);
  if (!newest && dice >= 80) {
    // What nobody has seen yet may be ended already.
    operation.verb = Verb::kRevoke;
  } else if (dice < 40 || !newest) {
    if (dice < 5 && newest && random_.one_in(is_login(lineage) ? 1 : 8)) {
      operation.verb = Verb::kEraseTab;
      operation.tab = draw_tab();
      return operation;
    }
    operation.verb = Verb::kGet;
    operation.touch = !random_.one_in(4);
    // The id before: it may have been given up with an overlap.
    if (ids.size() > 1 && random_.one_in(4)) operation.id = ids[ids.size() - 2];
  } else if (dice < 58) {
    operation.verb = Verb::kPatch;
    operation.steps = {draw_change()};
    if (random_.one_in(3)) operation.steps.push_back(draw_change());
    if (random_.one_in(is_login(lineage) ? 2 : 20)) {
      operation.steps.push_back(draw_change_in_tab());
    }
    if (random_.one_in(12)) operation.time_left = draw_lifetime().absolute;
    if (random_.one_in(4)) operation.expected_version = newest->version;
  } else if (dice < 70) {
    operation.verb = Verb::kUpdate;
    std::map<std::string, std::string> attributes = newest->attributes;
    const Patch::Step change = draw_change();
    attributes[change.name] = change.value.value_or("erased");
    operation.attributes = to_vector(attributes);
    operation.expected_version = newest->version;
  } else if (dice < 80) {
    operation.verb = Verb::kAuthenticate;
    operation.subject = "ana";
    operation.lifetime = draw_lifetime();
    operation.steps = {draw_change()};
    operation.remembered = random_.one_in(3);
    operation.keep_id = random_.one_in(4);
    if (random_.one_in(12)) operation.time_left = draw_lifetime().absolute;
    if (random_.one_in(4)) operation.expected_version = newest->version;
  } else if (dice < 88) {
    operation.verb = Verb::kRotate;
    if (random_.one_in(2)) operation.overlap = std::chrono::seconds(1 + random_.below(4));
  } else if (dice < 95) {
    operation.verb = Verb::kTouch;
  } else {
    operation.verb = Verb::kRevoke;
  }
  return operation;
}

Patch::Step Workload::draw_change() {
  Patch::Step change = {.name = std::string(1, static_cast<char>('a' + random_.below(3)))};
  if (random_.one_in(5)) return change;
  // No value is ever written twice, so a read says which write it saw.
  std::string value = absl::StrFormat("%d", ++values_);
  value.resize(std::max(value.size(), random_.below(options_.value_bytes_max) + 1), '.');
  change.value = std::move(value);
  return change;
}

Lifetime Workload::draw_lifetime() {
  const auto up_to = [&](std::chrono::seconds longest) {
    return std::chrono::seconds(1 + random_.below(static_cast<std::uint64_t>(longest.count())));
  };
  const std::chrono::seconds idle = up_to(options_.idle_max);
  return {.idle = idle, .absolute = up_to(options_.absolute_max)};
}

std::size_t Workload::member_for(std::size_t client) {
  return up_from(options_.sticky ? client % simulation_.members()
                                 : random_.below(simulation_.members()));
}

std::size_t Workload::any_member() { return up_from(random_.below(simulation_.members())); }

// That member, or the next that is up.
std::size_t Workload::up_from(std::size_t member) const {
  while (!simulation_.node(member)) member = (member + 1) % simulation_.members();
  return member;
}

// The end.

void Workload::read_everything() {
  std::deque<Request> requests;
  for (std::size_t lineage = 0; lineage < lineages_.size(); ++lineage) {
    for (const std::string& id : lineages_[lineage].ids) {
      const bool last = id == lineages_[lineage].ids.back();
      for (std::size_t i = 0; i < (last ? simulation_.members() : 1); ++i) {
        if (last && !simulation_.node(i)) continue;
        requests.push_back({.lineage = lineage,
                            .member = last ? i : any_member(),
                            .operation = {.verb = Verb::kGet, .id = id},
                            .timeout = std::chrono::seconds(5)});
      }
    }
  }
  ask_in_turn(std::move(requests));
}

void Workload::revoke_everything() {
  std::deque<Request> requests;
  for (std::size_t lineage = 0; lineage < lineages_.size(); ++lineage) {
    for (const std::string& id : lineages_[lineage].ids) {
      requests.push_back({.lineage = lineage,
                          .member = any_member(),
                          .operation = {.verb = Verb::kRevoke, .id = id},
                          .timeout = std::chrono::seconds(5)});
    }
  }
  ask_in_turn(std::move(requests));
}

void Workload::ask_in_turn(std::deque<Request> requests) {
  if (requests.empty()) return;
  Request request = std::move(requests.front());
  requests.pop_front();
  ++calls_pending_;  // until the next is asked
  ask_until_answered(
      std::move(request),
      [this, requests = std::move(requests)]() mutable {
        --calls_pending_;
        ask_in_turn(std::move(requests));
      },
      kAttemptsAtTheEnd);
}

void Workload::ask_until_answered(Request request, std::function<void()> then, int attempts) {
  Request again = request;
  ask("the end", std::move(request),
      [this, again = std::move(again), then = std::move(then),
       attempts](absl::StatusCode status) mutable {
        using enum absl::StatusCode;
        const bool answered = status == kOk || status == kNotFound || status == kDataLoss;
        // Sessions that end by themselves may take all the room that there is for writes.
        const bool wait = status == kResourceExhausted && attempts > 1;
        if (!answered && !wait) {
          simulation_.violation("no answer from a healthy cluster: " +
                                describe(lineages_[again.lineage].history.back()));
        }
        simulation_.events().after(
            wait ? kWaitForRoom : Duration(1),
            [this, wait, again = std::move(again), then = std::move(then), attempts]() mutable {
              if (!wait) return then();
              ask_until_answered(std::move(again), std::move(then), attempts - 1);
            });
      });
}

void Workload::check_histories(const Tolerance& tolerance) {
  for (Lineage& lineage : lineages_) {
    Tolerance of_lineage = tolerance;
    of_lineage.lost = std::any_of(lineage.ids.begin(), lineage.ids.end(), [&](const auto& id) {
      return simulation_.was_lost(simulation_.segment_of(id));
    });
    if (of_lineage.lost && !lineage.history.empty()) {
      const SegmentId segment = simulation_.segment_of(lineage.ids.front());
      const auto lost = simulation_.lost_since(segment, lineage.history.front().called);
      if (lost) forget_since(*lost, lineage.history);
    }
    const Verdict verdict = check_linearizable(lineage.history, {.tolerance = of_lineage});
    if (verdict.kind == Verdict::Kind::kViolation) simulation_.violation(verdict.explanation);
    if (verdict.kind == Verdict::Kind::kUndecided) ++undecided_;
  }
}

std::set<std::string> Workload::ids() const {
  std::set<std::string> ids;
  for (const Lineage& lineage : lineages_) ids.insert(lineage.ids.begin(), lineage.ids.end());
  return ids;
}

std::string Workload::outcomes() const {
  std::string text;
  for (const auto& [status, count] : outcomes_) {
    text += absl::StrFormat("%s%s=%d", text.empty() ? "" : " ", status, count);
  }
  return text;
}

}  // namespace sojourn::simulation
