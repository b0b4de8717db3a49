#pragma once

#include <sojourn/v1/admin.pb.h>

#include <nlohmann/json.hpp>
#include <string>

namespace sojournctl {

namespace v1 = sojourn::v1;

// What a member told, for people and as JSON. Pure functions. Times are of the answer; JSON has
// milliseconds. Texts that are no printable UTF-8 are escaped as in C.

std::string status_text(const v1::Snapshot& snapshot);
nlohmann::ordered_json status_json(const v1::Snapshot& snapshot);

std::string members_text(const v1::Snapshot& snapshot);
nlohmann::ordered_json members_json(const v1::Snapshot& snapshot);

// Why the owner is the owner, in words.
std::string why_owner(const v1::OwnerReply& reply);
std::string owner_text(const v1::OwnerReply& reply);
nlohmann::ordered_json owner_json(const v1::OwnerReply& reply);

std::string sessions_text(const v1::SessionsReply& page);
nlohmann::ordered_json session_json(const v1::SessionSummary& session);

}  // namespace sojournctl
