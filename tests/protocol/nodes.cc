#include "protocol/nodes.h"

#include <algorithm>

#include "wire/frame.h"

namespace sojourn::protocol {

Nodes::Nodes(NodesOptions options) : options_(std::move(options)) {
  for (const std::string& name : options_.names) {
    if (!options_.later.contains(name)) start(name);
  }
  REQUIRE(become_whole());
}

void Nodes::start(const std::string& name) {
  node::NodeOptions options;
  options.membership = {
      .cluster = "test",
      .self = name,
      .address = name + ":1",
      .capacity = options_.witnesses.contains(name) ? 0u : 1u,
      .bootstrap_expect = static_cast<std::uint32_t>(options_.names.size() - options_.later.size()),
      .segments = kSegments,
      .copies = options_.copies};
  for (const std::string& member : options_.names) {
    options.membership.known.push_back({.name = member, .address = member + ":1"});
  }
  const auto memory = options_.memory_of.find(name);
  options.plane = {
      .segments = kSegments,
      .memory_bytes = memory == options_.memory_of.end() ? options_.memory_bytes : memory->second,
      .end_oldest_logins = options_.end_oldest_logins};
  options.sessions_per_subject = options_.sessions_per_subject;
  if (options_.ends_oldest) options.when_full = node::WhenFull::kEndOldest;
  // A new process counts its calls anew.
  std::erase_if(answered_, [&](const auto& entry) { return entry.first.first == name; });
  std::erase_if(finished_, [&](const auto& entry) { return entry.first.first == name; });
  nodes_[name] =
      std::make_unique<node::Node>(std::move(options), Incarnation{++incarnations_}, random_);
  nodes_[name]->start(now_);
  collect(name);
}

void Nodes::crash(const std::string& name, bool noticed) {
  const Incarnation incarnation = nodes_.at(name)->incarnation();
  nodes_.erase(name);
  if (!noticed) return;
  for (const auto& [other, node] : nodes_) {
    if (asleep.contains(other)) continue;
    node->gone(now_, name, incarnation);
    collect(other);
  }
}

bool Nodes::arrives(const Sent& sent) const {
  if (!nodes_.contains(sent.to()) || asleep.contains(sent.to())) return false;
  if (cuts_.contains({sent.from, sent.to()}) || cuts_.contains({sent.to(), sent.from})) {
    return false;
  }
  return !lost || !lost(sent);
}

void Nodes::deliver(const Sent& sent) {
  const node::Envelope& envelope = sent.outgoing.envelope;
  const auto frame = wire::decode_frame(wire::encode_frame({.number = 1,
                                                            .cluster = envelope.cluster,
                                                            .from = envelope.from,
                                                            .envelopes = {envelope}},
                                                           now_),
                                        now_);
  REQUIRE(frame.ok());
  nodes_.at(sent.to())->receive(now_, sent.from, frame->envelopes.front());
  collect(sent.to());
}

void Nodes::run() {
  int steps = 0;
  do {
    while (!under_way.empty()) {
      const Sent sent = std::move(under_way.front());
      under_way.pop_front();
      if (arrives(sent)) deliver(sent);
      REQUIRE(++steps < 100'000);
    }
  } while (tick_due());
}

// Whether anybody had something to do.
bool Nodes::tick_due() {
  bool ticked = false;
  std::vector<std::string> names;
  for (const auto& [name, node] : nodes_) names.push_back(name);
  for (const std::string& name : names) {
    if (asleep.contains(name)) continue;
    const auto deadline = nodes_[name]->next_deadline();
    if (!deadline || *deadline > now_) continue;
    nodes_[name]->tick(now_);
    collect(name);
    ticked = true;
  }
  return ticked;
}

void Nodes::pass(Duration duration) {
  pass_until([] { return false; }, duration);
}

bool Nodes::pass_until(const std::function<bool()>& is_so, Duration limit) {
  const Time end = now_ + limit;
  for (;;) {
    run();
    if (is_so()) return true;
    Time next = end;
    for (const auto& [name, node] : nodes_) {
      const auto deadline = node->next_deadline();
      if (!asleep.contains(name) && deadline) next = std::min(next, *deadline);
    }
    if (now_ >= end) return false;
    now_ = std::max(now_, next);
  }
}

bool Nodes::become_whole(Duration limit) {
  return pass_until(
      [&] {
        return std::all_of(nodes_.begin(), nodes_.end(), [&](const auto& entry) {
          return entry.second->safe(now_) && entry.second->view()->members.size() == nodes_.size();
        });
      },
      limit);
}

std::uint64_t Nodes::call(const std::string& at, Operation operation, Duration timeout) {
  const std::uint64_t number = nodes_.at(at)->call(now_, std::move(operation), timeout);
  collect(at);
  return number;
}

Result Nodes::ask(const std::string& at, Operation operation, Duration timeout) {
  const std::uint64_t number = call(at, std::move(operation), timeout);
  pass_until([&] { return ended(at, number); }, 2 * timeout);
  return outcome(at, number);
}

const Result& Nodes::outcome(const std::string& at, std::uint64_t number) const {
  REQUIRE(ended(at, number));
  return finished_.at({at, number});
}

std::uint64_t Nodes::question(const std::string& at, replication::Question question,
                              Duration timeout) {
  const std::uint64_t number = nodes_.at(at)->ask(now_, std::move(question), timeout);
  collect(at);
  return number;
}

replication::Findings Nodes::ask(const std::string& at, replication::Question question,
                                 Duration timeout) {
  const std::uint64_t number = this->question(at, std::move(question), timeout);
  pass_until([&] { return answered(at, number); }, 2 * timeout);
  return findings(at, number);
}

const replication::Findings& Nodes::findings(const std::string& at, std::uint64_t number) const {
  REQUIRE(answered(at, number));
  return answered_.at({at, number});
}

std::string Nodes::session_at(const std::string& primary, Lifetime lifetime) {
  const Result made = ask(primary, {.verb = Verb::kCreate,
                                    .phase = Phase::kActive,
                                    .subject = "ana",
                                    .lifetime = lifetime,
                                    .attributes = {{"color", "red"}}});
  REQUIRE(made.status.ok());
  return std::string(made.record->id());
}

std::optional<Result> Nodes::read(const std::string& at, const std::string& id, Duration lag) {
  return nodes_.at(at)->read_local(table::Key(id), false,
                                   [&](Time) { return Moment(now_, now_ + lag); });
}

std::vector<std::string> Nodes::writers(const std::string& at, const std::string& id) {
  const ring::Roles& roles = *nodes_.at(at)->roles();
  std::vector<std::string> names;
  for (const MemberIndex writer : roles.writers(roles.segment_of(id))) {
    names.push_back(roles.view().members[writer.value].name);
  }
  return names;
}

void Nodes::collect(const std::string& name) {
  node::Effects effects = nodes_.at(name)->take_effects(now_);
  for (node::Outgoing& outgoing : effects.outgoing) {
    under_way.push_back({name, std::move(outgoing)});
  }
  for (node::Event& event : effects.events) {
    if (const auto* offered = std::get_if<replication::Plane::Offered>(&event)) {
      events[name].push_back(*offered);
    } else {
      view_changes[name].push_back(std::get<node::ViewChange>(event));
    }
  }
  for (Notice& notice : effects.notices) notices.push_back(name + ": " + notice.message);
  for (node::Inquiries::Answered& answered : effects.answered) {
    const bool first =
        answered_.emplace(std::pair{name, answered.number}, std::move(answered.findings)).second;
    REQUIRE(first);
  }
  for (node::Finished& finished : effects.finished) {
    const bool first =
        finished_.emplace(std::pair{name, finished.number}, std::move(finished.result)).second;
    REQUIRE(first);
  }
}

}  // namespace sojourn::protocol
