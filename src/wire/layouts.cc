#include "wire/layouts.h"

#include <sojourn/v1/peer.pb.h>

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "session/limits.h"
#include "wire/bounds.h"

namespace sojourn::wire {
namespace {

using ring::Holders;
using ring::Layout;
using ring::Loss;

// --- Writing ------------------------------------------------------------------------------------

void write(const View& view, v1::View& out) {
  out.set_epoch(view.epoch);
  out.set_generation(view.generation);
  out.set_segments(view.segments);
  out.set_copies(view.copies);
  for (const Member& member : view.members) {
    v1::Member& out_member = *out.add_members();
    out_member.set_name(member.name);
    out_member.set_address(member.address);
    out_member.set_incarnation(member.incarnation);
    out_member.set_capacity(member.capacity);
    out_member.set_zone(member.zone);
    out_member.set_joined(member.joined);
    out_member.set_leaving(member.leaving);
  }
}

void write_base(const std::vector<Holders>& base, std::string& out) {
  ByteWriter writer(out);
  for (const Holders& holders : base) {
    writer.varint(holders.size());
    for (const MemberIndex holder : holders) writer.varint(holder.value);
  }
}

void write_losses(const std::map<SegmentId, Loss>& losses, std::string& out) {
  ByteWriter writer(out);
  for (const auto& [segment, loss] : losses) {
    writer.varint(segment.value);
    writer.varint(loss.epoch);
    writer.byte(loss.acknowledged ? 1 : 0);
  }
}

// --- Reading ------------------------------------------------------------------------------------

Wrong check(const v1::Member& member) {
  if (!is_name(member.name())) return "a member's name is malformed";
  if (!is_address(member.address())) return "a member's address is malformed";
  if (member.incarnation() == 0) return "a member's incarnation is zero";
  if (member.capacity() > kCapacityMax) return "a member's capacity is beyond 1000";
  if (!member.zone().empty() && !is_name(member.zone())) return "a member's zone is malformed";
  return nullptr;
}

Wrong check(const v1::View& view) {
  if (view.epoch() == 0) return "the view's epoch is zero";
  if (view.epoch() > session::kEpochMax) return "the view's epoch is beyond 2^32";
  if (Wrong wrong = check_shape(view.segments(), view.copies())) return wrong;
  if (view.members_size() == 0) return "the view has no members";
  if (static_cast<std::size_t>(view.members_size()) > kMembersMax) {
    return "the view has more than 1024 members";
  }
  for (const v1::Member& member : view.members()) {
    if (Wrong wrong = check(member)) return wrong;
  }
  const auto unordered = std::ranges::adjacent_find(
      view.members(),
      [](const v1::Member& a, const v1::Member& b) { return a.name() >= b.name(); });
  if (unordered != view.members().end()) return "the view's members are not ordered by name";
  return nullptr;
}

// The fields have been checked.
View read(const v1::View& view) {
  View made = {.epoch = view.epoch(),
               .generation = view.generation(),
               .segments = view.segments(),
               .copies = view.copies()};
  made.members.reserve(static_cast<std::size_t>(view.members_size()));
  for (const v1::Member& member : view.members()) {
    made.members.push_back({.name = member.name(),
                            .address = member.address(),
                            .incarnation = member.incarnation(),
                            .capacity = member.capacity(),
                            .zone = member.zone(),
                            .joined = member.joined(),
                            .leaving = member.leaving()});
  }
  return made;
}

Wrong read_holders(ByteReader& in, const View& view, Holders& holders) {
  const std::uint64_t count = in.varint();
  if (count > kCopiesMax) return "a segment has more than 5 holders";
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t index = in.varint();
    if (index >= view.members.size()) return "a segment's holder is no member of the view";
    if (view.members[index].capacity == 0) return "a segment's holder has no capacity";
    const MemberIndex holder = {static_cast<std::uint32_t>(index)};
    if (!holders.empty() && holders.back() >= holder) {
      return "a segment's holders are not in ascending order";
    }
    holders.push_back(holder);
  }
  return nullptr;
}

Wrong read_base(std::string_view bytes, const View& view, std::vector<Holders>& base) {
  const bool can_be_held =
      std::ranges::any_of(view.members, [](const Member& member) { return member.capacity > 0; });
  // No segment takes less than a byte, whatever number of them the view claims to have.
  base.reserve(std::min<std::size_t>(view.segments, bytes.size()));

  for (ByteReader in(bytes); !in.at_end();) {
    if (base.size() == view.segments) return "the base has more segments than the view";
    Holders& holders = base.emplace_back();
    const Wrong wrong = read_holders(in, view, holders);
    if (!in.ok()) return "the base is cut short or has a malformed number";
    if (wrong) return wrong;
    if (holders.empty() && can_be_held) return "a segment has no holder";
  }
  if (base.size() < view.segments) return "the base has fewer segments than the view";
  return nullptr;
}

Wrong read_losses(std::string_view bytes, const View& view, std::map<SegmentId, Loss>& losses) {
  for (ByteReader in(bytes); !in.at_end();) {
    const std::uint64_t number = in.varint();
    const std::uint64_t epoch = in.varint();
    const std::uint8_t acknowledged = in.byte();
    if (!in.ok()) return "a loss is cut short or has a malformed number";
    if (number >= view.segments) return "a lost segment's number is beyond the view's";
    if (acknowledged > 1) return "a boolean is neither 0 nor 1";
    const SegmentId segment = {static_cast<std::uint32_t>(number)};
    if (!losses.empty() && losses.rbegin()->first >= segment) {
      return "the lost segments are not in ascending order";
    }
    losses.emplace_hint(losses.end(), segment,
                        Loss{.epoch = epoch, .acknowledged = acknowledged == 1});
  }
  return nullptr;
}

}  // namespace

void write_layout(const Layout& layout, v1::Layout& out) {
  assert(layout.base.size() == layout.view.segments);
  write(layout.view, *out.mutable_view());
  write_base(layout.base, *out.mutable_base());
  write_losses(layout.losses, *out.mutable_losses());
}

Wrong read_layout(const v1::Layout& in, Layout& layout) {
  if (Wrong wrong = check(in.view())) return wrong;
  layout.view = read(in.view());
  if (Wrong wrong = read_base(in.base(), layout.view, layout.base)) return wrong;
  return read_losses(in.losses(), layout.view, layout.losses);
}

}  // namespace sojourn::wire
