#include "wire/frame.h"

#include <absl/strings/str_format.h>
#include <sojourn/v1/peer.pb.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "base/random.h"
#include "support/catch.h"
#include "unit/wire/messages.h"
#include "wire/controls.h"
#include "wire/frame_draft.h"
#include "wire/operation_format.h"

namespace sojourn::wire {
namespace {

using replication::Operation;
using replication::Verb;
using session::AttributeView;
using session::RecordRef;
using namespace std::chrono_literals;

// The receiver's clock has nothing to do with the sender's.
constexpr Time kReceived = Time(3s);

Frame round_trip(const Frame& frame) {
  const absl::StatusOr<Frame> decoded = decode_frame(encode_frame(frame, kSent), kReceived);
  INFO(decoded.status());
  REQUIRE(decoded.ok());
  return *decoded;
}

void check_round_trip(node::Message message) {
  const Frame frame = frame_of({envelope_of(std::move(message))});

  CHECK(describe(round_trip(frame), kReceived) == describe(frame, kSent));
}

template <typename Message>
Message round_trip_of(Message message) {
  const Frame decoded = round_trip(frame_of({envelope_of(std::move(message))}));
  return std::get<Message>(decoded.envelopes.at(0).message);
}

RecordRef record_made(Time created_at, Time last_seen) {
  return session::Record::make({.id = "s-1", .created_at = created_at, .last_seen = last_seen});
}

replication::Reply reply_with(RecordRef record) {
  const Time last_seen = record->bookkeeping().last_seen;
  return {.number = 1, .result = {.record = std::move(record), .last_seen = last_seen}};
}

// --- What is said comes across ------------------------------------------------------------------

TEST_CASE("every kind of message arrives as it was sent", "[wire]") {
  for (const Example& example : examples()) {
    INFO(example.name);
    CHECK(describe(round_trip(example.frame), kReceived) == describe(example.frame, kSent));
  }
}

TEST_CASE("a frame of many messages keeps their order, control messages first", "[wire]") {
  const Frame frame = frame_of({envelope_of(replication::ReplicateAck{{1}, {3, 1}}),
                                envelope_of(membership::Accept{.ballot = 2}),
                                envelope_of(replication::ReplicateAck{{1}, {3, 3}}),
                                envelope_of(membership::Accept{.ballot = 4})});

  std::string order;
  for (const node::Envelope& envelope : round_trip(frame).envelopes) {
    const auto* accept = std::get_if<membership::Accept>(&envelope.message);
    order += std::to_string(
        accept ? accept->ballot
               : std::get<replication::ReplicateAck>(envelope.message).version.sequence);
  }

  CHECK(order == "2413");
}

TEST_CASE("numbers arrive whole up to the greatest", "[wire]") {
  constexpr std::uint64_t kMax = ~std::uint64_t{0};
  Frame frame = frame_of({{.cluster = kMax,
                           .generation = kMax,
                           .epoch = kMax,
                           .from = {kMax},
                           .message = replication::Replicate{.segment = {65535},
                                                             .version = {kMax, kMax},
                                                             .committed = {kMax, kMax},
                                                             .operation = {{kMax}, kMax}}}});
  frame.number = kMax;
  frame.answers = kMax;
  frame.cluster = kMax;
  frame.from = {kMax};

  CHECK(describe(round_trip(frame), kReceived) == describe(frame, kSent));
}

TEST_CASE("the largest session arrives whole", "[wire]") {
  std::vector<std::string> names;
  std::vector<AttributeView> attributes;
  const std::string subject(kSubjectBytesMax, '\xff');
  const std::string value(kAttributeValueBytesMax, '\0');
  for (std::size_t i = 0; i < kAttributesMax; ++i) {
    names.push_back(absl::StrFormat("%02d", i) + std::string(kAttributeNameBytesMax - 2, '\n'));
  }
  std::size_t left = kSessionBytesMax - subject.size() - kAttributesMax * kAttributeNameBytesMax;
  for (const std::string& name : names) {
    const std::size_t size = std::min(left, kAttributeValueBytesMax);
    attributes.push_back({name, std::string_view(value).substr(0, size)});
    left -= size;
  }
  const std::string id(SessionId::kSizeMax, '_');
  const RecordRef record =
      session::Record::make({.id = id,
                             .phase = Phase::kActive,
                             .subject = subject,
                             .lifetime = {1s, std::chrono::hours(24 * 400)},
                             .created_at = kSent - std::chrono::hours(24 * 400),
                             .last_seen = kSent - std::chrono::hours(24 * 400),
                             .attributes = attributes});

  check_round_trip(reply_with(record));
  check_round_trip(replication::Replicate{.entries = {{id, record}}});
}

TEST_CASE("the largest patch arrives whole", "[wire]") {
  Operation operation = {.verb = Verb::kPatch, .id = "s-1"};
  for (std::size_t i = 0; i < 2 * kAttributesMax; ++i) {
    operation.steps.push_back({std::string(kAttributeNameBytesMax, 'n'),
                               std::string(kAttributeValueBytesMax, static_cast<char>(i))});
  }

  check_round_trip(replication::Request{.number = 1, .operation = operation});
}

TEST_CASE("the largest view arrives whole", "[wire]") {
  View view = {.epoch = ~std::uint64_t{0},
               .generation = ~std::uint64_t{0},
               .segments = kSegmentsMax,
               .copies = kCopiesMax};
  for (std::size_t i = 0; i < kMembersMax; ++i) {
    view.members.push_back({.name = absl::StrFormat("%032d", i),
                            .address = std::string(kAddressBytesMax, 'a'),
                            .incarnation = ~std::uint64_t{0},
                            .capacity = kCapacityMax,
                            .zone = std::string(32, 'z')});
  }

  check_round_trip(membership::Propose{.ballot = ~std::uint64_t{0}, .view = view});
}

TEST_CASE("every status code arrives with its text", "[wire]") {
  for (int code = 1; code <= 16; ++code) {
    check_round_trip(replication::Reply{
        .number = 1, .result = {.status = absl::Status(absl::StatusCode(code), "why")}});
  }
}

TEST_CASE("a long status text is cut", "[wire]") {
  const auto reply = round_trip_of(replication::Reply{
      .result = {.status = absl::InternalError(std::string(kStatusTextBytesMax + 1, 'x'))}});

  CHECK(reply.result.status == absl::InternalError(std::string(kStatusTextBytesMax, 'x')));
}

// --- Times --------------------------------------------------------------------------------------

TEST_CASE("times are the receiver's, as long ago as they were for the sender", "[wire]") {
  const auto reply = round_trip_of(reply_with(record_made(kSent - 1h, kSent - 2s)));

  CHECK(reply.result.record->created_at() == kReceived - 1h);
  CHECK(reply.result.record->bookkeeping().last_seen == kReceived - 2s);
  CHECK(reply.result.last_seen == kReceived - 2s);
}

TEST_CASE("a session from the future was made just now", "[wire]") {
  const auto reply = round_trip_of(reply_with(record_made(kSent + 1s, kSent + 2s)));

  CHECK(reply.result.record->created_at() == kReceived);
  CHECK(reply.result.last_seen == kReceived);
}

TEST_CASE("what is out of bounds for a time arrives as the bound", "[wire]") {
  const auto reply = round_trip_of(reply_with(record_made(kSent - 2 * kAgeMax, kSent)));
  const auto timeless =
      round_trip_of(replication::Request{.time_left = Duration::max(), .operation = {.id = "s-1"}});
  const auto late =
      round_trip_of(replication::Request{.time_left = -1s, .operation = {.id = "s-1"}});

  CHECK(reply.result.record->created_at() == kReceived - kAgeMax);
  CHECK(timeless.time_left == kTimeLeftMax);
  CHECK(late.time_left == 0s);
}

TEST_CASE("a session last seen before it was made was last seen then", "[wire]") {
  const auto reply = round_trip_of(reply_with(record_made(kSent - 1s, kSent - 1h)));

  CHECK(reply.result.last_seen == kReceived - 1s);
}

TEST_CASE("waiting to be sent prolongs nothing", "[wire]") {
  const auto record = record_made(kSent - 10s, kSent - 5s);
  const auto request = replication::Request{.time_left = 250ms, .operation = {.id = "s-1"}};
  FrameDraft draft;
  REQUIRE(draft.add(envelope_of(reply_with(record)), kSent, kMessageBytesMax));
  REQUIRE(draft.add(envelope_of(request), kSent + 100ms, kMessageBytesMax));
  REQUIRE(draft.add(envelope_of(request), kSent - 1h, kMessageBytesMax));  // a clock read too early

  const auto decoded =
      decode_frame(draft.finish({.number = 1, .from = {1}}, kSent + 300ms), kReceived);

  REQUIRE(decoded.ok());
  const auto& reply = std::get<replication::Reply>(decoded->envelopes[0].message);
  CHECK(reply.result.record->created_at() == kReceived - 10s - 300ms);
  CHECK(reply.result.last_seen == kReceived - 5s - 300ms);
  CHECK(std::get<replication::Request>(decoded->envelopes[1].message).time_left == 50ms);
  CHECK(std::get<replication::Request>(decoded->envelopes[2].message).time_left == 50ms);
}

TEST_CASE("the time of a request that waited too long is over", "[wire]") {
  FrameDraft draft;
  REQUIRE(draft.add(envelope_of(replication::Request{.time_left = 1s, .operation = {.id = "s-1"}}),
                    kSent, kMessageBytesMax));

  const auto decoded =
      decode_frame(draft.finish({.number = 1, .from = {1}}, kSent + 48h), kReceived);

  REQUIRE(decoded.ok());
  CHECK(std::get<replication::Request>(decoded->envelopes[0].message).time_left == 0s);
}

// --- The bytes ----------------------------------------------------------------------------------

TEST_CASE("the bytes of wire version 1 never change", "[wire]") {
  // Version, cluster, and incarnation; then that there is one message, and the number of the frame.
  const std::string sender = "0801 11c100000000000000 19edfe000000000000 ";
  const std::string header = sender + "3001 3801 ";
  const std::map<std::string, std::string> golden = {
      {"empty", sender + "3801"},
      {"hello", header + "422e080110031a280a07736f6a6f75726e1206617574682d30188020200229ef"
                         "cdab90785634123001380240de074801"},
      {"propose", header + "425d080110032257080712530803100118802020022a230a06617574682d3012"
                           "0e3132372e302e302e313a37303030190b0000000000000020012a230a066175"
                           "74682d31120a5b3a3a315d3a373030311916000000000000002a0465617374"},
      {"accept", header + "4208080110032a020807"},
      {"decide", header + "425b0801100332550a530803100118802020022a230a06617574682d30120e31"
                          "32372e302e302e313a37303030190b0000000000000020012a230a0661757468"
                          "2d31120a5b3a3a315d3a373030311916000000000000002a0465617374"},
      {"view_request", header + "4206080110033a00"},
      {"create", header + "4a2e01010300e807de0790a10f0103732d310203616e61880ec0d10202046c61"
                          "6e6702646504726f6c650561646d696e"},
      {"create_login", header + "4a1801010300e807de0790a10f0103732d310100880ec0d10200"},
      {"get", header + "4a1101010300e807de0790a10f0203732d3101"},
      {"peek", header + "4a1101010300e807de0790a10f0203732d3100"},
      {"touch", header + "4a1001010300e807de0790a10f0303732d31"},
      {"update", header + "4a2601010300e807de0790a10f0403732d3102046c616e6702646504726f6c65"
                          "0561646d696e034c"},
      {"patch", header + "4a2a01010300e807de0790a10f0503732d310301046361727401330006636f75"
                         "706f6e0105656d7074790000"},
      {"patch_version", header + "4a2c01010300e807de0790a10f0503732d310301046361727401330006636f75"
                                 "706f6e0105656d7074790001034c"},
      {"authenticate", header + "4a3501010300e807de0790a10f0603732d3103616e61880ec0d1020301046361"
                                "727401330006636f75706f6e0105656d7074790001034c"},
      {"rotate", header + "4a1001010300e807de0790a10f0703732d31"},
      {"revoke", header + "4a1001010300e807de0790a10f0803732d31"},
      {"reply", header + "4a3402010300e807000103732d310203616e61880ec0d102034d8095f52ac096"
                         "b10202046c616e6702646504726f6c650561646d696e"},
      {"reply_ok", header + "4a0802010300e8070000"},
      {"reply_error", header + "4a1702010300e807050f6e6f20737563682073657373696f6e"},
      {"replicate", header + "4a460301030009034d034cedfe000000000000e8070203732d32010203616e61"
                             "880ec0d102034d8095f52ac096b10202046c616e6702646504726f6c65056164"
                             "6d696e03732d3100"},
      {"replicate_ack", header + "4a070401030009034d"},
      {"committed", header + "4a070501030009034d"},
  };

  for (const Example& example : examples()) {
    INFO(example.name);
    REQUIRE(golden.contains(example.name));
    CHECK(to_hex(encode_frame(example.frame, kSent)) == to_hex(from_hex(golden.at(example.name))));
  }
}

TEST_CASE("frames are what Protobuf writes and reads", "[wire]") {
  for (const Example& example : examples()) {
    INFO(example.name);
    const std::string bytes = encode_frame(example.frame, kSent);

    v1::Frame parsed;
    REQUIRE(parsed.ParseFromString(bytes));
    CHECK(parsed.wire_version() == kWireVersion);
    CHECK(parsed.cluster() == example.frame.cluster);
    CHECK(parsed.incarnation() == example.frame.from.value);
    CHECK(parsed.number() == example.frame.number);
    CHECK(parsed.messages() == example.frame.envelopes.size());
    CHECK(to_hex(parsed.SerializeAsString()) == to_hex(bytes));
  }
}

// --- What is refused ----------------------------------------------------------------------------

std::string error_of(const std::string& bytes) {
  const absl::StatusOr<Frame> decoded = decode_frame(bytes, kReceived);
  if (decoded.ok()) return "none";
  CHECK(decoded.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(decoded.status().message());
}

v1::Frame valid_frame() {
  v1::Frame frame;
  frame.set_wire_version(kWireVersion);
  frame.set_cluster(0xc1);
  frame.set_incarnation(0xfeed);
  frame.set_number(1);
  return frame;
}

TEST_CASE("a malformed frame is refused with what is wrong", "[wire]") {
  struct Row {
    const char* error;
    std::function<void(v1::Frame&)> spoil;
  };
  const std::vector<Row> rows = {
      {"none", [](v1::Frame&) {}},
      {"the frame does not begin with its version", [](v1::Frame& f) { f.clear_wire_version(); }},
      {"the frame has wire version 2, not 1", [](v1::Frame& f) { f.set_wire_version(2); }},
      {"the frame's sender has no incarnation", [](v1::Frame& f) { f.clear_incarnation(); }},
      {"the frame has no number", [](v1::Frame& f) { f.clear_number(); }},
      {"the frame waited longer than 24 hours",
       [](v1::Frame& f) { f.set_waited_us(24ULL * 3600 * 1000000 + 1); }},
      {"the frame has more than 16384 messages",
       [](v1::Frame& f) { f.set_messages(kMessagesMax + 1); }},
      {"the frame has fewer messages than it says", [](v1::Frame& f) { f.set_messages(1); }},
      {"the frame has more messages than it says",
       [](v1::Frame& f) { f.add_controls()->mutable_accept(); }},
      {"the frame has more messages than it says", [](v1::Frame& f) { f.set_operations("x"); }},
      {"the frame has a field that this wire version does not know",
       [](v1::Frame& f) { f.GetReflection()->MutableUnknownFields(&f)->AddVarint(10, 1); }},
      {"the frame's fields are not in the order of their numbers",
       [](v1::Frame& f) { f.GetReflection()->MutableUnknownFields(&f)->AddVarint(1, 1); }},
      {"the frame's fields are not in the order of their numbers",
       [](v1::Frame& f) { f.GetReflection()->MutableUnknownFields(&f)->AddVarint(7, 1); }},
      {"the frame has more than 4 MiB",
       [](v1::Frame& f) { f.set_operations(std::string(kFrameBytesMax, 'x')); }},
  };

  for (const Row& row : rows) {
    v1::Frame frame = valid_frame();
    row.spoil(frame);

    CHECK(error_of(frame.SerializeAsString()) == row.error);
  }
  CHECK(error_of("") == "the frame does not begin with its version");
  CHECK(error_of("GET / HTTP/1.1\r\n") == "the frame does not begin with its version");
}

// A frame with one control message of each kind, changed by the argument.

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
  hello.set_segments(4096);
  hello.set_copies(2);
  hello.set_wire_version_min(1);
  hello.set_wire_version_max(2);
  change(hello);
  return frame_with(control);
}

template <typename Change>
std::string view_with(Change change) {
  v1::Control control;
  v1::View& view = *control.mutable_decide()->mutable_view();
  view.set_epoch(1);
  view.set_segments(4096);
  view.set_copies(2);
  for (const char* name : {"auth-0", "auth-1"}) {
    v1::Member& member = *view.add_members();
    member.set_name(name);
    member.set_address("127.0.0.1:7000");
    member.set_incarnation(1);
  }
  change(view);
  return frame_with(control);
}

template <typename Change>
std::string member_with(Change change) {
  return view_with([&change](v1::View& view) { change(*view.mutable_members(1)); });
}

template <typename Message>
void add_unknown_field(Message& message) {
  message.GetReflection()->MutableUnknownFields(&message)->AddVarint(99, 1);
}

struct Refused {
  std::string error;
  std::string bytes;
};

TEST_CASE("a malformed Hello is refused with what is wrong", "[wire]") {
  const std::string valid = hello_with([](v1::Hello&) {});
  const std::string name = "Hello: the sender's name is malformed";
  const std::string versions = "Hello: the range of wire versions is empty";
  const std::vector<Refused> rows = {
      {"Hello: the cluster's name is malformed", hello_with([](auto& h) { h.clear_cluster(); })},
      {name, hello_with([](auto& h) { h.set_name(""); })},
      {name, hello_with([](auto& h) { h.set_name("A"); })},
      {name, hello_with([](auto& h) { h.set_name("-a"); })},
      {name, hello_with([](auto& h) { h.set_name("a-"); })},
      {name, hello_with([](auto& h) { h.set_name("\xff\xfe"); })},
      {name, hello_with([](auto& h) { h.set_name(std::string(33, 'a')); })},
      {versions, hello_with([](auto& h) { h.set_wire_version_min(3); })},
      {versions, hello_with([](auto& h) { h.set_wire_version_min(0); })},
      {"Hello: the number of segments is not a power of two up to 65536",
       hello_with([](auto& h) { h.set_segments(0); })},
      {"Hello: the number of copies is not between 1 and 5",
       hello_with([](auto& h) { h.set_copies(6); })},
      {"Control: it has a field that this wire version does not know",
       hello_with([](auto& h) { add_unknown_field(h); })},
      {"Control: it has more than 512 KiB",
       hello_with([](auto& h) { h.set_name(std::string(kControlBytesMax, 'a')); })},
      {"Control: it holds no message", frame_with(v1::Control())},
  };

  CHECK(error_of(valid) == "none");
  for (const Refused& row : rows) CHECK(error_of(row.bytes) == "message 1, " + row.error);
}

TEST_CASE("a malformed view is refused with what is wrong", "[wire]") {
  const std::string valid = view_with([](v1::View&) {});
  const std::string segments = "Decide: the number of segments is not a power of two up to 65536";
  const std::string order = "Decide: the view's members are not ordered by name";
  const std::string address = "Decide: a member's address is malformed";
  v1::Control without_view;
  without_view.mutable_propose()->set_ballot(1);
  const std::vector<Refused> rows = {
      {"Propose: the view's epoch is zero", frame_with(without_view)},
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

  CHECK(error_of(valid) == "none");
  for (const Refused& row : rows) CHECK(error_of(row.bytes) == "message 1, " + row.error);
}

// Puts an operation together byte by byte.
class Bytes {
 public:
  Bytes number(std::uint64_t value) && {
    ByteWriter(bytes_).varint(value);
    return std::move(*this);
  }
  Bytes fixed(std::uint64_t value) && {
    ByteWriter(bytes_).fixed64(value);
    return std::move(*this);
  }
  Bytes text(std::string_view value) && {
    ByteWriter(bytes_).string(value);
    return std::move(*this);
  }

  // A frame with this operation alone, which waited a second.
  std::string frame() const {
    v1::Frame frame = valid_frame();
    frame.set_waited_us(1000000);
    frame.set_messages(1);
    frame.set_operations(bytes_);
    return frame.SerializeAsString();
  }

 private:
  std::string bytes_;
};

constexpr std::uint64_t kTooLong = 400 * 24 * 3600 + 1;
constexpr std::uint64_t kTooOld = 800ULL * 24 * 3600 * 1000000 + 1;

Bytes operation(std::uint64_t kind) { return Bytes().number(kind).number(1).number(3).number(0); }
Bytes request(std::uint64_t verb, std::string_view id = "s-1") {
  return operation(1).number(1000).number(990).number(250000).number(verb).text(id);
}
Bytes create() { return request(1).number(2).text("ana").number(1800).number(43200); }
Bytes patch() { return request(5); }
Bytes reply() { return operation(2).number(1000); }
Bytes record(std::uint64_t age, std::uint64_t unseen) {
  return reply()
      .number(0)
      .number(1)
      .text("s-1")
      .number(1)
      .text("")
      .number(1800)
      .number(1800)
      .number(3)
      .number(77)
      .number(age)
      .number(unseen)
      .number(0);
}
Bytes replicate() {
  return operation(3).number(9).number(3).number(77).number(3).number(76).fixed(0).number(0);
}

TEST_CASE("a malformed operation is refused with what is wrong", "[wire]") {
  const std::string value(kAttributeValueBytesMax, 'v');
  const std::string id = "Request: a session id is not made of characters of [A-Za-z0-9_-]";
  const std::string lifetime = "Request: a lifetime is not between 1 s and 400 days";
  const std::string subject = "Request: the subject is too long or cut short";
  const std::string malformed = ": it is cut short or has a malformed number";
  const std::vector<Refused> rows = {
      {"of no kind: its kind is unknown", operation(0).frame()},
      {"of no kind: its kind is unknown", operation(6).frame()},
      {"Committed: it began to wait after the frame was sent", Bytes()
                                                                   .number(5)
                                                                   .number(1)
                                                                   .number(3)
                                                                   .number(1000001)
                                                                   .number(9)
                                                                   .number(3)
                                                                   .number(77)
                                                                   .frame()},

      {"Request: the verb is unknown", request(0).frame()},
      {"Request: the verb is unknown", request(9).frame()},
      {id, request(3, "").frame()},
      {id, request(3, "a.b").frame()},
      {"Request: a session id is too long or cut short", request(3, std::string(65, 'a')).frame()},
      {"Request: the time left is beyond 24 hours",
       operation(1).number(1).number(1).number(~std::uint64_t{0}).number(3).text("s-1").frame()},
      {"Request: a boolean is neither 0 nor 1", request(2).number(2).frame()},
      {"Request" + malformed, request(2).frame()},
      {"Request: the phase is unknown", request(1).number(3).frame()},
      {"Request: an active session has no subject", request(1).number(2).text("").frame()},
      {"Request: a login in progress has a subject", request(1).number(1).text("ana").frame()},
      {subject, request(1).number(2).text(std::string(257, 's')).frame()},
      {subject, request(1).number(2).number(4).frame()},
      {lifetime, request(1).number(1).text("").number(0).number(1).frame()},
      {lifetime, request(1).number(1).text("").number(1).number(kTooLong).frame()},
      {"Request: a session has more than 64 attributes", create().number(65).frame()},
      {"Request: an attribute's name is empty", create().number(1).text("").text("").frame()},
      {"Request: an attribute's name is too long or cut short",
       create().number(1).text(std::string(65, 'n')).text("").frame()},
      {"Request: an attribute's value is too long or cut short",
       create().number(1).text("a").text(value + "v").frame()},
      {"Request: attributes are not ordered by name",
       create().number(2).text("b").text("").text("a").text("").frame()},
      {"Request: attributes are not ordered by name",
       create().number(2).text("a").text("").text("a").text("").frame()},
      {"Request: a session has more than 64 KiB", create()
                                                      .number(4)
                                                      .text("a")
                                                      .text(value)
                                                      .text("b")
                                                      .text(value)
                                                      .text("c")
                                                      .text(value)
                                                      .text("d")
                                                      .text(value)
                                                      .frame()},
      {"Request: an attribute's name is too long or cut short", create().number(64).frame()},
      {"Request: a patch has more than 128 steps", patch().number(129).frame()},
      {"Request: a boolean is neither 0 nor 1", patch().number(1).number(2).text("a").frame()},
      {"Request: an attribute's name is empty", patch().number(1).number(0).text("").frame()},
      {"Request: an attribute's value is too long or cut short",
       patch().number(1).number(1).text("a").text(value + "v").frame()},
      {"Request: an active session has no subject", request(6).text("").frame()},

      {"Reply: the status code is unknown", reply().number(17).text("").frame()},
      {"Reply: the status text is too long or cut short",
       reply().number(5).text(std::string(513, 'x')).frame()},
      {"Reply: a session is older than it may be", record(kTooOld, 0).frame()},
      {"Reply: a session was last seen before it was made", record(5, 6).frame()},

      {"Replicate: a write changes more than 64 sessions", replicate().number(65).frame()},
      {"Replicate: a session id is too long or cut short", replicate().number(64).frame()},
      {"ReplicateAck: the segment's number is beyond 65535",
       operation(4).number(65536).number(3).number(77).frame()},
      {"ReplicateAck" + malformed, operation(4).number(9).number(3).frame()},
      {"Committed" + malformed,
       operation(5).number(9).fixed(~std::uint64_t{0}).fixed(~std::uint64_t{0}).frame()},
  };

  CHECK(error_of(create().number(0).frame()) == "none");
  CHECK(error_of(patch().number(0).number(0).frame()) == "none");
  CHECK(error_of(record(6, 6).frame()) == "none");
  CHECK(error_of(replicate().number(0).frame()) == "none");
  for (const Refused& row : rows) CHECK(error_of(row.bytes) == "message 1, " + row.error);
}

TEST_CASE("an error does not repeat what it is about", "[wire]") {
  const std::string error = error_of(request(3, "secret.secret").frame());

  CHECK(error.find("secret") == std::string::npos);
}

// All messages of the examples in one frame.
std::string frame_of_all_examples() {
  Frame frame = frame_of({});
  for (const Example& example : examples()) {
    for (const node::Envelope& envelope : example.frame.envelopes) {
      frame.envelopes.push_back(envelope);
    }
  }
  return encode_frame(frame, kSent);
}

TEST_CASE("a frame cut short anywhere is refused", "[wire]") {
  std::vector<std::string> frames = {frame_of_all_examples()};
  for (const Example& example : examples()) frames.push_back(encode_frame(example.frame, kSent));

  for (const std::string& bytes : frames) {
    REQUIRE(decode_frame(bytes, kReceived).ok());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      INFO(size << " of " << bytes.size());
      CHECK(!decode_frame(bytes.substr(0, size), kReceived).ok());
    }
  }
}

TEST_CASE("a frame with something behind it is refused", "[wire]") {
  for (const Example& example : examples()) {
    INFO(example.name);
    const std::string bytes = encode_frame(example.frame, kSent);
    for (int extra = 0; extra < 256; ++extra) {
      CHECK(!decode_frame(bytes + static_cast<char>(extra), kReceived).ok());
    }
  }
}

TEST_CASE("a frame with flipped bits is refused or within all bounds", "[wire]") {
  SeededRandom random(7);
  const std::string bytes = frame_of_all_examples();
  std::size_t accepted = 0;

  const auto try_frame = [&](const std::string& spoiled) {
    const auto decoded = decode_frame(spoiled, kReceived);
    if (!decoded.ok()) return;
    // Decoding checks every bound, so what was accepted must pass again.
    const auto again = decode_frame(encode_frame(*decoded, kReceived), kReceived);
    REQUIRE(again.ok());
    REQUIRE(describe(*again, kReceived) == describe(*decoded, kReceived));
    ++accepted;
  };
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string spoiled = bytes;
    spoiled[bit / 8] = static_cast<char>(spoiled[bit / 8] ^ (1 << bit % 8));
    try_frame(spoiled);
  }
  for (int i = 0; i < 2000; ++i) {
    std::string spoiled = bytes;
    for (int flips = 0; flips < 3; ++flips) {
      const std::uint64_t at = random.below(spoiled.size());
      spoiled[at] = static_cast<char>(random.next());
    }
    try_frame(spoiled);
  }

  CHECK(accepted > 0);
}

// Run by hand when an example changes: SOJOURN_CORPUS=tests/fuzz/corpus/frame unit_tests
// "[.corpus]"
TEST_CASE("the examples are written where the fuzzer starts", "[.corpus]") {
  const char* directory = std::getenv("SOJOURN_CORPUS");
  REQUIRE(directory != nullptr);

  for (const Example& example : examples()) {
    std::ofstream file(std::string(directory) + "/" + example.name, std::ios::binary);
    file << encode_frame(example.frame, kSent);
    CHECK(file.good());
  }
  std::ofstream(std::string(directory) + "/all", std::ios::binary) << frame_of_all_examples();
}

}  // namespace
}  // namespace sojourn::wire
