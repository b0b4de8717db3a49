#include "admin/answers.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "admin/metric_names.h"
#include "session/label_key.h"
#include "session/limits.h"
#include "session/record.h"
#include "sojourn/library_version.h"
#include "sojourn/session_id.h"

namespace sojourn::admin {
namespace {

using session::Record;

std::uint64_t milliseconds(Duration duration) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::max(duration, Duration::zero()))
          .count());
}

const std::string& name_of(const ring::Roles& roles, MemberIndex member) {
  return roles.view().members[member.value].name;
}

void count_segments(const ring::Roles& roles, v1::Snapshot& snapshot) {
  for (std::uint32_t i = 0; i < roles.view().segments; ++i) {
    const SegmentId segment{i};
    const auto primary = roles.primary(segment);
    bool moving = false;
    for (const MemberIndex writer : roles.writers(segment)) {
      v1::MemberStatus& member = *snapshot.mutable_members(static_cast<int>(writer.value));
      if (primary == writer) member.set_segments_primary(member.segments_primary() + 1);
      if (roles.is_learner(writer, segment)) {
        member.set_segments_learning(member.segments_learning() + 1);
        moving = true;
      } else {
        member.set_segments_held(member.segments_held() + 1);
      }
    }
    if (moving) snapshot.set_segments_moving(snapshot.segments_moving() + 1);
    if (roles.is_lost(segment)) snapshot.set_segments_lost(snapshot.segments_lost() + 1);
  }
  snapshot.set_segments_short(roles.segments_short());
}

template <typename Message>
void add_label(const std::string_view key, Message& message) {
  const Label label = session::label_of(key);
  v1::Label& added = *message.add_labels();
  added.set_name(label.name);
  added.set_value(label.value);
}

template <typename Message>
void add_attribute(std::string_view name, std::string_view value, Message& message) {
  v1::Attribute& attribute = *message.add_attributes();
  attribute.set_name(std::string(name));
  attribute.set_value(std::string(value));
}

}  // namespace

v1::Snapshot snapshot_of(const Health& health, const Metrics& metrics, const ring::Roles* roles) {
  v1::Snapshot snapshot;
  snapshot.set_version(std::string(kLibraryVersion));
  v1::Health& told = *snapshot.mutable_health();
  told.set_live(health.live);
  told.set_ready(health.ready);
  told.set_reason(health.reason);
  told.set_safe(health.safe);
  told.set_safe_reason(health.safe_reason);
  told.set_leaving(health.leaving);
  told.set_left(health.left);
  for (const MetricName& metric : kMetricNames) {
    (*snapshot.mutable_metrics())[std::string(metric.name)] = metrics.*metric.value;
  }
  tell_by_word(metrics, [&snapshot](const std::string& name, std::uint64_t value) {
    (*snapshot.mutable_metrics())[name] = value;
  });
  if (!roles) return snapshot;
  const View& view = roles->view();
  snapshot.set_epoch(view.epoch);
  snapshot.set_generation(view.generation);
  snapshot.set_segments(view.segments);
  snapshot.set_copies(view.copies);
  for (const Member& member : view.members) {
    v1::MemberStatus& added = *snapshot.add_members();
    added.set_name(member.name);
    added.set_address(member.address);
    added.set_incarnation(member.incarnation);
    added.set_capacity(member.capacity);
    added.set_zone(member.zone);
    added.set_joined(member.joined);
    added.set_leaving(member.leaving);
  }
  count_segments(*roles, snapshot);
  return snapshot;
}

v1::OwnerReply owner_of(const ring::Roles& roles, std::string_view id) {
  v1::OwnerReply reply;
  const SegmentId segment = roles.segment_of(id);
  reply.set_epoch(roles.view().epoch);
  reply.set_segment(segment.value);
  reply.set_segments(roles.view().segments);
  if (const auto primary = roles.primary(segment)) reply.set_owner(name_of(roles, *primary));
  for (const MemberIndex member : roles.ideal(segment)) reply.add_ideal(name_of(roles, member));
  for (const MemberIndex member : roles.base(segment)) reply.add_base(name_of(roles, member));
  for (const MemberIndex member : roles.writers(segment)) {
    reply.add_writers(name_of(roles, member));
    if (roles.view().members[member.value].leaving) reply.add_leaving(name_of(roles, member));
  }
  reply.set_lost(roles.is_lost(segment));
  return reply;
}

v1::SessionSummary summary_of(const replication::Copy& copy, Time now, bool with_id) {
  v1::SessionSummary summary;
  const Record& record = *copy.record;
  if (const auto id = SessionId::parse(record.id()); id.ok()) summary.set_handle(id->redacted());
  if (with_id) summary.set_id(std::string(record.id().text()));
  summary.set_subject(std::string(record.subject()));
  summary.set_login(record.is_login());
  summary.set_remembered(record.is_remembered());
  for (const std::string_view key : record.labels()) add_label(key, summary);
  summary.set_age_ms(milliseconds(now - record.created_at()));
  summary.set_unseen_ms(milliseconds(now - copy.last_seen));
  summary.set_left_ms(milliseconds(record.expires_at(copy.last_seen) - now));
  summary.set_attributes(record.attribute_count());
  return summary;
}

v1::Digest digest_of(const node::Holding& holding) {
  v1::Digest digest;
  digest.set_segment(holding.segment.value);
  digest.set_primary(holding.primary);
  digest.set_holds(holding.holds);
  digest.set_digest(holding.digest);
  digest.set_records(holding.records);
  for (const node::Holding::Entry& entry : holding.entries) {
    v1::Digest::Entry& added = *digest.add_entries();
    added.set_id_hash(entry.id_hash);
    added.set_epoch(entry.version.epoch);
    added.set_sequence(entry.version.sequence);
  }
  return digest;
}

v1::ExportedSession exported_session(const replication::Copy& copy, Time now) {
  v1::ExportedSession exported;
  const Record& record = *copy.record;
  exported.set_id(std::string(record.id().text()));
  exported.set_subject(std::string(record.subject()));
  exported.set_remembered(record.is_remembered());
  record.for_each_attribute(
      [&](std::string_view name, std::string_view value) { add_attribute(name, value, exported); });
  for (const session::TabView& tab : session::tabs_of(record)) {
    v1::Tab& added = *exported.add_tabs();
    added.set_name(std::string(tab.name));
    for (const auto& [name, value] : tab.attributes) add_attribute(name, value, added);
  }
  for (const std::string_view key : record.labels()) add_label(key, exported);
  exported.set_idle_ms(milliseconds(record.lifetime().idle));
  exported.set_unseen_ms(milliseconds(now - copy.last_seen));
  const Duration longest = std::min<Duration>(record.lifetime().absolute,
                                              record.shortened_to().value_or(Duration::max()));
  exported.set_left_ms(milliseconds(record.created_at() + longest - now));
  return exported;
}

absl::StatusOr<NewSession> new_session(const v1::ExportedSession& exported) {
  // Seconds are what lifetimes are made of: rounded so that no life is prolonged.
  const auto seconds = [](std::uint64_t ms) {
    constexpr std::uint64_t kMost = std::uint64_t{400} * 24 * 3600 * 1000;
    return std::chrono::seconds(static_cast<std::int64_t>(std::min(ms, kMost) / 1000));
  };
  const std::uint64_t unused =
      exported.idle_ms() - std::min(exported.idle_ms(), exported.unseen_ms());
  if (unused < 1000 || exported.left_ms() < 1000) {
    return absl::InvalidArgumentError("its time is up");
  }
  NewSession session = exported.subject().empty() ? NewSession() : NewSession(exported.subject());
  session.lasting({.idle = seconds(exported.idle_ms()), .absolute = seconds(exported.left_ms())});
  if (exported.remembered()) session.remembered();
  for (const v1::Attribute& attribute : exported.attributes()) {
    session.with(attribute.name(), attribute.value());
  }
  for (const v1::Label& label : exported.labels()) session.labelled(label.name(), label.value());
  for (const v1::Tab& tab : exported.tabs()) {
    session.in_tab(tab.name());
    for (const v1::Attribute& attribute : tab.attributes()) {
      session.with(attribute.name(), attribute.value());
    }
  }
  if (absl::Status status = session::check_new_session(session); !status.ok()) return status;
  return session;
}

}  // namespace sojourn::admin
