#include "simulation/workload.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "session/id_draw.h"
#include "session/label_key.h"
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
// Who logs in.
constexpr std::array<const char*, 3> kSubjects = {"ana", "bob", "eve"};

std::vector<Attribute> to_vector(const std::map<std::string, std::string>& attributes) {
  std::vector<Attribute> vector;
  for (const auto& [name, value] : attributes) vector.push_back({name, value});
  return vector;
}

// The label that some sessions have.
replication::Key mail() {
  return {session::KeyView::Kind::kLabel, session::label_key({"app", "mail"})};
}

std::vector<std::string> labels_of(const session::Record& record) {
  const std::vector<std::string_view> labels = record.labels();
  return {labels.begin(), labels.end()};
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
  if (random_.one_in(16)) {
    return ask_question(member_for(client), draw_question(),
                        [this, client](const Asked&) { next_step(client); });
  }
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
          views_at_[call.returned] = simulation_.views();
          call.status = result->status.code();
          if (result->record && call.operation.verb != Verb::kTouch) {
            call.session = seen(*result->record);
            if (labels_of(*result->record) != lineage.labels) {
              simulation_.violation("a session has other labels than it was given: " +
                                    describe(call));
            }
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
  lineages_.push_back({.calls_left = options_.calls_per_session_max,
                       .subject = kSubjects[random_.below(kSubjects.size())]});
  if (random_.one_in(4)) lineages_.back().labels = {mail().text};
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
    create.subject = lineage.subject;
  }
  create.labels = lineage.labels;
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
    operation.subject = lineage.subject;
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

// Questions about all sessions of a subject or label.

replication::Question Workload::draw_question() {
  using replication::Inquiry;
  const bool label = random_.one_in(4);
  replication::Question question = {.inquiry = Inquiry::kList, .limit = replication::kPageMax};
  if (label) {
    question.key = mail();
  } else {
    question.key = {session::KeyView::Kind::kSubject, kSubjects[random_.below(kSubjects.size())]};
  }
  if (random_.one_in(4)) question.inquiry = Inquiry::kCount;
  if (random_.one_in(3)) question.inquiry = Inquiry::kEnd;
  return question;
}

void Workload::ask_question(std::size_t member, replication::Question question,
                            std::function<void(const Asked&)> then) {
  const std::size_t index = asked_.size();
  asked_.push_back(
      {.question = question, .called = simulation_.now(), .views_before = simulation_.views()});
  ++calls_;
  ++calls_pending_;
  simulation_.ask(
      member, std::move(question), kWriteTimeout,
      [this, index, then = std::move(then)](std::optional<replication::Findings> findings) {
        Asked& asked = asked_[index];
        --calls_pending_;
        if (findings) {
          asked.returned = simulation_.now();
          asked.status = findings->status.code();
          asked.views_after = simulation_.views();
          asked.count = findings->count;
          asked.more = findings->more;
          for (const auto& session : findings->sessions) {
            asked.listed.emplace(session.record->id());
          }
        }
        then(asked);
      });
}

// What the primaries hold, found without their indexes; with those that are over and not removed
// yet, or without those that may be.
std::set<std::string> Workload::sessions_with(const replication::Key& key, bool over) const {
  std::set<std::string> ids;
  for (std::size_t i = 0; i < simulation_.members(); ++i) {
    if (!simulation_.node(i)) continue;
    const replication::Plane& plane = simulation_.node(i)->plane();
    const Time now = simulation_.local_time(i);
    plane.table().for_each(0, ~std::uint64_t{0},
                           [&](const session::Record& record, Time last_seen) {
                             const bool counts = over || now < record.expires_at(last_seen);
                             const bool own = plane.is_primary(simulation_.segment_of(record.id()));
                             if (counts && own && record.has_key(key.view()))
                               ids.emplace(record.id());
                           });
  }
  return ids;
}

void Workload::list_everything() {
  std::deque<std::pair<std::size_t, replication::Key>> questions;
  for (std::size_t member = 0; member < simulation_.members(); ++member) {
    if (!simulation_.node(member)) continue;
    for (const char* subject : kSubjects) {
      questions.push_back({member, {session::KeyView::Kind::kSubject, subject}});
    }
    questions.push_back({member, mail()});
  }
  list_in_turn(std::move(questions));
}

void Workload::list_in_turn(std::deque<std::pair<std::size_t, replication::Key>> questions) {
  if (questions.empty()) return;
  const auto [member, key] = questions.front();
  questions.pop_front();
  ++calls_pending_;  // until the next is asked
  ask_question(
      member, {.inquiry = replication::Inquiry::kList, .key = key, .limit = replication::kPageMax},
      [this, before = sessions_with(key, true),
       questions = std::move(questions)](const Asked& asked) mutable {
        check_list(asked, before);
        simulation_.events().after(Duration(1), [this, questions = std::move(questions)]() mutable {
          --calls_pending_;
          list_in_turn(std::move(questions));
        });
      });
}

// Sessions may end meanwhile, but none may come.
void Workload::check_list(const Asked& asked, const std::set<std::string>& before) const {
  const std::set<std::string> after = sessions_with(asked.question.key, false);
  const std::set<std::string>& listed = asked.listed;
  const bool right = std::includes(before.begin(), before.end(), listed.begin(), listed.end()) &&
                     std::includes(listed.begin(), listed.end(), after.begin(), after.end());
  if (asked.status == absl::StatusCode::kOk && right) return;
  simulation_.violation(
      absl::StrFormat("a healthy cluster lists %d sessions of %s, and has %d and then %d: %s",
                      listed.size(), asked.question.key.text, before.size(), after.size(),
                      absl::StatusCodeToString(asked.status)));
}

// What the questions that end all sessions did to this one.
void Workload::add_endings(Lineage& lineage) {
  const Call* first_login = nullptr;
  const History history = lineage.history;
  for (const Call& call : history) {
    const Verb verb = call.operation.verb;
    const bool login = (verb == Verb::kCreate || verb == Verb::kAuthenticate) &&
                       !call.operation.subject.empty() && call.status == absl::StatusCode::kOk;
    if (login && (!first_login || call.called < first_login->called)) first_login = &call;
  }
  History endings;
  for (const Asked& asked : asked_) {
    if (asked.question.inquiry != replication::Inquiry::kEnd) continue;
    const bool label = asked.question.key.kind == session::KeyView::Kind::kLabel;
    if (label ? lineage.labels.empty() : lineage.subject != asked.question.key.text) continue;
    // A login that it refused did not happen.
    for (Call& call : lineage.history) {
      const Verb verb = call.operation.verb;
      const bool login = verb == Verb::kCreate || verb == Verb::kAuthenticate;
      // Whoever gave up does not know how long it goes on.
      const bool meanwhile = asked.status != absl::StatusCode::kOk || call.called <= asked.returned;
      if (login && meanwhile && call.returned >= asked.called &&
          call.status == absl::StatusCode::kAborted) {
        call.status = absl::StatusCode::kUnavailable;
      }
    }
    Call ending = {.client = "who ends all",
                   .called = asked.called,
                   .returned = asked.returned,
                   .operation = {.verb = Verb::kRevoke},
                   .status = asked.status};
    if (label) {
      ending.operation.labels = {asked.question.key.text};
    } else {
      ending.operation.subject = asked.question.key.text;
    }
    // The login's member was halted if it was a member: it was if the login was answered by then,
    // or later under the same view.
    ending.operation.overtaken = !label && first_login && first_login->called < asked.called &&
                                 asked.status == absl::StatusCode::kOk &&
                                 (first_login->returned <= asked.returned ||
                                  views_at_.at(first_login->returned) == asked.views_before);
    endings.push_back(std::move(ending));
  }
  lineage.history.insert(lineage.history.end(), endings.begin(), endings.end());
}

void Workload::check_questions() {
  std::vector<Sighting> all;
  std::map<std::string, Time> gone_at;
  for (const Lineage& lineage : lineages_) {
    std::vector<Sighting> of_lineage = sightings(lineage.history);
    all.insert(all.end(), of_lineage.begin(), of_lineage.end());
    // A revocation may come before the session of a chosen id is made.
    std::map<std::string, Time> there_at;
    for (const Call& call : lineage.history) {
      if (!call.session) continue;
      Time& there = there_at.try_emplace(call.session->id, call.returned).first->second;
      there = std::min(there, call.returned);
    }
    for (const Call& call : lineage.history) {
      if (call.operation.verb != Verb::kRevoke || call.status != absl::StatusCode::kOk) continue;
      const auto there = there_at.find(call.operation.id);
      if (there == there_at.end() || there->second > call.called) continue;
      Time& gone = gone_at.try_emplace(call.operation.id, call.returned).first->second;
      gone = std::min(gone, call.returned);
    }
  }
  for (const Asked& asked : asked_) check_listing(simulation_, asked, all, gone_at);
  check_limit(simulation_, all);
}

void Workload::check_histories(const Tolerance& tolerance) {
  check_questions();
  for (Lineage& lineage : lineages_) {
    add_endings(lineage);
    Tolerance of_lineage = tolerance;
    of_lineage.displaced = simulation_.options().node.sessions_per_subject > 0 &&
                           simulation_.options().node.when_full == node::WhenFull::kEndOldest;
    of_lineage.logins_displaced = simulation_.options().node.plane.end_oldest_logins;
    of_lineage.lost = std::any_of(lineage.ids.begin(), lineage.ids.end(), [&](const auto& id) {
      return simulation_.was_lost(simulation_.segment_of(id));
    });
    if (of_lineage.lost && !lineage.history.empty()) {
      const SegmentId segment = simulation_.segment_of(lineage.ids.front());
      const auto lost = simulation_.lost_since(segment, lineage.history.front().called);
      if (lost) forget_since(*lost, lineage.history);
      for (Call& call : lineage.history) {
        if (call.ends_all()) call.operation.overtaken = false;
      }
    }
    const Verdict verdict = check_linearizable(lineage.history, {.tolerance = of_lineage});
    if (verdict.kind == Verdict::Kind::kViolation) simulation_.violation(verdict.explanation);
    if (verdict.kind == Verdict::Kind::kUndecided) ++undecided_;
  }
}

std::vector<History> Workload::histories() const {
  std::vector<History> histories;
  for (const Lineage& lineage : lineages_) histories.push_back(lineage.history);
  return histories;
}

std::set<replication::Key> Workload::ended() const {
  std::set<replication::Key> keys;
  for (const Asked& asked : asked_) {
    if (asked.question.inquiry == replication::Inquiry::kEnd) keys.insert(asked.question.key);
  }
  return keys;
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
