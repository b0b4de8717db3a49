#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "session/attribute_block.h"
#include "sojourn/companions.h"
#include "sojourn/session.h"
#include "support/catch.h"
#include "unit/wire/malformed.h"
#include "unit/wire/messages.h"
#include "wire/bounds.h"
#include "wire/frame.h"
#include "wire/operation_format.h"

namespace sojourn::wire {
namespace {

using session::AttributeBlock;

// Puts an operation together byte by byte.
class Bytes {
 public:
  Bytes number(std::uint64_t value) && {
    ByteWriter(bytes_).varint(value);
    return std::move(*this);
  }
  template <std::size_t kBytes = 8>
  Bytes fixed(std::uint64_t value) && {
    ByteWriter(bytes_).fixed<kBytes>(value);
    return std::move(*this);
  }
  Bytes byte(std::uint8_t value) && {
    ByteWriter(bytes_).byte(value);
    return std::move(*this);
  }
  Bytes text(std::string_view value) && {
    ByteWriter(bytes_).string(value);
    return std::move(*this);
  }

  Bytes attribute(std::string_view name, std::string_view value) && {
    std::string block(AttributeBlock::size_of({{{name, value}}}), '\0');
    AttributeBlock::write(block.data(), {{{name, value}}});
    ByteWriter(bytes_).bytes(block);
    return std::move(*this);
  }
  // What stands in a session's record between its subject and its attributes.
  Bytes numbers(std::uint64_t age, std::uint64_t unseen) && {
    return std::move(*this)
        .fixed<kLifetimeBytes>(1800)
        .fixed<kLifetimeBytes>(1800)
        .fixed<kEpochBytes>(3)
        .fixed<kSequenceBytes>(77)
        .fixed<kAgeBytes>(age)
        .fixed<kAgeBytes>(unseen);
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
  return reply().number(0).number(1).text("s-1").number(1).text("").numbers(age, unseen).number(0);
}
Bytes replicate() {
  return operation(3).number(9).number(3).number(77).number(3).number(76).fixed(0).number(0).number(
      0);
}

TEST_CASE("a malformed operation is refused with what is wrong", "[wire]") {
  const std::string value(kAttributeValueBytesMax, 'v');
  const std::string id = "Request: a session id is not made of characters of [A-Za-z0-9_-]";
  const std::string lifetime = "Request: a lifetime is not between 1 s and 400 days";
  const std::string subject = "Request: the subject is too long or cut short";
  const std::string malformed = ": it is cut short or has a malformed number";
  const std::vector<Refused> rows = {
      {"of no kind: its kind is unknown", operation(0).frame()},
      {"of no kind: its kind is unknown", operation(47).frame()},
      {"Committed: it began to wait after the frame was sent", Bytes()
                                                                   .number(5)
                                                                   .number(1)
                                                                   .number(3)
                                                                   .number(1000001)
                                                                   .number(9)
                                                                   .number(3)
                                                                   .number(77)
                                                                   .frame()},

      {"Reply: a packed id is cut short", reply().number(0).number(1).number(0).frame()},
      {"Reply: an id is not packed",
       reply().number(0).number(1).text(std::string(32, 'A')).frame()},

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
      {"Request: an attribute's name is empty", create().number(1).attribute("", "").frame()},
      {"Request: an attribute's name is too long or cut short",
       create().number(1).attribute(std::string(65, 'n'), "").frame()},
      {"Request: an attribute's value is too long or cut short",
       create().number(1).attribute("a", value + "v").frame()},
      {"Request: attributes are not ordered by name",
       create().number(2).attribute("b", "").attribute("a", "").frame()},
      {"Request: attributes are not ordered by name",
       create().number(2).attribute("a", "").attribute("a", "").frame()},
      {"Request: a session has more than 64 KiB", create()
                                                      .number(4)
                                                      .attribute("a", value)
                                                      .attribute("b", value)
                                                      .attribute("c", value)
                                                      .attribute("d", value)
                                                      .frame()},
      {"Request" + malformed, create().number(64).frame()},
      {"Request: an attribute's name is too long or cut short",
       create().number(1).byte(2).byte(0).byte('n').frame()},
      {"Request: an attribute's value is too long or cut short",
       create().number(1).byte(1).byte(2).byte('n').byte('v').frame()},
      {"Request: a value's size has a byte too many",
       create().number(1).byte(1).byte(0x80).byte(1).byte('n').byte('v').frame()},
      {"Request: a patch has more than 128 steps", patch().number(129).frame()},
      {"Request: a patch does something unknown", patch().number(1).number(2).text("a").frame()},
      {"Request: an attribute's name is empty", patch().number(1).number(0).text("").frame()},
      {"Request: an attribute's value is too long or cut short",
       patch().number(1).number(1).text("a").text(value + "v").frame()},
      {"Request: an active session has no subject", request(6).text("").frame()},

      {"Reply: the status code is unknown", reply().number(17).text("").frame()},
      {"Reply: the status text is too long or cut short",
       reply().number(5).text(std::string(513, 'x')).frame()},
      {"Reply: a lifetime is not between 1 s and 400 days", reply()
                                                                .number(0)
                                                                .number(1)
                                                                .text("s-1")
                                                                .number(1)
                                                                .text("")
                                                                .fixed<kLifetimeBytes>(1800)
                                                                .fixed<kLifetimeBytes>(kTooLong)
                                                                .frame()},
      {"Reply: a session is older than it may be", record(kTooOld, 0).frame()},
      {"Reply: a session was last seen before it was made", record(5, 6).frame()},

      {"Replicate: its caller has settled calls below zero", operation(3)
                                                                 .number(9)
                                                                 .number(3)
                                                                 .number(77)
                                                                 .number(3)
                                                                 .number(76)
                                                                 .fixed(7)
                                                                 .number(5)
                                                                 .number(6)
                                                                 .frame()},
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
  CHECK(error_of(replicate().number(0).byte(0).frame()) == "none");
  check_refused(rows);
}

// A request of that verb behind which more fields follow.
Bytes request_with_more(std::uint8_t verb, std::string_view id = "s-1") {
  return operation(1).number(1000).number(990).number(250000).byte(verb | 0x80).text(id);
}
// A login behind which more fields follow.
Bytes record_with_more(std::uint8_t phase = 1) {
  return reply()
      .number(0)
      .number(1)
      .text("s-1")
      .byte(phase | 0x80)
      .text(phase == 1 ? "" : "ana")
      .numbers(6, 6)
      .number(0);
}

TEST_CASE("a malformed part of a session's life is refused with what is wrong", "[wire]") {
  const std::string belongs = "Request: a field does not belong to the verb";
  const std::string overlap = "Request: an overlap is not between 1 s and 60 s";
  const std::string tab = "Request: a tab's name is too long or cut short";
  const std::vector<Refused> rows = {
      {"Request: the verb is unknown", request_with_more(9).frame()},
      {"Request: an operation has an unknown field", request_with_more(7).number(24).frame()},
      {belongs, request_with_more(7).number(16).number(0).frame()},
      {belongs, request_with_more(8).number(17).number(0).frame()},
      {belongs, request_with_more(8).number(18).number(1).number(0).frame()},
      {belongs, request_with_more(7).number(19).number(1).number(0).frame()},
      {belongs, request_with_more(7).number(20).number(0).number(0).frame()},
      {belongs, request_with_more(7).number(50).number(0).frame()},
      {"Request: a trace has no id",
       request_with_more(7).number(51).text(std::string(23, '\0')).byte(1).number(0).frame()},
      {overlap, request_with_more(7).number(18).number(0).number(0).frame()},
      {overlap, request_with_more(7).number(18).number(61).number(0).frame()},
      {"Request: fields are not in ascending order",
       request_with_more(7).number(18).number(60).number(18).number(60).number(0).frame()},
      {"Request: it is cut short or has a malformed number",
       request_with_more(7).number(18).number(60).frame()},
      {"Request: a lifetime is not between 1 s and 400 days",
       request_with_more(5).number(0).number(0).number(19).number(0).frame()},
      {"Request: authenticating drops all tabs", request(6)
                                                     .text("ana")
                                                     .number(1800)
                                                     .number(1800)
                                                     .number(1)
                                                     .number(16)
                                                     .text("t1")
                                                     .number(0)
                                                     .frame()},
      {"Request: a patch does something unknown", patch().number(1).number(19).frame()},
      {"Request: a tab's name is empty", patch().number(1).number(16).text("").frame()},
      {tab, patch().number(1).number(16).text(std::string(65, 't')).frame()},
      {"Request: an attribute's name is empty",
       patch().number(1).number(17).text("t1").text("").frame()},
      {"Request: a tab's name is empty", request(16).text("").frame()},
      {tab, request(16).text(std::string(65, 't')).frame()},
      {"Reply: a session has an unknown field", record_with_more().number(17).frame()},
      {"Reply: a session was shortened to more than it may be",
       record_with_more().number(21).number(kTooOld).frame()},
      {"Reply: a session id is not made of characters of [A-Za-z0-9_-]",
       record_with_more().number(22).text("a.b").frame()},
      {"Reply: an active session has tabs", record_with_more(2).number(23).number(1).frame()},
      {"Reply: a session has more than 300 tabs",
       record_with_more().number(23).number(301).frame()},
      {"Reply: a session is said to have tabs and has none",
       record_with_more().number(23).number(0).number(0).frame()},
      {"Reply: two tabs have the same name", record_with_more()
                                                 .number(23)
                                                 .number(2)
                                                 .text("t1")
                                                 .number(0)
                                                 .text("t1")
                                                 .number(0)
                                                 .number(0)
                                                 .frame()},
  };

  CHECK(error_of(request_with_more(7).number(18).number(60).number(0).frame()) == "none");
  CHECK(error_of(record_with_more().number(16).number(0).frame()) == "none");
  CHECK(error_of(request(16).text("t1").frame()) == "none");
  check_refused(rows);
}

Bytes touched() { return operation(6).number(5); }
// A write that leaves nothing behind under one id, up to what happened.
Bytes deletion() {
  return operation(3)
      .number(9)
      .number(3)
      .number(77)
      .number(3)
      .number(76)
      .fixed(0)
      .number(0)
      .number(0)
      .number(1)
      .text("s-1")
      .byte(0);
}
// An event of an id that began to be, up to its phase.
Bytes event(std::uint8_t cause) {
  return operation(9)
      .number(0)
      .number(0)
      .number(1)
      .number(9)
      .byte(cause)
      .number(3)
      .number(77)
      .number(3)
      .number(77)
      .text("s-1")
      .byte(0);
}
Bytes chunk() { return operation(10).number(9).number(4).number(1).number(0); }

TEST_CASE("a malformed message between primary and backup is refused with what is wrong",
          "[wire]") {
  const std::string malformed = ": it is cut short or has a malformed number";
  const std::string many = ": it lists more than 65536 items";
  const std::string segment = ": the segment's number is beyond 65535";
  const std::vector<Refused> rows = {
      {"Touched" + malformed, operation(6).frame()},
      {"Touched" + many, touched().number(65537).frame()},
      {"Touched: a session id is too long or cut short", touched().number(1).frame()},
      {"Touched: a session id is not made of characters of [A-Za-z0-9_-]",
       touched().number(1).text("a.b").number(0).frame()},
      {"Touched: a session was last seen longer ago than it may be",
       touched().number(1).text("s-1").number(kTooOld).frame()},
      {"TouchedAck" + malformed, operation(7).frame()},

      {"Pull" + malformed, operation(8).frame()},
      {"Pull" + many, operation(8).number(65537).frame()},
      {"Pull" + segment, operation(8).number(1).number(65536).fixed(0).frame()},
      {"Pull" + malformed, operation(8).number(1).number(9).number(0).frame()},

      {"InStep" + many, operation(9).number(65537).frame()},
      {"InStep" + segment, operation(9).number(1).number(65536).number(0).frame()},
      {"InStep" + many, operation(9).number(0).number(65537).frame()},
      {"InStep" + segment,
       operation(9).number(0).number(1).fixed(1).number(1).number(65536).frame()},
      {"InStep: the status code is unknown",
       operation(9).number(0).number(1).fixed(1).number(1).number(9).number(17).frame()},
      {"InStep" + malformed, operation(9).number(0).number(1).fixed(1).frame()},

      {"Replicate: what happened is unknown", deletion().byte(13).frame()},
      {"Replicate: a write is of no event that was missed", deletion().byte(12).frame()},
      {"Replicate: what happened does not go with what it leaves behind",
       deletion().byte(4).frame()},
      {"Replicate: what happened does not go with what it leaves behind", operation(3)
                                                                              .number(9)
                                                                              .number(3)
                                                                              .number(77)
                                                                              .number(3)
                                                                              .number(76)
                                                                              .fixed(0)
                                                                              .number(0)
                                                                              .number(0)
                                                                              .number(0)
                                                                              .byte(5)
                                                                              .number(1)
                                                                              .text("")
                                                                              .frame()},
      {"Replicate: a number is the version, and is said to be another",
       deletion().byte(0x80).number(3).number(77).frame()},
      {"Replicate: a number is the version, and is said to be another",
       deletion().byte(0x40).number(3).number(77).frame()},
      {"Replicate: the phase is unknown", deletion().byte(5).number(3).frame()},
      {"Replicate: an active session has no subject",
       deletion().byte(5).number(2).text("").frame()},
      {"Replicate" + malformed, deletion().frame()},
      {"ReplicateAck: a boolean is neither 0 nor 1",
       operation(4).number(9).number(3).number(77).number(2).frame()},
      {"InStep: an event is of nothing", event(0).frame()},
      {"InStep: what happened is unknown", event(13).frame()},
      {"InStep: no event is missed", operation(9)
                                         .number(0)
                                         .number(0)
                                         .number(1)
                                         .number(9)
                                         .byte(12)
                                         .number(3)
                                         .number(77)
                                         .number(0)
                                         .frame()},
      {"InStep: a login in progress has a subject",
       event(1).number(1).text("ana").number(1).frame()},
      {"InStep" + many, operation(9).number(0).number(0).number(65537).frame()},
      {"Delivered" + segment, operation(13).number(5).number(1).number(65536).frame()},
      {"Delivered" + many, operation(13).number(5).number(65537).frame()},
      {"DeliveredAck" + malformed, operation(14).frame()},

      {"Chunk" + segment, operation(10).number(65536).frame()},
      {"Chunk: a chunk's index has more than 32 bits",
       operation(10).number(9).number(4).number(1ULL << 32).frame()},
      {"Chunk: a boolean is neither 0 nor 1",
       operation(10).number(9).number(4).number(1).number(2).frame()},
      {"Chunk" + many, chunk().number(65537).frame()},
      {"Chunk: a packed id is cut short", chunk().number(1).text("").frame()},
      {"Chunk: the phase is unknown", chunk().number(1).text("s-1").number(3).frame()},
      {"Chunk" + many, chunk().number(0).number(65537).frame()},
      {"Chunk" + many, chunk().number(0).number(0).number(65537).frame()},
      {"Chunk" + malformed, chunk().number(0).number(0).frame()},
      {"ChunkAck: a chunk's index has more than 32 bits",
       operation(11).number(9).number(4).number(1ULL << 32).frame()},
      {"ChunkAck" + malformed, operation(11).number(9).number(4).frame()},

      {"Pulled" + segment, operation(12).number(1).number(65536).frame()},
      {"Pulled" + many, operation(12).number(65537).frame()},
  };

  CHECK(error_of(touched().number(0).frame()) == "none");
  CHECK(error_of(operation(8).number(0).frame()) == "none");
  CHECK(error_of(operation(9).number(0).number(0).number(0).number(1).frame()) == "none");
  CHECK(error_of(chunk().number(0).number(0).number(0).frame()) == "none");
  CHECK(error_of(deletion().byte(5).number(2).text("ana").frame()) == "none");
  CHECK(error_of(event(1).number(1).text("").number(1).frame()) == "none");
  check_refused(rows);
}

TEST_CASE("a malformed companion is refused with what is wrong", "[wire]") {
  const std::string too_long(201, 'n');
  const std::string value(kSingleUseValueBytesMax + 1, 'v');
  const std::string kind = "Request: it is about another kind of companion";
  const std::string name = "a companion's name is too long or cut short";
  const std::string lifetime = "Request: a lifetime is not between 1 s and 400 days";
  const std::string amount = "Request: an amount is not between 1 and 2^63 - 1";
  const auto answered = [](std::string_view id) { return reply().number(0).number(1).text(id); };
  const std::vector<Refused> rows = {
      {"Request: the verb is unknown", request(31).frame()},
      {"Request: the verb is unknown", request(38).frame()},
      {"Request: a field does not belong to the verb",
       request_with_more(33, "=state").number(17).number(0).frame()},

      // Sessions and companions are never taken for each other.
      {"Request: a session id is not made of characters of [A-Za-z0-9_-]",
       request(2, "=state").frame()},
      {"Request: a session id is not made of characters of [A-Za-z0-9_-]",
       request(8, "!jti").frame()},
      {kind, request(32, "s-1").frame()},
      {kind, request(32, "+ana").frame()},
      {kind, request(33, "!jti").frame()},
      {kind, request(35, "=state").frame()},
      {kind, request(36, "=state").frame()},
      {kind, request(37, "+ana").frame()},
      {"Request: it is about a session", request(34, "s-1").frame()},

      {kind, request(33, "").frame()},
      {"Request: a companion's name is empty", request(33, "=").frame()},
      {"Request: a companion's name is empty", request(34, "!").frame()},
      {"Request: " + name, request(33, "=" + too_long).frame()},
      {"Request: a value is too long or cut short", request(32, "=state").text(value).frame()},
      {lifetime, request(32, "=state").text("").number(0).frame()},
      {lifetime, request(37, "!jti").number(kTooLong).frame()},
      {amount, request(35, "+ana").number(0).number(60).frame()},
      {amount, request(35, "+ana").number(1ULL << 63).number(60).frame()},

      {"Reply: a companion's name is empty", answered("=").frame()},
      {"Reply: a value is too long or cut short", answered("=state").text(value).frame()},
      {"Reply: a count is not between 1 and 2^63 - 1", answered("+ana").number(0).frame()},
      {"Reply: a lifetime is not between 1 s and 400 days", answered("!jti").number(0).frame()},
      {"Reply: a companion is older than it may be",
       answered("!jti").number(60).number(3).number(77).number(kTooOld).frame()},

      {"Replicate: an entry is of an unknown kind",
       replicate().number(1).text("=state").number(2).frame()},
      {"Touched: a session id is not made of characters of [A-Za-z0-9_-]",
       operation(6).number(1).number(1).text("+ana").number(0).frame()},
  };

  check_refused(rows);
}

TEST_CASE("lists of all segments arrive whole", "[wire]") {
  replication::Pull pull;
  replication::Pulled pulled;
  for (std::uint32_t segment = 0; segment < kSegmentsMax; ++segment) {
    pull.segments.push_back({{segment}, ~std::uint64_t{segment}});
    pulled.segments.push_back({segment});
  }
  const Frame frame = frame_of({envelope_of(pull), envelope_of(pulled)});

  const absl::StatusOr<Frame> decoded = decode_frame(encode_frame(frame, kSent), kSent);

  REQUIRE(decoded.ok());
  CHECK(describe(*decoded, kSent) == describe(frame, kSent));
}

TEST_CASE("an error does not repeat what it is about", "[wire]") {
  const std::string error = error_of(request(3, "secret.secret").frame());

  CHECK(error.find("secret") == std::string::npos);
}

}  // namespace
}  // namespace sojourn::wire
