#pragma once

#include <absl/functional/function_ref.h>

#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "replication/event.h"
#include "replication/messages.h"
#include "replication/operation.h"

namespace sojourn::replication {

// What an operation does to a session, before anybody did it.
struct Evaluation {
  // How it ends: OK, or why it has no effect.
  absl::Status status = {};
  // What it leaves behind, to be applied together; empty if it changes nothing. The first is the
  // answer, if there is one.
  Entries entries = {};
  // The session to answer with; none for kRevoke.
  session::RecordRef answer = {};
  // What subscribers are told of it.
  Cause cause = Cause::kNothing;
};

// Nothing is changed, and this is the answer.
inline Evaluation refuse(absl::Status status) { return {.status = std::move(status)}; }

// Carries a mutation out on paper. `current` is the live session of the operation's id, or null;
// `version` is what the write will have, `now` when it happens; `draw_id` draws a fresh id in the
// same segment. Pure but for draw_id.
Evaluation evaluate(const Operation& operation, const session::Record* current, Time now,
                    Version version, absl::FunctionRef<std::string()> draw_id);

}  // namespace sojourn::replication
