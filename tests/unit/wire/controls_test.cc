#include "wire/controls.h"

#include <absl/strings/str_format.h>

#include <cstdint>
#include <string>
#include <vector>

#include "session/limits.h"
#include "support/catch.h"
#include "unit/wire/malformed.h"
#include "unit/wire/messages.h"
#include "wire/bounds.h"
#include "wire/frame.h"

namespace sojourn::wire {
namespace {

// A frame with one control message, changed by the argument.

std::string frame_with(const v1::Control& control) {
  v1::Frame frame = valid_frame();
  frame.set_messages(1);
  *frame.add_controls() = control;
  return frame.SerializeAsString();
}

template <typename Change>
std::string hello_with(Change change) {
  v1::Control control;
  v1::Hello& hello = *control.mutable_hello();
  hello.set_cluster("sojourn");
  hello.set_name("auth-0");
  hello.set_address("127.0.0.1:7000");
  hello.set_segments(4096);
  hello.set_copies(2);
  hello.set_wire_version_min(1);
  hello.set_wire_version_max(2);
  change(hello);
  return frame_with(control);
}

template <typename Change>
std::string control_with(Change change) {
  v1::Control control;
  change(control);
  return frame_with(control);
}

v1::Layout valid_layout() {
  v1::Layout layout;
  v1::View& view = *layout.mutable_view();
  view.set_epoch(1);
  view.set_segments(4);
  view.set_copies(2);
  for (const char* name : {"auth-0", "auth-1", "witness"}) {
    v1::Member& member = *view.add_members();
    member.set_name(name);
    member.set_address("127.0.0.1:7000");
    member.set_incarnation(1);
    member.set_capacity(1);
  }
  view.mutable_members(2)->set_capacity(0);
  layout.set_base(from_hex("020001 0101 0100 020001"));
  layout.set_losses(from_hex("010200 030301"));
  return layout;
}

template <typename Change>
std::string layout_with(Change change) {
  v1::Control control;
  v1::Layout& layout = *control.mutable_decide()->mutable_layout();
  layout = valid_layout();
  change(layout);
  return frame_with(control);
}

std::string base_with(const std::string& hex) {
  return layout_with([&hex](v1::Layout& layout) { layout.set_base(from_hex(hex)); });
}

std::string losses_with(const std::string& hex) {
  return layout_with([&hex](v1::Layout& layout) { layout.set_losses(from_hex(hex)); });
}

template <typename Change>
std::string view_with(Change change) {
  return layout_with([&change](v1::Layout& layout) { change(*layout.mutable_view()); });
}

template <typename Change>
std::string member_with(Change change) {
  return view_with([&change](v1::View& view) { change(*view.mutable_members(1)); });
}

template <typename Message>
void add_unknown_field(Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(99, 1);
}

void set_ballot(v1::Ballot& ballot) { ballot.set_proposer(1); }

TEST_CASE("a malformed Hello is refused with what is wrong", "[wire]") {
  const std::string name = "Hello: the sender's name is malformed";
  const std::string address = "Hello: the sender's address is malformed";
  const std::string versions = "Hello: the range of wire versions is empty";
  const std::string lacks = "Hello: the sender lacks more than 65536 segments";
  const std::vector<Refused> rows = {
      {"Hello: the cluster's name is malformed", hello_with([](auto& h) { h.clear_cluster(); })},
      {name, hello_with([](auto& h) { h.set_name(""); })},
      {name, hello_with([](auto& h) { h.set_name("A"); })},
      {name, hello_with([](auto& h) { h.set_name("-a"); })},
      {name, hello_with([](auto& h) { h.set_name("a-"); })},
      {name, hello_with([](auto& h) { h.set_name("\xff\xfe"); })},
      {name, hello_with([](auto& h) { h.set_name(std::string(33, 'a')); })},
      {address, hello_with([](auto& h) { h.clear_address(); })},
      {address, hello_with([](auto& h) { h.set_address(std::string(263, 'a')); })},
      {"Hello: the sender's capacity is beyond 1000",
       hello_with([](auto& h) { h.set_capacity(1001); })},
      {"Hello: the sender's zone is malformed", hello_with([](auto& h) { h.set_zone("Z"); })},
      {"Hello: the lease is longer than 24 hours",
       hello_with([](auto& h) { h.set_lease_us(24ULL * 3600 * 1000000 + 1); })},
      {versions, hello_with([](auto& h) { h.set_wire_version_min(3); })},
      {versions, hello_with([](auto& h) { h.set_wire_version_min(0); })},
      {"Hello: the sender's memory level is beyond 2",
       hello_with([](auto& h) { h.set_memory_level(3); })},
      {"Hello: it expects more than 1024 members",
       hello_with([](auto& h) { h.set_bootstrap_expect(1025); })},
      {"Hello: the sender has run longer than 100 years",
       hello_with([](auto& h) { h.set_uptime_us(~std::uint64_t{0}); })},
      {"Hello: the sender hears more than 1024 members", hello_with([](auto& h) {
         while (h.hears_size() <= 1024) h.add_hears(1);
       })},
      {"Hello: the sender hears an incarnation of zero", hello_with([](auto& h) {
         h.add_hears(1);
         h.add_hears(0);
       })},
      {lacks, hello_with([](auto& h) { h.mutable_progress()->set_repairs_left(65537); })},
      {lacks, hello_with([](auto& h) { h.mutable_progress()->set_segments_left(65537); })},
      {"Hello: the number of segments is not a power of two up to 65536",
       hello_with([](auto& h) { h.set_segments(0); })},
      {"Hello: the number of copies is not between 1 and 5",
       hello_with([](auto& h) { h.set_copies(6); })},
      {"Control: it has a field that this wire version does not know",
       hello_with([](auto& h) { add_unknown_field(h); })},
      {"Control: it has more than 2 MiB",
       hello_with([](auto& h) { h.set_name(std::string(kControlBytesMax, 'a')); })},
      {"Control: it holds no message", frame_with(v1::Control())},
  };

  CHECK(error_of(hello_with([](v1::Hello&) {})) == "none");
  check_refused(rows);
}

TEST_CASE("a ballot without a proposer is refused", "[wire]") {
  const std::vector<Refused> rows = {
      {"Prepare: a ballot has no proposer", control_with([](auto& c) { c.mutable_prepare(); })},
      {"Promise: a ballot has no proposer", control_with([](auto& c) { c.mutable_promise(); })},
      {"Promise: a ballot has no proposer", control_with([](auto& c) {
         set_ballot(*c.mutable_promise()->mutable_ballot());
         c.mutable_promise()->mutable_accepted()->set_round(1);
         *c.mutable_promise()->mutable_layout() = valid_layout();
       })},
      {"Propose: a ballot has no proposer",
       control_with([](auto& c) { *c.mutable_propose()->mutable_layout() = valid_layout(); })},
      {"Accept: a ballot has no proposer",
       control_with([](auto& c) { c.mutable_accept()->mutable_ballot()->set_round(7); })},
      {"Refuse: a ballot has no proposer", control_with([](auto& c) { c.mutable_refuse(); })},
      {"Refuse: a ballot has no proposer",
       control_with([](auto& c) { set_ballot(*c.mutable_refuse()->mutable_ballot()); })},
  };

  check_refused(rows);
}

TEST_CASE("a promise names a ballot and a layout or neither", "[wire]") {
  const std::string together = "Promise: a ballot and a layout do not come together";
  const std::vector<Refused> rows = {
      {together, control_with([](auto& c) {
         set_ballot(*c.mutable_promise()->mutable_ballot());
         set_ballot(*c.mutable_promise()->mutable_accepted());
       })},
      {together, control_with([](auto& c) {
         set_ballot(*c.mutable_promise()->mutable_ballot());
         *c.mutable_promise()->mutable_layout() = valid_layout();
       })},
      {"Promise: the view's epoch is zero", control_with([](auto& c) {
         set_ballot(*c.mutable_promise()->mutable_ballot());
         set_ballot(*c.mutable_promise()->mutable_accepted());
         c.mutable_promise()->mutable_layout();
       })},
  };

  CHECK(error_of(control_with(
            [](auto& c) { set_ballot(*c.mutable_promise()->mutable_ballot()); })) == "none");
  check_refused(rows);
}

TEST_CASE("a malformed view is refused with what is wrong", "[wire]") {
  const std::string segments = "Decide: the number of segments is not a power of two up to 65536";
  const std::string order = "Decide: the view's members are not ordered by name";
  const std::string address = "Decide: a member's address is malformed";
  const std::vector<Refused> rows = {
      {"Propose: the view's epoch is zero",
       control_with([](auto& c) { set_ballot(*c.mutable_propose()->mutable_ballot()); })},
      {"Decide: the view's epoch is zero", view_with([](auto& v) { v.clear_epoch(); })},
      {segments, view_with([](auto& v) { v.set_segments(0); })},
      {segments, view_with([](auto& v) { v.set_segments(4095); })},
      {segments, view_with([](auto& v) { v.set_segments(131072); })},
      {"Decide: the number of copies is not between 1 and 5",
       view_with([](auto& v) { v.set_copies(0); })},
      {"Decide: the view has no members", view_with([](auto& v) { v.clear_members(); })},
      {"Decide: the view has more than 1024 members", view_with([](auto& v) {
         while (v.members_size() <= 1024) v.add_members();
       })},
      {order, member_with([](auto& m) { m.set_name("a"); })},
      {order, member_with([](auto& m) { m.set_name("auth-0"); })},
      {"Decide: a member's name is malformed", member_with([](auto& m) { m.set_name("b_"); })},
      {address, member_with([](auto& m) { m.clear_address(); })},
      {address, member_with([](auto& m) { m.set_address("a b"); })},
      {address, member_with([](auto& m) { m.set_address(std::string(263, 'a')); })},
      {"Decide: a member's incarnation is zero",
       member_with([](auto& m) { m.clear_incarnation(); })},
      {"Decide: a member's capacity is beyond 1000",
       member_with([](auto& m) { m.set_capacity(1001); })},
      {"Decide: a member's zone is malformed", member_with([](auto& m) { m.set_zone("\n"); })},
      {"Control: it has a field that this wire version does not know",
       member_with([](auto& m) { add_unknown_field(m); })},
  };

  CHECK(error_of(view_with([](v1::View&) {})) == "none");
  check_refused(rows);
}

TEST_CASE("a malformed base is refused with what is wrong", "[wire]") {
  const std::string malformed = "Decide: the base is cut short or has a malformed number";
  const std::string fewer = "Decide: the base has fewer segments than the view";
  const std::string order = "Decide: a segment's holders are not in ascending order";
  const std::vector<Refused> rows = {
      {fewer, base_with("")},
      {fewer, base_with("0100 0100 0100")},
      {fewer, view_with([](auto& v) { v.set_segments(8); })},
      {"Decide: the base has more segments than the view", base_with("0100 0100 0100 0100 0100")},
      {malformed, base_with("0100 0100 0100 01")},
      {malformed, base_with("0100 0100 0100 0200")},
      {malformed, base_with("0100 0100 0100 018000")},
      {"Decide: a segment has no holder", base_with("0100 0100 0100 00")},
      {"Decide: a segment has more than 5 holders", base_with("06000102030405")},
      {"Decide: a segment's holder is no member of the view", base_with("0103 0100 0100 0100")},
      {"Decide: a segment's holder has no capacity", base_with("0102 0100 0100 0100")},
      {order, base_with("020100 0100 0100 0100")},
      {order, base_with("020000 0100 0100 0100")},
  };

  CHECK(error_of(base_with("0100 0101 020001 0100")) == "none");
  check_refused(rows);
}

TEST_CASE("a view of witnesses holds nothing", "[wire]") {
  const auto witnesses_with = [](const std::string& base) {
    return layout_with([&base](v1::Layout& layout) {
      for (v1::Member& member : *layout.mutable_view()->mutable_members()) member.clear_capacity();
      layout.set_base(from_hex(base));
    });
  };

  CHECK(error_of(witnesses_with("00000000")) == "none");
  check_refused({{"Decide: a segment's holder has no capacity", witnesses_with("0000000100")}});
}

TEST_CASE("malformed losses are refused with what is wrong", "[wire]") {
  const std::string malformed = "Decide: a loss is cut short or has a malformed number";
  const std::string order = "Decide: the lost segments are not in ascending order";
  const std::vector<Refused> rows = {
      {malformed, losses_with("01")},
      {malformed, losses_with("0102")},
      {malformed, losses_with("01820000")},
      {"Decide: a lost segment's number is beyond the view's", losses_with("040200")},
      {"Decide: a boolean is neither 0 nor 1", losses_with("010202")},
      {order, losses_with("010200 000200")},
      {order, losses_with("010200 010300")},
  };

  CHECK(error_of(losses_with("")) == "none");
  CHECK(error_of(losses_with("000201 030200")) == "none");
  check_refused(rows);
}

// As large as the bounds allow.
ring::Layout largest_layout() {
  constexpr std::uint64_t kMax = ~std::uint64_t{0};
  ring::Layout layout = {.view = {.epoch = session::kEpochMax,
                                  .generation = kMax,
                                  .segments = kSegmentsMax,
                                  .copies = kCopiesMax}};
  for (std::size_t i = 0; i < kMembersMax; ++i) {
    layout.view.members.push_back({.name = absl::StrFormat("%032d", i),
                                   .address = std::string(kAddressBytesMax, 'a'),
                                   .incarnation = kMax,
                                   .capacity = kCapacityMax,
                                   .zone = std::string(kNameBytesMax, 'z'),
                                   .joined = kMax,
                                   .leaving = true});
  }
  for (std::uint32_t segment = 0; segment < kSegmentsMax; ++segment) {
    layout.base.push_back({{1019}, {1020}, {1021}, {1022}, {1023}});
    layout.losses[{segment}] = {.epoch = kMax, .acknowledged = true};
  }
  return layout;
}

membership::Hello largest_hello() {
  constexpr std::uint32_t kMax = ~std::uint32_t{0};
  constexpr std::uint64_t kMax64 = ~std::uint64_t{0};
  const std::string name(kNameBytesMax, 'n');
  return {.cluster = name,
          .name = name,
          .address = std::string(kAddressBytesMax, 'a'),
          .capacity = kCapacityMax,
          .zone = name,
          .segments = kSegmentsMax,
          .copies = kCopiesMax,
          .lease = kLeaseMax,
          .wire_version_min = kMax,
          .wire_version_max = kMax,
          .settled = kMax64,
          .memory_level = MemoryLevel::kNoNewcomers,
          .leaving = true,
          .bootstrap_expect = kMembersMax,
          .stamp = kMax64,
          .uptime = kUptimeMax,
          .hears = std::vector<Incarnation>(kMembersMax, {kMax64}),
          .progress = {.repairs_left = kSegmentsMax, .segments_left = kSegmentsMax},
          .may_recover = true};
}

// What arrives of it.
std::string arrived(const node::Message& message) {
  const Frame frame = frame_of({envelope_of(message)});
  const absl::StatusOr<Frame> decoded = decode_frame(encode_frame(frame, kSent), kSent);
  INFO(decoded.status());
  REQUIRE(decoded.ok());
  return describe(*decoded, kSent);
}

TEST_CASE("the largest layout arrives whole", "[wire]") {
  const membership::Ballot ballot = {~std::uint64_t{0}, {~std::uint64_t{0}}};
  const node::Message message =
      membership::Promise{.ballot = ballot, .accepted = ballot, .layout = largest_layout()};

  CHECK(arrived(message) == describe(frame_of({envelope_of(message)}), kSent));
}

TEST_CASE("the largest Hello arrives whole", "[wire]") {
  const node::Message message = largest_hello();

  CHECK(arrived(message) == describe(frame_of({envelope_of(message)}), kSent));
}

TEST_CASE("a lease and an uptime out of bounds arrive as the bound", "[wire]") {
  membership::Hello hello = largest_hello();
  hello.lease = Duration::max();
  hello.uptime = Duration::max();

  CHECK(arrived(hello) == arrived(largest_hello()));
}

TEST_CASE("a layout of 4096 segments and two copies has 12 KiB", "[wire]") {
  ring::Layout layout = {.view = {.epoch = 1}};
  for (std::uint32_t i = 0; i < 100; ++i) {
    layout.view.members.push_back(
        {.name = absl::StrFormat("n%02d", i), .address = "a:1", .incarnation = 1});
  }
  for (std::uint32_t i = 0; i < layout.view.segments; ++i) {
    layout.base.push_back({{i % 50}, {i % 50 + 50}});
  }

  const std::string bytes =
      encode_frame(frame_of({envelope_of(membership::Decide{.layout = layout})}), kSent);

  CHECK(decode_frame(bytes, kSent).ok());
  CHECK(bytes.size() < 15U << 10);
}

}  // namespace
}  // namespace sojourn::wire
