#include "membership/plan.h"

#include <algorithm>
#include <utility>

#include "membership/quorum.h"

namespace sojourn::membership {
namespace {

Incarnation incarnation(const Member& member) { return {member.incarnation}; }

// Of how many members a segment can have copies on members that stay.
std::size_t copies_possible(const View& view) {
  const auto staying =
      std::count_if(view.members.begin(), view.members.end(),
                    [](const Member& member) { return member.capacity > 0 && !member.leaving; });
  return std::min<std::size_t>(view.copies, static_cast<std::size_t>(staying));
}

// Who holds each segment in full by now, if all that learn report that they are complete.
std::vector<ring::Holders> base_now(const ring::Roles& roles, const Facts& facts, Rules rules) {
  bool all_complete = true;
  bool repairs_complete = true;
  for (const Member& member : roles.view().members) {
    if (facts.dropped.contains(incarnation(member))) continue;
    const auto progress = facts.progress.find(incarnation(member));
    const bool known = progress != facts.progress.end();
    all_complete = all_complete && known && progress->second.segments_left == 0;
    repairs_complete = repairs_complete && known && progress->second.repairs_left == 0;
  }
  if (!rules.keep(Rule::kCompleteLearners)) all_complete = true;

  std::vector<ring::Holders> base = roles.layout().base;
  for (std::uint32_t i = 0; i < base.size(); ++i) {
    const SegmentId segment{i};
    if (!all_complete && !(repairs_complete && roles.needs_repair(segment))) continue;
    const auto ideal = roles.ideal(segment);
    // While one of them goes, the holders of now are worth more.
    const bool one_goes = std::any_of(ideal.begin(), ideal.end(), [&](MemberIndex owner) {
      return facts.dropped.contains(incarnation(roles.view().members[owner.value]));
    });
    if (one_goes) continue;
    base[i].assign(ideal.begin(), ideal.end());
    std::sort(base[i].begin(), base[i].end());
  }
  return base;
}

// Outside the view it would not learn what became of them.
bool has_ended_calls(const Member& member, const Facts& facts) {
  const auto progress = facts.progress.find(incarnation(member));
  return progress != facts.progress.end() && progress->second.calls_left == 0;
}

}  // namespace

bool may_go(const ring::Roles& roles, MemberIndex member) {
  const View& view = roles.view();
  const std::size_t possible = copies_possible(view);
  for (std::uint32_t i = 0; i < view.segments; ++i) {
    const SegmentId segment{i};
    if (!roles.is_holder(member, segment)) continue;
    const ring::Holders& base = roles.base(segment);
    const auto staying = std::count_if(base.begin(), base.end(), [&](MemberIndex holder) {
      return !view.members[holder.value].leaving;
    });
    if (staying == 0 || static_cast<std::size_t>(staying) < possible) return false;
  }
  return true;
}

ring::Layout with_members(const ring::Layout& layout, std::vector<ring::Holders> base,
                          std::vector<Member> members) {
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.name < b.name; });
  ring::Layout next = {.view = layout.view, .losses = layout.losses};
  next.view.members = std::move(members);
  ++next.view.epoch;

  // Where each member stands in the new list.
  std::vector<std::optional<MemberIndex>> moved;
  for (const Member& member : layout.view.members) {
    const auto& list = next.view.members;
    const auto found = std::find_if(list.begin(), list.end(), [&](const Member& other) {
      return other.incarnation == member.incarnation;
    });
    moved.push_back(found == list.end() ? std::nullopt
                                        : std::optional(MemberIndex{static_cast<std::uint32_t>(
                                              found - next.view.members.begin())}));
  }

  next.base.resize(base.size());
  std::vector<ring::Holders> fresh;
  for (std::uint32_t i = 0; i < base.size(); ++i) {
    for (const MemberIndex holder : base[i]) {
      if (moved[holder.value]) next.base[i].push_back(*moved[holder.value]);
    }
    std::sort(next.base[i].begin(), next.base[i].end());
    if (!next.base[i].empty()) continue;
    if (fresh.empty()) fresh = ring::first_base(next.view);
    next.base[i] = fresh[i];
    if (!base[i].empty()) next.losses[SegmentId{i}] = {.epoch = next.view.epoch};
  }
  return next;
}

void admit(std::vector<Member>& members, std::vector<Member> newcomers, std::uint64_t epoch) {
  const std::size_t before = members.size();
  for (Member& newcomer : newcomers) {
    newcomer.joined = epoch;
    members.push_back(std::move(newcomer));
    const View next = {.members = members};
    const auto is_old = [&](const Member& member) { return member.joined != epoch; };
    if (is_quorum(next, is_old) || members.size() == before + 1) continue;
    members.pop_back();
    return;
  }
}

std::optional<ring::Layout> next_layout(const ring::Roles& roles, const Facts& facts, Rules rules) {
  const ring::Layout& layout = roles.layout();
  std::vector<Member> members;
  const bool nobody_down = !facts.others_down && facts.dropped.empty();
  for (std::uint32_t i = 0; i < layout.view.members.size(); ++i) {
    Member member = layout.view.members[i];
    if (facts.dropped.contains(incarnation(member))) continue;
    if (member.leaving && nobody_down && may_go(roles, {i}) && has_ended_calls(member, facts)) {
      continue;
    }
    member.leaving = member.leaving || facts.leaving.contains(incarnation(member));
    members.push_back(std::move(member));
  }
  admit(members, facts.joining, layout.view.epoch + 1);
  if (members.empty()) return std::nullopt;

  ring::Layout next = with_members(layout, base_now(roles, facts, rules), std::move(members));
  if (facts.losses_acknowledged) {
    for (auto& [segment, loss] : next.losses) {
      if (loss.epoch < next.view.epoch) loss.acknowledged = true;
    }
  }
  if (next.view.members == layout.view.members && next.base == layout.base &&
      next.losses == layout.losses) {
    return std::nullopt;
  }
  return next;
}

}  // namespace sojourn::membership
