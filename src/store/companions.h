#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "replication/operation.h"
#include "session/companion.h"
#include "sojourn/companions.h"

namespace sojourn::store {

// Between the calls of Store for companions and the operations that carry them out: pure functions.

// Each checks what the caller gave; kInvalidArgument names what is wrong.
absl::StatusOr<replication::Operation> put_once(std::string_view name, std::string value,
                                                std::chrono::seconds lifetime);
absl::StatusOr<replication::Operation> take(std::string_view name);
absl::StatusOr<replication::Operation> look(session::Kind kind, std::string_view name);
absl::StatusOr<replication::Operation> add(std::string_view name, std::uint64_t amount,
                                           std::chrono::seconds lifetime);
absl::StatusOr<replication::Operation> reset_counter(std::string_view name);
absl::StatusOr<replication::Operation> revoke_token(std::string_view token_id,
                                                    std::chrono::seconds lifetime);

// What the results mean to the caller. `now` is the time of this member's clock.
absl::StatusOr<std::string> value_of(const replication::Result& result);
// What is absent counts nothing.
absl::StatusOr<Counter> counter_of(const replication::Result& result, Time now);
// True if it is there, false if its owner says that it is not, and an error otherwise.
absl::StatusOr<bool> revoked_of(const replication::Result& result);

}  // namespace sojourn::store
