// Plane as primary: who may take memory, and who makes room. See docs/protocol.md, 15.

#include <absl/strings/str_format.h>

#include <algorithm>

#include "replication/plane.h"
#include "session/companion.h"

namespace sojourn::replication {
namespace {

using session::Record;

// Logins that are looked at, from the oldest on, for some that this member may end; and how many
// end for one new login, at most.
constexpr std::size_t kLoginsLookedAt = 64;
constexpr std::size_t kLoginsEndedAtOnce = 16;

}  // namespace

std::size_t bytes_of(const Entries& entries) {
  std::size_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.record ? entry.record->bytes() : 0;
  return bytes;
}

// Those who are not known yet can make as many logins, values and counters as they like: that must
// not keep users from logging in. A token is revoked by who is known, and should not be refused for
// what others have made. Least of all must a session that lives already be kept from growing.
Plane::Claim Plane::claim_of(const Record& made, const Record* current) {
  const auto kind = made.is_companion() ? session::kind_of(made.id()) : session::Kind::kSession;
  switch (kind) {
    case session::Kind::kSingleUse:
    case session::Kind::kCounter:
      return Claim::kStranger;
    case session::Kind::kRevokedToken:
      return Claim::kNewcomer;
    case session::Kind::kSession:
      break;
  }
  if (made.phase() == Phase::kLogin) return Claim::kStranger;
  const bool lives = current && current->phase() == Phase::kActive;
  return lives ? Claim::kResident : Claim::kNewcomer;
}

std::size_t Plane::bytes_max(Claim claim) const {
  switch (claim) {
    case Claim::kStranger:
      return options_.memory_bytes - options_.memory_bytes / 8;
    case Claim::kNewcomer:
      return options_.memory_bytes - options_.memory_bytes / 16;
    case Claim::kResident:
      break;
  }
  return options_.memory_bytes;
}

MemoryLevel Plane::memory_level() const {
  const std::size_t used = table().usage().bytes;
  if (used >= bytes_max(Claim::kNewcomer)) return MemoryLevel::kNoNewcomers;
  return used >= bytes_max(Claim::kStranger) ? MemoryLevel::kNoStrangers : MemoryLevel::kRoom;
}

void Plane::set_memory_level(MemberIndex member, MemoryLevel level) {
  if (level == MemoryLevel::kRoom) {
    memory_levels_.erase(member);
  } else {
    memory_levels_[member] = level;
  }
}

std::vector<MemberIndex> Plane::refusing(SegmentId segment, Claim claim) const {
  std::vector<MemberIndex> refusing;
  if (claim == Claim::kResident || memory_levels_.empty()) return refusing;
  const MemoryLevel from =
      claim == Claim::kStranger ? MemoryLevel::kNoStrangers : MemoryLevel::kNoNewcomers;
  for (const MemberIndex writer : roles_->writers(segment)) {
    const auto level = memory_levels_.find(writer);
    if (level != memory_levels_.end() && level->second >= from) refusing.push_back(writer);
  }
  return refusing;
}

// Whether so many bytes more may be taken, here and on the backups.
absl::Status Plane::check_memory(SegmentId segment, Claim claim, std::size_t more) const {
  const std::size_t used = table().usage().bytes + bytes_under_way_;
  if (used + more > bytes_max(claim)) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("sessions take %d of %d bytes on the owner", used, options_.memory_bytes));
  }
  const std::vector<MemberIndex> full = refusing(segment, claim);
  if (full.empty()) return absl::OkStatus();
  return absl::ResourceExhaustedError("member " + roles_->view().members[full[0].value].name +
                                      " is at its memory bound");
}

// Whether there is memory for it, and which logins are to end for that: only logins can end others.
// What is ended is at least as large as what comes, so strangers never take more than is theirs,
// but for a moment.
absl::Status Plane::admit(const Operation& operation, const Evaluation& evaluation,
                          const Record* current, std::vector<std::string>& ended) {
  const session::RecordRef& made = evaluation.entries.front().record;
  if (!made) return absl::OkStatus();
  const std::size_t held = current ? current->bytes() : 0;
  const std::size_t wanted = bytes_of(evaluation.entries);
  if (wanted <= held) return absl::OkStatus();
  const SegmentId segment = segment_of(operation.id);
  const Claim claim = claim_of(*made, current);
  const std::size_t more = wanted - held;
  absl::Status status = check_memory(segment, claim, more);
  if (status.ok()) return status;
  const bool is_login = made->is_login();
  if (options_.end_oldest_logins && is_login &&
      check_memory(segment, Claim::kNewcomer, more).ok()) {
    ended = oldest_logins(more, operation.id, refusing(segment, claim));
  }
  if (!ended.empty()) return absl::OkStatus();
  ++refused_for_memory_;
  return status;
}

// The oldest of this member's logins in progress that take so many bytes together, here and on
// these backups. Empty if there are none, or too many would have to go. Not the one that wants the
// room, and none that is being written: it may be authenticated just now.
std::vector<std::string> Plane::oldest_logins(std::size_t bytes, const std::string& applicant,
                                              const std::vector<MemberIndex>& backups) {
  std::vector<std::string> ids;
  std::vector<std::string> of_others;
  std::size_t freed = 0;
  std::size_t looked_at = 0;
  table().for_each_login([&](const Record& record) {
    const SegmentId segment = segment_of(record.id());
    const bool helps =
        is_active(segment) && std::all_of(backups.begin(), backups.end(), [&](MemberIndex backup) {
          return roles_->is_writer(backup, segment);
        });
    std::string id(record.id());
    if (roles_->primary(segment) != self_) of_others.push_back(id);
    if (helps && id != applicant && !busy(id)) {
      freed += record.bytes();
      ids.push_back(std::move(id));
    }
    return freed < bytes && ids.size() < kLoginsEndedAtOnce && ++looked_at < kLoginsLookedAt;
  });
  // So that they do not stand in front of its own the next time.
  for (const std::string& id : of_others) replica_.table().leave_to_others(id);
  if (freed < bytes) ids.clear();
  return ids;
}

// Like the removal of a login whose time is up, but that it can be read until it is gone, as with
// any other revocation.
void Plane::end_for_room(Time now, std::string id) {
  const session::RecordRef ended = table().peek(id);
  replica_.table().set_aside(id);
  start_write(now, segment_of(id),
              Write{.session_id = id,
                    .entries = entries_of(id, session::RecordRef()),
                    .occurrence = occurrence_of(Cause::kRevokedForRoom, ended.get()),
                    .for_room = true});
}

}  // namespace sojourn::replication
