#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/time.h"
#include "replication/messages.h"
#include "replication/question.h"
#include "session/companion.h"
#include "session/record.h"
#include "sojourn/session.h"
#include "sojourn/version.h"
#include "wire/operation_format.h"

namespace sojourn::wire {

// Reads and checks the parts of operations. After the first that is not as it should be, everything
// reads as zero or empty and wrong() says what it was.
class PartReader {
 public:
  PartReader(std::string_view in, Time now) : in_(in), now_(now) {}

  bool at_end() const { return in_.at_end(); }
  bool ok() const { return in_.ok(); }
  const char* wrong() const {
    return wrong_ ? wrong_ : "it is cut short or has a malformed number";
  }

  void refuse(const char* why) {
    if (in_.ok()) wrong_ = why;
    in_.fail();
  }

  // How long the message that follows has waited until it was sent. Durations are as of its start.
  void set_waited(Duration waited) { waited_ = waited; }
  Duration waited() const { return waited_; }

  std::uint8_t byte() { return in_.byte(); }
  std::uint64_t integer() { return in_.varint(); }
  std::uint64_t fixed64() { return in_.fixed64(); }
  bool boolean();
  std::uint64_t integer_up_to(std::uint64_t max, const char* why);
  Duration duration(Duration max, const char* why);
  // By the clock of this member, what was that long ago when the message began to wait.
  Time time_of_age(Duration age) const { return now_ - std::min(age + waited_, kAgeMax); }
  Duration fixed_duration(Duration max, const char* why);
  std::string_view text(std::size_t size_max, const char* why);
  // Without its size before it.
  std::string_view bytes(std::size_t size, std::size_t size_max, const char* why);

  // Of a session; of a companion of that kind; of either.
  std::string_view id();
  std::string_view companion_id(session::Kind kind);
  std::string_view any_id();
  // Empty if there is none.
  std::string_view id_or_nothing();
  // A valid one.
  TraceContext trace();
  SegmentId segment();
  // A verb or a phase, and whether more fields follow behind the rest.
  std::uint8_t byte_with_more(bool& more);
  Phase phase_of(std::uint8_t value);
  std::string_view subject(Phase phase);
  Version version();
  std::optional<Version> expected();
  Lifetime lifetime();
  std::chrono::seconds lifetime_seconds() { return checked_lifetime(integer()); }
  std::chrono::seconds fixed_lifetime() { return checked_lifetime(in_.fixed<kLifetimeBytes>()); }
  // A view into the input. To `payload`, the bytes of the session so far, theirs are added.
  session::AttributeBlock attributes(std::size_t& payload);
  // Calls read(field) for what stands behind the rest, if `more` does; the field's value must be
  // read by it, and fields come in ascending order.
  template <typename Read>
  void more_fields(bool more, Read read) {
    std::uint8_t last = 0;
    while (more && ok()) {
      const std::uint8_t number = byte();
      if (number == 0) return;
      if (number <= last) refuse("fields are not in ascending order");
      last = number;
      if (ok()) read(static_cast<Field>(number));
    }
  }
  std::chrono::seconds seconds_up_to(std::chrono::seconds max, const char* why);
  std::string_view tab_name();
  // What of a session is not tabs has so many bytes.
  std::vector<session::TabView> tabs(std::size_t payload);
  std::vector<Attribute> owned_attributes(std::size_t payload);
  std::vector<Patch::Step> steps();
  // Views into the input, valid until the next call.
  const std::vector<std::string_view>& labels();
  std::vector<std::string> owned_labels();
  session::RecordRef record_with_id();
  session::RecordRef record(std::string_view id);
  replication::Operation operation();
  void companion_operation(replication::Operation& operation);
  replication::Result result();
  OperationId operation_id();
  std::uint64_t count();
  std::vector<SegmentId> segments();
  std::vector<replication::Remembered> remembered();
  std::vector<replication::Copy> copies();
  std::vector<OperationId> operation_ids();
  replication::Inquiry inquiry();
  replication::Key key();

  // A companion's: see sojourn/companions.h.
  std::string_view single_use_value();
  std::uint64_t count_from_one(const char* why);
  replication::Event event();
  // What happened by that write, whose entries have been read.
  void read_occurrence(replication::Replicate& replicate);

 private:
  // What follows the id, which the fields have.
  session::RecordRef record(session::RecordFields fields);
  session::RecordRef companion(std::string_view id);
  std::chrono::seconds checked_lifetime(std::uint64_t seconds);
  std::string_view attribute_name();
  std::string_view attribute_value();
  std::uint64_t attribute_count();
  // Whose name comes behind that one.
  session::AttributeView attribute(std::string_view behind);
  // Calls visit(attribute) for each of so many.
  template <typename Visit>
  void for_each_attribute(std::uint64_t count, std::size_t& payload, Visit visit);
  void read_arguments(replication::Operation& operation);
  void read_more(replication::Operation& operation, bool more);
  replication::Cause cause_of(std::uint8_t value);

  ByteReader in_;
  const Time now_;
  Duration waited_ = {};
  const char* wrong_ = nullptr;
  std::vector<std::string_view> labels_;
};

}  // namespace sojourn::wire
