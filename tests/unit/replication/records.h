#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "session/record.h"

namespace sojourn::replication {

// When all sessions were made and last seen.
inline constexpr Time kMade = Time(std::chrono::hours(1));

// A session of that id and version, with an attribute of so many bytes.
inline session::RecordRef make_record(std::string_view id, Version version = {1, 1},
                                      std::size_t bytes = 1) {
  const std::string value(bytes, 'x');
  const std::vector<session::AttributeView> attributes = {{"name", value}};
  return session::Record::make({.id = id,
                                .phase = Phase::kActive,
                                .subject = "ana",
                                .lifetime = {std::chrono::minutes(30), std::chrono::hours(12)},
                                .version = version,
                                .created_at = kMade,
                                .last_seen = kMade,
                                .attributes = attributes});
}

}  // namespace sojourn::replication
