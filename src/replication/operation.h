#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "replication/event.h"
#include "session/record.h"
#include "sojourn/session.h"
#include "sojourn/tracing.h"
#include "sojourn/version.h"

namespace sojourn::replication {

// What a caller may ask of a session's owner. The numbers stand on the wire.
enum class Verb : std::uint8_t {
  kCreate = 1,
  kGet = 2,
  kTouch = 3,
  kUpdate = 4,
  kPatch = 5,
  kAuthenticate = 6,
  kRotate = 7,
  kRevoke = 8,
  kEraseTab = 16,

  // Of companions: see sojourn/companions.h.
  kPutOnce = 32,
  kTake = 33,
  kLook = 34,
  kAdd = 35,
  kResetCounter = 36,
  kRevokeToken = 37,
};

// As operators read it.
constexpr std::string_view verb_name(Verb verb) {
  switch (verb) {
    case Verb::kCreate:
      return "create";
    case Verb::kGet:
      return "get";
    case Verb::kTouch:
      return "touch";
    case Verb::kUpdate:
      return "update";
    case Verb::kPatch:
      return "patch";
    case Verb::kAuthenticate:
      return "authenticate";
    case Verb::kRotate:
      return "rotate";
    case Verb::kRevoke:
      return "revoke";
    case Verb::kEraseTab:
      return "erase_tab";
    case Verb::kPutOnce:
      return "put_once";
    case Verb::kTake:
      return "take";
    case Verb::kLook:
      return "look";
    case Verb::kAdd:
      return "add";
    case Verb::kResetCounter:
      return "reset_counter";
    case Verb::kRevokeToken:
      return "revoke_token";
  }
  return "unknown";
}

constexpr bool is_read(Verb verb) {
  return verb == Verb::kGet || verb == Verb::kTouch || verb == Verb::kLook;
}

constexpr bool is_companion_verb(Verb verb) {
  return verb >= Verb::kPutOnce && verb <= Verb::kRevokeToken;
}

// Whether the verb does the same whatever was under its id before: then it needs not be known
// whether something there was lost.
constexpr bool ignores_losses(Verb verb) {
  return verb == Verb::kCreate || verb == Verb::kRevoke || verb == Verb::kResetCounter ||
         verb == Verb::kRevokeToken;
}

// One thing to do with one session: whichever fields its verb uses, the others empty.
struct Operation {
  Verb verb = Verb::kGet;
  // The session or the companion; for kCreate the id that it shall have.
  std::string id = {};
  // kGet: whether the read counts as use.
  bool touch = true;
  // kCreate.
  Phase phase = Phase::kLogin;
  // kCreate of an active session, kAuthenticate.
  std::string subject = {};
  // kCreate, kAuthenticate; kPutOnce, kAdd and kRevokeToken, which use `absolute` only.
  Lifetime lifetime = {};
  // kCreate, kUpdate: all attributes, ordered by name.
  std::vector<Attribute> attributes = {};
  // kPatch, kAuthenticate: changes in order. kCreate of a login in progress: its tabs, as changes.
  std::vector<Patch::Step> steps = {};
  // kCreate, kAuthenticate: keys of labels, ordered, none twice.
  std::vector<std::string> labels = {};
  // kCreate, kAuthenticate: all sessions of its subject, or of one of its labels, were ended after
  // it was called. It must not make another.
  bool overtaken = false;
  // kUpdate always; kPatch and kAuthenticate if the caller expects a version.
  std::optional<Version> expected_version = {};
  // kCreate of an active session, kAuthenticate: the user asked to be remembered. What that means
  // for its lifetime stands in `lifetime` already.
  bool remembered = false;
  // kAuthenticate: the id stays.
  bool keep_id = false;
  // kRotate: for how long the old id may still be read; up to session::kOverlapMax.
  std::chrono::seconds overlap = {};
  // kPatch, kAuthenticate: the session ends so long after, at the latest.
  std::optional<std::chrono::seconds> time_left = {};
  // kEraseTab.
  std::string tab = {};
  // kRevoke: what subscribers are told of it. Of a member's own, kRevokedByLimit at most travels.
  Cause cause = Cause::kRevoked;
  // kPutOnce.
  std::string value = {};
  // kAdd.
  std::uint64_t amount = 0;
  // Of any verb: the caller's span, if it is traced. Means nothing to the operation.
  TraceContext trace = {};
};

// How an operation ended, with the session or companion where the verb answers one: kTake the one
// that it took. kTouch, kRevoke, kPutOnce, kResetCounter and kRevokeToken answer none, nor does the
// kEraseTab that ends the session; where a repeat of one does, it means nothing.
struct Result {
  absl::Status status = {};
  session::RecordRef record = {};
  // The record's last use, by the clock of the member that holds this value.
  Time last_seen = {};
};

}  // namespace sojourn::replication
