#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sojourn/session.h"

namespace sojourn::session {

// The bounds of sojourn/session.h as checks. Each answers OK, or kInvalidArgument with a message
// that names what is wrong and does not repeat values.

inline constexpr std::chrono::seconds kLifetimeMax = std::chrono::hours(24 * 400);
// For how long an id that was given up may still be read.
inline constexpr std::chrono::seconds kOverlapMax = std::chrono::seconds(60);

// Of versions. A member would have to install a view a second for 136 years, or write a million
// times a second to one segment for 8 years under one view.
inline constexpr std::uint64_t kEpochMax = (std::uint64_t{1} << 32) - 1;
inline constexpr std::uint64_t kSequenceMax = (std::uint64_t{1} << 48) - 1;

absl::Status check_subject(std::string_view subject);
absl::Status check_attribute_name(std::string_view name);
absl::Status check_attribute(std::string_view name, std::string_view value);
absl::Status check_tab_name(std::string_view name);
absl::Status check_overlap(std::chrono::seconds overlap);
absl::Status check_lifetime(const Lifetime& lifetime);
absl::Status check_label(const Label& label);
absl::Status check_labels(const std::vector<Label>& labels);
absl::Status check_new_session(const NewSession& session);
absl::Status check_patch(const Patch& patch);
// Of a patch that comes with authenticating, which gives labels and drops all tabs.
absl::Status check_authentication(const Patch& patch);

// All attributes of a session of that subject, or kResourceExhausted if they are too much together.
absl::Status check_attributes(const std::vector<Attribute>& attributes, std::string_view subject);

// kResourceExhausted when a session of so many attributes and payload bytes (subject, names and
// values) would be too large.
absl::Status check_size(std::size_t attributes, std::size_t payload_bytes);

}  // namespace sojourn::session
