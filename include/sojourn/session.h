#pragma once

#include <absl/status/statusor.h>
#include <sojourn/export.h>
#include <sojourn/session_id.h>
#include <sojourn/version.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sojourn {

namespace session {
class Record;
class RecordRef;
class Access;
}  // namespace session

// Bounds of one session. They are enforced where a session enters the store; a request beyond them
// is answered kInvalidArgument and changes nothing.
inline constexpr std::size_t kAttributesMax = 64;
inline constexpr std::size_t kAttributeNameBytesMax = 64;
inline constexpr std::size_t kAttributeValueBytesMax = 16 * 1024;
inline constexpr std::size_t kSubjectBytesMax = 256;
inline constexpr std::size_t kSessionBytesMax = 64 * 1024;

// How long a session may live: `idle` since it was last used, and `absolute` since it was created,
// whichever ends first (OWASP: both are enforced on the server). Whole seconds, at least 1 each, at
// most 400 days.
struct Lifetime {
  std::chrono::seconds idle = std::chrono::minutes(30);
  std::chrono::seconds absolute = std::chrono::hours(12);

  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

// What a session is for: a login that has not been completed, or a user's session.
enum class Phase : std::uint8_t { kLogin = 1, kActive = 2 };

// Name and value of one attribute. Both are bytes; names are 1 to 64 of them.
struct Attribute {
  std::string name = {};
  std::string value = {};

  friend bool operator==(const Attribute&, const Attribute&) = default;
};

// What Store::async_create makes. A class with constructors, not an aggregate, because g++ 12
// miscompiles owning aggregates inside a co_await expression.
//
//   store.async_create(NewSession("ana").with("role", "admin"), token);
class SOJOURN_EXPORT NewSession {
 public:
  // A login in progress: no subject yet, 30 minutes at most.
  NewSession();

  // A session of `subject`, who is already authenticated. 1 to 256 bytes.
  explicit NewSession(std::string subject);

  // Adds an attribute; the last value given for a name counts.
  NewSession&& with(std::string name, std::string value) &&;
  NewSession& with(std::string name, std::string value) &;

  // Replaces the store's default lifetime for this session.
  NewSession&& lasting(Lifetime lifetime) &&;
  NewSession& lasting(Lifetime lifetime) &;

  Phase phase() const { return phase_; }
  std::string_view subject() const { return subject_; }
  const std::vector<Attribute>& attributes() const { return attributes_; }
  const std::optional<Lifetime>& lifetime() const { return lifetime_; }

 private:
  Phase phase_;
  std::string subject_;
  std::vector<Attribute> attributes_;
  std::optional<Lifetime> lifetime_;
};

// A session as it was when the store answered: a cheap value that shares the stored record until it
// is changed. Changing it changes this copy only; Store::async_update sends the change to the
// owner.
//
// Different objects may be used from different threads; one object must not be changed
// concurrently.
class SOJOURN_EXPORT Session {
 public:
  using WallTime = std::chrono::system_clock::time_point;

  Session(const Session&);
  Session(Session&&) noexcept;
  Session& operator=(const Session&);
  Session& operator=(Session&&) noexcept;
  ~Session();

  SessionId id() const;
  // The user it belongs to; empty while the phase is kLogin.
  std::string_view subject() const;
  Phase phase() const;
  Lifetime lifetime() const;
  Version version() const;

  // Times of this answer, by this machine's wall clock. They are for showing to people: the store
  // itself counts on a monotonic clock that no change of the wall clock moves.
  WallTime created_at() const;
  WallTime last_seen_at() const;
  WallTime expires_at() const;

  // The attribute's value, or nothing. The view lives until this object is changed or destroyed.
  std::optional<std::string_view> attribute(std::string_view name) const;
  // All attributes, ordered by name. The views live until this object is changed or destroyed.
  std::vector<std::pair<std::string_view, std::string_view>> attributes() const;

  // Sets or removes an attribute of this copy. Bounds are checked when it is sent to the owner.
  void set(std::string name, std::string value);
  void erase(std::string_view name);

 private:
  friend class session::Access;

  // `wall_offset` maps the store's clock to the wall clock at the time of the answer.
  Session(session::RecordRef record, std::chrono::microseconds wall_offset,
          std::chrono::microseconds last_seen);

  // One reference to the shared record; null only after a move.
  const session::Record* record_ = nullptr;
  std::chrono::microseconds wall_offset_{};
  std::chrono::microseconds last_seen_{};
  // Attributes after the first change; null while the record's own are current.
  std::unique_ptr<std::vector<Attribute>> draft_;
};

// Changes that the owner applies in one step, so that two requests that change different attributes
// of one session never overwrite each other. A class with constructors for the same reason as
// NewSession.
//
//   store.async_patch(id, Patch().set("cart", "3").erase("coupon"), token);
class SOJOURN_EXPORT Patch {
 public:
  Patch() = default;

  Patch&& set(std::string name, std::string value) &&;
  Patch& set(std::string name, std::string value) &;
  Patch&& erase(std::string name) &&;
  Patch& erase(std::string name) &;

  // Apply only if the session's version is still this one; kAborted otherwise.
  Patch&& if_version(Version version) &&;
  Patch& if_version(Version version) &;

  // The changes in the order given; no value means erase.
  struct Step {
    std::string name = {};
    std::optional<std::string> value = {};

    friend bool operator==(const Step&, const Step&) = default;
  };
  const std::vector<Step>& steps() const { return steps_; }
  const std::optional<Version>& expected_version() const { return expected_version_; }

 private:
  std::vector<Step> steps_;
  std::optional<Version> expected_version_;
};

}  // namespace sojourn
