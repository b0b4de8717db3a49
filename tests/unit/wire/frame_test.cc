#include "wire/frame.h"

#include <absl/strings/str_format.h>
#include <sojourn/v1/peer.pb.h>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <map>
#include <utility>

#include "base/bytes.h"
#include "base/random.h"
#include "session/limits.h"
#include "support/catch.h"
#include "unit/wire/malformed.h"
#include "unit/wire/messages.h"
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
  // The ids of lookups are views of it.
  static std::deque<std::string> bytes;
  const absl::StatusOr<Frame> decoded =
      decode_frame(bytes.emplace_back(encode_frame(frame, kSent)), kReceived);
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
  const Time last_seen = record->last_seen();
  return {.number = 1, .result = {.record = std::move(record), .last_seen = last_seen}};
}

// --- What is said comes across ------------------------------------------------------------------

TEST_CASE("every kind of message arrives as it was sent", "[wire]") {
  for (const Example& example : examples()) {
    INFO(example.name);
    CHECK(describe(round_trip(example.frame), kReceived) == describe(example.frame, kSent));
  }
}

TEST_CASE("lookups and what was found arrive as they were sent", "[wire]") {
  for (const Example& example : examples()) {
    if (example.frame.lookups.empty() && example.frame.found.empty()) continue;
    INFO(example.name);

    CHECK(describe(round_trip(example.frame), kReceived) == describe(example.frame, kSent));
  }
}

TEST_CASE("the time of a lookup that waited too long is over", "[wire]") {
  FrameDraft draft;
  REQUIRE(draft.add(replication::Lookup{.number = 1, .time_left = 50ms, .id = "s-1"}, kSent, 1000));
  REQUIRE(draft.add(replication::Lookup{.number = 2, .time_left = 1s, .id = "s-1"}, kSent, 1000));

  const std::string bytes = draft.finish({.number = 1, .from = {1}}, kSent + 60ms);
  const absl::StatusOr<Frame> frame = decode_frame(bytes, kReceived);

  REQUIRE(frame.ok());
  CHECK(frame->lookups.at(0).time_left == 0ms);
  CHECK(frame->lookups.at(1).time_left == 940ms);
}

TEST_CASE("a session that was found is as old as its answer waited", "[wire]") {
  FrameDraft draft;
  const replication::Result result = {.record = record_made(kSent - 10s, kSent - 2s),
                                      .last_seen = kSent - 2s};
  REQUIRE(draft.add(replication::Found{.number = 1, .result = result}, kSent, 1000));

  const std::string bytes = draft.finish({.number = 1, .from = {1}}, kSent + 60ms);
  const absl::StatusOr<Frame> frame = decode_frame(bytes, kReceived);

  REQUIRE(frame.ok());
  CHECK(frame->found.at(0).result.record->created_at() == kReceived - 10s - 60ms);
  CHECK(frame->found.at(0).result.last_seen == kReceived - 2s - 60ms);
}

TEST_CASE("the id of a session that was found arrives as it was, usual or not", "[wire]") {
  const std::string id =
      GENERATE("s-1", "AZaz09-_AZaz09-_AZaz09-_AZaz09-_", "AZaz09-_AZaz09-_AZaz09-_AZaz",
               "AZaz09-_AZaz09-_AZaz09-_AZaz09-_A");
  const session::RecordRef record =
      session::Record::make({.id = id, .created_at = kSent - 1s, .last_seen = kSent - 1s});
  const replication::Result result = {.record = record, .last_seen = kSent - 1s};

  const absl::StatusOr<Frame> frame = decode_frame(
      encode_frame({.number = 1, .from = {1}, .found = {{.number = 1, .result = result}}}, kSent),
      kReceived);

  REQUIRE(frame.ok());
  CHECK(frame->found.at(0).result.record->id() == std::string_view(id));
}

TEST_CASE("a lookup that asks for what is unknown is refused", "[wire]") {
  std::string bytes = encode_frame(
      {.number = 1, .from = {1}, .lookups = {{.number = 5, .time_left = 1ms, .id = "s-1"}}}, kSent);
  bytes[bytes.size() - 5] = 4;

  const absl::Status refused = decode_frame(bytes, kReceived).status();

  CHECK(refused.message() == "message 1, Lookup: it asks for what is unknown");
}

TEST_CASE("a frame of many messages keeps their order, control messages first", "[wire]") {
  const Frame frame = frame_of({envelope_of(replication::ReplicateAck{{1}, {3, 1}}),
                                envelope_of(membership::Grant{.stamp = 2}),
                                envelope_of(replication::ReplicateAck{{1}, {3, 3}}),
                                envelope_of(membership::Grant{.stamp = 4})});

  std::string order;
  for (const node::Envelope& envelope : round_trip(frame).envelopes) {
    const auto* grant = std::get_if<membership::Grant>(&envelope.message);
    order += std::to_string(
        grant ? grant->stamp
              : std::get<replication::ReplicateAck>(envelope.message).version.sequence);
  }

  CHECK(order == "2413");
}

TEST_CASE("numbers arrive whole up to the greatest", "[wire]") {
  constexpr std::uint64_t kMax = ~std::uint64_t{0};
  constexpr Version kLast = {session::kEpochMax, session::kSequenceMax};
  Frame frame = frame_of({{.cluster = kMax,
                           .generation = kMax,
                           .epoch = kMax,
                           .from = {kMax},
                           .message = replication::Replicate{.segment = {65535},
                                                             .version = kLast,
                                                             .committed = kLast,
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
  check_round_trip(replication::Chunk{.copies = {{record, kSent - 1s}}});
}

TEST_CASE("the largest patch arrives whole", "[wire]") {
  Operation operation = {.verb = Verb::kPatch, .id = "s-1"};
  for (std::size_t i = 0; i < 2 * kAttributesMax; ++i) {
    operation.steps.push_back({std::string(kAttributeNameBytesMax, 'n'),
                               std::string(kAttributeValueBytesMax, static_cast<char>(i))});
  }

  check_round_trip(replication::Request{.number = 1, .operation = operation});
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

TEST_CASE("only the pieces of a transfer are bulk", "[wire]") {
  for (const Example& example : examples()) {
    INFO(example.name);
    const bool is_piece = example.name == "chunk" || example.name == "chunk_last";
    for (const node::Envelope& envelope : example.frame.envelopes) {
      CHECK(is_bulk(envelope.message) == is_piece);
    }
  }
}

// --- Times --------------------------------------------------------------------------------------

TEST_CASE("times are the receiver's, as long ago as they were for the sender", "[wire]") {
  const auto reply = round_trip_of(reply_with(record_made(kSent - 1h, kSent - 2s)));

  CHECK(reply.result.record->created_at() == kReceived - 1h);
  CHECK(reply.result.record->last_seen() == kReceived - 2s);
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

TEST_CASE("a copy, a result and a use say themselves when the session was last seen", "[wire]") {
  const RecordRef record = record_made(kSent - 1h, kSent - 30min);
  const auto chunk = round_trip_of(
      replication::Chunk{.copies = {{record, kSent - 2s}},
                         .remembered = {{.result = {.record = record, .last_seen = kSent - 3s}}}});
  const auto in_step = round_trip_of(
      replication::InStep{.remembered = {{.result = {.record = record, .last_seen = kSent - 4s}}}});
  const auto touched = round_trip_of(replication::Touched{.uses = {{"s-1", kSent - 5s}}});

  CHECK(chunk.copies[0].last_seen == kReceived - 2s);
  CHECK(chunk.copies[0].record->last_seen() == kReceived - 2s);
  CHECK(chunk.remembered[0].result.last_seen == kReceived - 3s);
  CHECK(chunk.remembered[0].result.record->last_seen() == kReceived - 3s);
  CHECK(in_step.remembered[0].result.last_seen == kReceived - 4s);
  CHECK(touched.uses[0].last_seen == kReceived - 5s);
}

TEST_CASE("a use from the future was just now, and none is older than sessions may be", "[wire]") {
  const auto touched = round_trip_of(
      replication::Touched{.uses = {{"s-1", kSent + 1s}, {"s-2", kSent - 2 * kAgeMax}}});

  CHECK(touched.uses[0].last_seen == kReceived);
  CHECK(touched.uses[1].last_seen == kReceived - kAgeMax);
}

TEST_CASE("waiting to be sent prolongs nothing", "[wire]") {
  const auto record = record_made(kSent - 10s, kSent - 5s);
  const auto request = replication::Request{.time_left = 250ms, .operation = {.id = "s-1"}};
  FrameDraft draft;
  REQUIRE(draft.add(envelope_of(reply_with(record)), kSent, kMessageBytesMax));
  REQUIRE(draft.add(envelope_of(request), kSent + 100ms, kMessageBytesMax));
  REQUIRE(draft.add(envelope_of(request), kSent - 1h, kMessageBytesMax));  // a clock read too early
  REQUIRE(draft.add(envelope_of(replication::Touched{.uses = {{"s-1", kSent - 5s}}}), kSent + 100ms,
                    kMessageBytesMax));

  const auto decoded =
      decode_frame(draft.finish({.number = 1, .from = {1}}, kSent + 300ms), kReceived);

  REQUIRE(decoded.ok());
  const auto& reply = std::get<replication::Reply>(decoded->envelopes[0].message);
  CHECK(reply.result.record->created_at() == kReceived - 10s - 300ms);
  CHECK(reply.result.last_seen == kReceived - 5s - 300ms);
  CHECK(std::get<replication::Request>(decoded->envelopes[1].message).time_left == 50ms);
  CHECK(std::get<replication::Request>(decoded->envelopes[2].message).time_left == 50ms);
  // Its last use was 5.1 s ago when it was added, and 5.3 s ago when it was sent.
  CHECK(std::get<replication::Touched>(decoded->envelopes[3].message).uses[0].last_seen ==
        kReceived - 5s - 300ms);
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

// From the first release on they never change.
TEST_CASE("the bytes of wire version 1 are these", "[wire]") {
  // Version, cluster, and incarnation; then that there is one message, and the number of the frame.
  const std::string sender = "0801 11c100000000000000 19edfe000000000000 ";
  const std::string header = sender + "3001 3801 ";
  const std::map<std::string, std::string> golden = {
      {"empty", sender + "3801"},
      {"hello", header + "427f080110031a790a07736f6a6f75726e1206617574682d301a0e3132372e30"
                         "2e302e313a3730303020022a0465617374308020380240c0843d4801500258de"
                         "0760016801700378c0c407800180c6868f018a01101600000000000000210000"
                         "0000000000920107080310ac021802980101a00188c407a9010b000000000000"
                         "00"},
      {"hello_alone", header + "4236080110031a300a07736f6a6f75726e1206617574682d301a0e3132372e30"
                               "2e302e313a373030302001308020380240c0843d48015001"},
      {"grant", header + "420a08011003220408c0c407"},
      {"prepare", header + "4213080110032a0d0a0b080711edfe000000000000"},
      {"promise", header + "421308011003320d0a0b080711edfe000000000000"},
      {"promise_accepted", header +
                               "42b8010801100332b1010a0b080711edfe000000000000120b08021116000000"
                               "000000001a94010a7e08031001180420022a250a06617574682d30120e313237"
                               "2e302e302e313a37303030190b00000000000000200130012a290a0661757468"
                               "2d31120a5b3a3a315d3a3730303119160000000000000020022a046561737430"
                               "0338012a220a077769746e657373120c7769746e6573733a3730303019210000"
                               "00000000003001120a020001010101000200011a06010200030301"},
      {"propose", header + "42ab01080110033aa4010a0b080711edfe0000000000001294010a7e08031001"
                           "180420022a250a06617574682d30120e3132372e302e302e313a37303030190b"
                           "00000000000000200130012a290a06617574682d31120a5b3a3a315d3a373030"
                           "3119160000000000000020022a0465617374300338012a220a077769746e6573"
                           "73120c7769746e6573733a373030301921000000000000003001120a02000101"
                           "0101000200011a06010200030301"},
      {"accept", header + "421308011003420d0a0b080711edfe000000000000"},
      {"refuse", header + "4220080110034a1a0a0b0802111600000000000000120b080711edfe00000000"
                          "0000"},
      {"decide", header + "429e01080110035297010a94010a7e08031001180420022a250a06617574682d"
                          "30120e3132372e302e302e313a37303030190b00000000000000200130012a29"
                          "0a06617574682d31120a5b3a3a315d3a3730303119160000000000000020022a"
                          "0465617374300338012a220a077769746e657373120c7769746e6573733a3730"
                          "30301921000000000000003001120a020001010101000200011a060102000303"
                          "01"},
      {"view_request", header + "4206080110035a00"},
      {"create", header + "4a2e01010300e807de0790a10f0103732d310203616e61880ec0d1020204026c"
                          "616e6764650405726f6c6561646d696e"},
      {"create_login", header + "4a1801010300e807de0790a10f0103732d310100880ec0d10200"},
      {"get", header + "4a1101010300e807de0790a10f0203732d3101"},
      {"peek", header + "4a1101010300e807de0790a10f0203732d3100"},
      {"touch", header + "4a1001010300e807de0790a10f0303732d31"},
      {"update", header + "4a2601010300e807de0790a10f0403732d310204026c616e6764650405726f6c"
                          "6561646d696e034c"},
      {"patch", header + "4a2a01010300e807de0790a10f0503732d310301046361727401330006636f75"
                         "706f6e0105656d7074790000"},
      {"patch_version", header + "4a2c01010300e807de0790a10f0503732d310301046361727401330006636f75"
                                 "706f6e0105656d7074790001034c"},
      {"authenticate", header + "4a3501010300e807de0790a10f0603732d3103616e61880ec0d1020301046361"
                                "727401330006636f75706f6e0105656d7074790001034c"},
      {"rotate", header + "4a1001010300e807de0790a10f0703732d31"},
      {"revoke", header + "4a1001010300e807de0790a10f0803732d31"},
      {"revoke_by_limit", header + "4a1201010300e807de0790a10f8803732d313200"},
      {"create_tab", header + "4a2c01010300e807de0790a10f8103732d310100880ec0d10200140210027431"
                              "120274310473746570036f747000"},
      {"create_remembered",
       header + "4a1d01010300e807de0790a10f8103732d310203616e61880ec0d102001000"},
      {"patch_tab", header + "4a3001010300e807de0790a10f8503732d310310027431120274310473746570"
                             "036f74701102743105747269657300133c00"},
      {"erase_tab", header + "4a1301010300e807de0790a10f1003732d31027431"},
      {"authenticate_kept", header +
                                "4a2001010300e807de0790a10f8603732d3103616e61880ec0d1020000101113"
                                "3c00"},
      {"rotate_overlap", header + "4a1301010300e807de0790a10f8703732d31123c00"},
      {"reply_more", header + "4a4a02010300e807000103732d31810008070000c0a80000030000004c000000"
                              "0000804a5d050000404b4c00000000101580c2d72f1603732d32170202743200"
                              "027431020101613101006200"},
      {"reply", header + "4a4302010300e807000103732d310203616e6108070000c0a80000030000004d"
                         "0000000000804a5d050000404b4c0000000204026c616e6764650405726f6c65"
                         "61646d696e"},
      {"reply_ok", header + "4a0802010300e8070000"},
      {"reply_error", header + "4a1702010300e807050f6e6f20737563682073657373696f6e"},
      {"replicate", header + "4a570301030009034d034cedfe000000000000e8070a0203732d32010203616e"
                             "6108070000c0a80000030000004d0000000000804a5d050000404b4c00000002"
                             "04026c616e6764650405726f6c6561646d696e03732d310003"},
      {"replicate_end", header + "4a2303010300090401034c000000000000000000000103732d3100c7034d0346"
                                 "0203616e61"},
      {"replicate_ack", header + "4a080401030009034d01"},
      {"committed", header + "4a070501030009034d"},
      {"touched", header + "4a1606010300050203732d3180897a03732d3280c8ceb40d"},
      {"touched_ack", header + "4a050701030005"},
      {"pull", header + "4a18080103000209efcdab9078563412ac020000000000000000"},
      {"in_step", header + "4a7a090103000209ac0202edfe000000000000e80709000103732d310203616e"
                           "6108070000c0a80000030000004d0000000000804a5d05000080841e00000002"
                           "04026c616e6764650405726f6c6561646d696eefbe00000000000007ac020000"
                           "02090c034c03ac0203034e040103732d320103732d310203616e6101"},
      {"chunk", header + "4a98010a010300090401000203732d310203616e6108070000c0a80000030000"
                         "004d0000000000804a5d05000080841e0000000204026c616e6764650405726f"
                         "6c6561646d696e03732d320203616e6108070000c0a80000030000004d000000"
                         "0000804a5d050000404b4c0000000204026c616e6764650405726f6c6561646d"
                         "696e020c034c0303034e040103732d320103732d310203616e6100"},
      {"chunk_last", header + "4a600a01030009040201000002edfe000000000000e80709000103732d310203"
                              "616e6108070000c0a80000030000004d0000000000804a5d05000080841e0000"
                              "000204026c616e6764650405726f6c6561646d696eefbe00000000000007ac02"
                              "0000"},
      {"chunk_ack", header + "4a070b010300090401"},
      {"pulled", header + "4a080c0103000209ac02"},
      {"delivered", header + "4a0d0d010300050209034cac020301"},
      {"delivered_ack", header + "4a050e01030005"},
      {"put_once", header + "4a1b01010300e807de0790a10f20063d7374617465056e6f6e6365d804"},
      {"take", header + "4a1301010300e807de0790a10f21063d7374617465"},
      {"get_traced", header + "4a2c01010300e807de0790a10f8203732d3101334bf92f3577b34da6a3ce929d"
                              "0e0e473600f067aa0ba902b70100"},
      {"take_traced", header + "4a2e01010300e807de0790a10fa1063d7374617465334bf92f3577b34da6a3ce"
                               "929d0e0e473600f067aa0ba902b70100"},
      {"look", header + "4a1101010300e807de0790a10f2204216a7469"},
      {"add", header + "4a1501010300e807de0790a10f23042b616e61ac02d804"},
      {"reset_counter", header + "4a1101010300e807de0790a10f24042b616e61"},
      {"revoke_token", header + "4a1301010300e807de0790a10f2504216a7469d804"},
      {"reply_value", header + "4a1d02010300e8070001063d7374617465056e6f6e6365d804034d8095f52a"},
      {"replicate_companions",
       header + "4a4f0301030009034d034cedfe000000000000e807e80703063d737461746520"
                "056e6f6e6365d804034d8095f52a042b616e6101ac02d804034d8095f52a0421"
                "6a746901d804034d8095f52ac000000000"},
      {"create_labelled", header + "4a3001010300e807de0790a10f8103732d310100880ec0d102003002080361"
                                   "70706d61696c0a057265616c6d626c75653100"},
      {"reply_labelled", header + "4a3902010300e807000103732d3181000807000008070000030000004d000000"
                                  "0000804a5d050000404b4c00000000300108036170706d61696c00"},
      {"gather_list", header + "4a1630010300e807de0790a10f300103616e6103732d3164"},
      {"gather_count", header + "4a1630010300e807de0790a10f310208036170706d61696c"},
      {"gather_end", header + "4a2930010300e807de0790a10f330103616e6103732d31020b00000000000000"
                              "05edfe000000000000e807"},
      {"gathered_list", header + "4a4631010300e807300000010103732d310203616e6108070000c0a800000300"
                                 "00004d0000000000804a5d05000080841e0000000204026c616e676465040572"
                                 "6f6c6561646d696e"},
      {"gathered_halt", header + "4a0b31010300e807320000e907"},
      {"gathered_error", header + "4a0d31010300e80733080466756c6c"},
      {"gathered_survey", header + "4a1b31010300e8073400000103732d3180897a01edfe00000000000007"},
      {"apply", header + "4a09320103000103616e61"},
      {"verdict", header + "4a1e33010300080103616e6101edfe00000000000007010b0000000000000009"},
      {"verdict_ack", header + "4a0a34010300080103616e61"},
      {"lookup", header + "4a0b0fe80780897a0303732d31"},
      {"lookup_touch", header + "4a0b0fe80780897a0103732d31"},
      {"found", header + "4a421000e80700000103732d310203616e6108070000c0a80000030000004d00"
                         "00000000804a5d05000080841e0000000204026c616e6764650405726f6c6561"
                         "646d696e"},
      {"found_packed_id", header +
                              "4a571000e8070000010001000000000000000000000000000000000000000000"
                              "00000203616e6108070000c0a80000030000004d0000000000804a5d05000080"
                              "841e0000000204026c616e6764650405726f6c6561646d696e"},
      {"found_nothing", header + "4a161000e80700050f6e6f20737563682073657373696f6e"},
      {"found_declined", header + "4a051000e80701"},
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
    CHECK(parsed.messages() == example.frame.messages());
    CHECK(to_hex(parsed.SerializeAsString()) == to_hex(bytes));
  }
}

// --- What is refused ----------------------------------------------------------------------------

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
       [](v1::Frame& f) { f.add_controls()->mutable_view_request(); }},
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

// All messages of the examples in one frame.
std::string frame_of_all_examples() {
  Frame frame = frame_of({});
  for (const Example& example : examples()) {
    for (const node::Envelope& envelope : example.frame.envelopes) {
      frame.envelopes.push_back(envelope);
    }
    for (const replication::Lookup& lookup : example.frame.lookups) {
      frame.lookups.push_back(lookup);
    }
    for (const replication::Found& found : example.frame.found) frame.found.push_back(found);
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

// Instrumented code is several times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kStep = 5;
#else
constexpr std::size_t kStep = 1;
#endif

TEST_CASE("a frame with flipped bits is refused or within all bounds", "[wire]") {
  SeededRandom random(7);
  const std::string bytes = frame_of_all_examples();
  std::size_t accepted = 0;

  const auto try_frame = [&](const std::string& spoiled) {
    const auto decoded = decode_frame(spoiled, kReceived);
    if (!decoded.ok()) return;
    // Decoding checks every bound, so what was accepted must pass again.
    const std::string encoded = encode_frame(*decoded, kReceived);
    const auto again = decode_frame(encoded, kReceived);
    REQUIRE(again.ok());
    REQUIRE(describe(*again, kReceived) == describe(*decoded, kReceived));
    ++accepted;
  };
  for (std::size_t bit = 0; bit < bytes.size() * 8; bit += kStep) {
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
