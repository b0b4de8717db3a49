#pragma once

#include <chrono>
#include <vector>

#include "session/record.h"
#include "sojourn/session.h"

namespace sojourn::session {

// What the store may do with a Session and its users may not.
class Access {
 public:
  // `wall_offset` is added to node times to give wall-clock times.
  static Session make(RecordRef record, Time last_seen, std::chrono::microseconds wall_offset) {
    return Session(record.leak(), wall_offset, last_seen.time_since_epoch());
  }

  // The record as the store gave it out.
  static const Record& record(const Session& session) { return *session.record_; }

  // When it was last seen as of the answer, by the node's clock, and what is added to that clock's
  // times to give wall-clock times.
  static Time last_seen(const Session& session) { return Time(session.last_seen_); }
  static std::chrono::microseconds wall_offset(const Session& session) {
    return session.wall_offset_;
  }

  // Moved out of a new session.
  static std::string take_subject(NewSession& session) { return std::move(session.subject_); }
  static std::vector<Attribute> take_attributes(NewSession& session) {
    return std::move(session.attributes_);
  }

  // All attributes of this copy, changed ones included, ordered by name.
  static std::vector<Attribute> attributes(const Session& session);
};

}  // namespace sojourn::session
