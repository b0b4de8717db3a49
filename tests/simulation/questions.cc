#include "simulation/questions.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <utility>

#include "simulation/trace.h"

namespace sojourn::simulation {

using replication::Inquiry;
using replication::Key;
using replication::Verb;

namespace {

// Under an id that it has given up it is not listed, and before it has a subject neither.
bool shows_session(const Call& call) {
  return call.status == absl::StatusCode::kOk && call.session && call.session->alias_of.empty() &&
         !call.session->subject.empty();
}

}  // namespace

std::vector<Sighting> sightings(const History& history) {
  std::map<std::string, Sighting> by_id;
  for (const Call& call : history) {
    if (!shows_session(call)) continue;
    const auto [at, is_new] = by_id.try_emplace(call.session->id);
    Sighting& sighting = at->second;
    if (is_new) {
      sighting = {.id = call.session->id,
                  .subject = call.session->subject,
                  .from = call.returned,
                  .until = Time::min()};
    }
    sighting.from = std::min(sighting.from, call.returned);
  }
  // What was asked about it under that id and answered shows that it was there when it was asked.
  for (const Call& call : history) {
    const bool shows = shows_session(call) && call.operation.verb != Verb::kCreate;
    const auto found = by_id.find(call.operation.id);
    if (shows && found != by_id.end()) {
      found->second.until = std::max(found->second.until, call.called);
    }
  }
  std::vector<Sighting> all;
  for (auto& [id, sighting] : by_id) {
    if (sighting.from <= sighting.until) all.push_back(std::move(sighting));
  }
  return all;
}

void check_listing(Simulation& simulation, const Asked& asked,
                   const std::vector<Sighting>& sightings,
                   const std::map<std::string, Time>& gone_at) {
  if (asked.status != absl::StatusCode::kOk || asked.question.inquiry != Inquiry::kList) return;
  if (asked.more || asked.question.key.kind != session::KeyView::Kind::kSubject) return;
  for (const Sighting& sighting : sightings) {
    if (sighting.subject != asked.question.key.text) continue;
    if (sighting.from >= asked.called || sighting.until <= asked.returned) continue;
    if (asked.listed.contains(sighting.id)) continue;
    simulation.violation(absl::StrFormat("a list of %s at %s lacks %s, which is there",
                                         sighting.subject, seconds(asked.called),
                                         sighting.id.substr(0, 8)));
  }
  for (const std::string& id : asked.listed) {
    const auto gone = gone_at.find(id);
    if (gone == gone_at.end() || gone->second >= asked.called) continue;
    simulation.violation(absl::StrFormat("a list at %s has %s, which was revoked at %s",
                                         seconds(asked.called), id.substr(0, 8),
                                         seconds(gone->second)));
  }
}

void check_limit(Simulation& simulation, const std::vector<Sighting>& sightings) {
  const std::uint32_t maximum = simulation.options().node.sessions_per_subject;
  if (maximum == 0) return;
  // Whoever is there when another one comes.
  for (const Sighting& last : sightings) {
    if (last.subject.empty()) continue;
    const auto there = std::count_if(sightings.begin(), sightings.end(), [&](const auto& other) {
      return other.subject == last.subject && other.from <= last.from && other.until > last.from;
    });
    const bool itself = last.until > last.from;
    const auto others = static_cast<std::uint32_t>(there - (itself ? 1 : 0));
    if (others + 1 <= maximum) continue;
    simulation.violation(absl::StrFormat("%s has %d sessions at %s, and may have %d", last.subject,
                                         others + 1, seconds(last.from), maximum));
  }
}

void check_indexes(Simulation& simulation) {
  for (std::size_t i = 0; i < simulation.members(); ++i) {
    if (!simulation.node(i)) continue;
    const table::Table& table = simulation.node(i)->plane().table();
    std::map<Key, std::set<std::string>> expected;
    table.for_each(0, ~std::uint64_t{0}, [&](const session::Record& record, Time) {
      for (std::size_t key = 0; key < record.key_count(); ++key) {
        const session::KeyView view = record.key(key);
        expected[{view.kind, std::string(view.text)}].emplace(record.id());
      }
    });
    bool right = table.index().keys() == expected.size();
    for (const auto& [key, ids] : expected) {
      std::set<std::string> indexed;
      table.index().for_each(key.view(),
                             [&](const session::Record& record) { indexed.emplace(record.id()); });
      right = right && indexed == ids;
    }
    if (!right) simulation.violation(simulation.name(i) + " has another index than sessions");
  }
}

}  // namespace sojourn::simulation
