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
class Access;
}  // namespace session

// Bounds of one session. They are enforced where a session enters the store; a request beyond them
// changes nothing. A name or value that is too long is answered kInvalidArgument; a session that
// would have too many attributes or bytes, kResourceExhausted.
inline constexpr std::size_t kAttributesMax = 64;
inline constexpr std::size_t kAttributeNameBytesMax = 64;
inline constexpr std::size_t kAttributeValueBytesMax = 16 * 1024;
inline constexpr std::size_t kSubjectBytesMax = 256;
inline constexpr std::size_t kSessionBytesMax = 64 * 1024;
// Of a login in progress; each tab has up to kAttributesMax attributes of its own. Names and values
// of tabs count into kSessionBytesMax.
inline constexpr std::size_t kTabsMax = 300;
inline constexpr std::size_t kTabNameBytesMax = 64;

// Labels a session, and the bytes of each: see Label.
inline constexpr std::size_t kLabelsMax = 8;
inline constexpr std::size_t kLabelNameBytesMax = 32;
inline constexpr std::size_t kLabelValueBytesMax = 200;

// How long a session may live: `idle` since it was last used, and `absolute` since it was created,
// whichever ends first (OWASP: both are enforced on the server). Whole seconds, at least 1 each, at
// most 400 days. docs/lifetimes.md has the whole formula.
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

// One tab of a login in progress: people log in at several tabs of one browser at once, all with
// the same cookie, and each tab goes through steps of its own. A name of 1 to 64 bytes, and
// attributes as a session has them, ordered by name.
struct Tab {
  std::string name = {};
  std::vector<Attribute> attributes = {};

  // The attribute's value, or nothing. The view lives as long as this object is not changed.
  std::optional<std::string_view> attribute(std::string_view attribute_name) const {
    for (const Attribute& each : attributes) {
      if (each.name == attribute_name) return each.value;
    }
    return std::nullopt;
  }

  friend bool operator==(const Tab&, const Tab&) = default;
};

// What a session has in common with others, beside its subject, so that all of them can be found
// and ended together: the client it belongs to, or the realm. A session may have several labels of
// one name. A name is 1 to 32 bytes, a value up to 200.
struct Label {
  std::string name = {};
  std::string value = {};

  friend bool operator==(const Label&, const Label&) = default;
};

// What Store::async_create makes. A class with constructors, not an aggregate, because g++ 12
// miscompiles owning aggregates inside a co_await expression.
//
//   store.async_create(NewSession("ana").with("role", "admin"), token);
class SOJOURN_EXPORT NewSession {
 public:
  // A login in progress: no subject yet, and 30 minutes for it (StoreOptions::login_lifetime),
  // which neither use prolongs nor idleness shortens.
  NewSession();

  // A session of `subject`, who is already authenticated. 1 to 256 bytes.
  explicit NewSession(std::string subject);

  // Adds an attribute; the last value given for a name counts.
  NewSession&& with(std::string name, std::string value) &&;
  NewSession& with(std::string name, std::string value) &;

  // Of a login in progress: makes a tab, to which what is given by with() from here on belongs.
  NewSession&& in_tab(std::string tab) &&;
  NewSession& in_tab(std::string tab) &;

  // Of an active session: "remember me". Each of its two lifetimes is the longer one of
  // StoreOptions::session_lifetime and remembered_lifetime.
  NewSession&& remembered() &&;
  NewSession& remembered() &;

  // Replaces the store's lifetimes for this session, those of "remember me" too.
  NewSession&& lasting(Lifetime lifetime) &&;
  NewSession& lasting(Lifetime lifetime) &;

  // Adds a label, which the session keeps for life, up to 8 of them; no label counts twice.
  NewSession&& labelled(std::string name, std::string value) &&;
  NewSession& labelled(std::string name, std::string value) &;

  Phase phase() const { return phase_; }
  std::string_view subject() const { return subject_; }
  const std::vector<Attribute>& attributes() const { return attributes_; }
  const std::optional<Lifetime>& lifetime() const { return lifetime_; }
  bool is_remembered() const { return remembered_; }
  const std::vector<Tab>& tabs() const { return tabs_; }
  const std::vector<Label>& labels() const { return labels_; }

 private:
  friend class session::Access;

  Phase phase_;
  bool remembered_ = false;
  std::string subject_;
  std::vector<Attribute> attributes_;
  // The last one is that of with(); none: the session itself.
  std::vector<Tab> tabs_;
  std::optional<Lifetime> lifetime_;
  std::vector<Label> labels_;
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
  Session(Session&& other) noexcept
      : record_(std::exchange(other.record_, nullptr)),
        wall_offset_(other.wall_offset_),
        last_seen_(other.last_seen_),
        draft_(std::move(other.draft_)) {}
  Session& operator=(const Session&);
  Session& operator=(Session&&) noexcept;
  ~Session() {
    if (record_ != nullptr) release(record_);
  }

  SessionId id() const;
  // The user it belongs to; empty while the phase is kLogin.
  std::string_view subject() const;
  Phase phase() const;
  Lifetime lifetime() const;
  Version version() const;
  // Whether it was made or authenticated with "remember me": its cookie may outlive the browser.
  bool is_remembered() const;
  // Whether it was read under the id that it had before it was rotated with an overlap: such an id
  // can only be read and revoked. It is not told what the new id is.
  bool is_alias() const;

  // In no order that means anything.
  std::vector<Label> labels() const;

  // Times of this answer, by this machine's wall clock. They are for showing to people: the store
  // itself counts on a monotonic clock that no change of the wall clock moves.
  WallTime created_at() const;
  WallTime last_seen_at() const;
  WallTime expires_at() const;

  // The attribute's value, or nothing. The view lives until this object is changed or destroyed.
  std::optional<std::string_view> attribute(std::string_view name) const;
  // All attributes, ordered by name. The views live until this object is changed or destroyed.
  std::vector<std::pair<std::string_view, std::string_view>> attributes() const;

  // The tabs of a login in progress, the one that was changed last at the end. Copies.
  std::vector<Tab> tabs() const;
  // That tab, if there is one.
  std::optional<Tab> tab(std::string_view name) const;

  // Sets or removes an attribute of this copy; tabs are changed by patches only. Bounds are checked
  // when it is sent to the owner.
  void set(std::string name, std::string value);
  void erase(std::string_view name);

 private:
  friend class session::Access;

  // `wall_offset` maps the store's clock to the wall clock at the time of the answer.
  // The reference to the record is the session's from then on.
  Session(const session::Record* record, std::chrono::microseconds wall_offset,
          std::chrono::microseconds last_seen)
      : record_(record), wall_offset_(wall_offset), last_seen_(last_seen) {}

  static void release(const session::Record* record);

  // One reference to the shared record; null only after a move.
  const session::Record* record_ = nullptr;
  std::chrono::microseconds wall_offset_{};
  std::chrono::microseconds last_seen_{};
  // Attributes after the first change; null while the record's own are current.
  std::unique_ptr<std::vector<Attribute>> draft_;
};

// What ends a session that nobody ends.
enum class EndsBy : std::uint8_t {
  kIdle = 1,       // it is not used for its idle time
  kAbsolute = 2,   // it has lived for its absolute time, however much it is used
  kShortened = 3,  // Patch::ends_within
  kAlias = 4,      // it was read under an id that it has given up; the session itself lives on
};

// When a session will end, if it is not used from now on, and why then.
struct Ending {
  Session::WallTime at = {};
  EndsBy by = EndsBy::kAbsolute;

  friend bool operator==(const Ending&, const Ending&) = default;
};

// Of what ends it at the same time, use could move the idle time only, so that is named last. As
// the store knew it when it gave out `session`; times by this machine's wall clock, to be shown to
// people. The formula is that of docs/lifetimes.md.
SOJOURN_EXPORT Ending explain(const Session& session);

// Some of the sessions of a subject or label, ordered by id.
struct SessionPage {
  std::vector<Session> sessions = {};
  // Where the next page begins: ListOptions::after. Nothing if there are no others.
  std::optional<SessionId> next = {};
};

// Changes that the owner applies in one step, so that two requests that change different attributes
// of one session never overwrite each other. A class with constructors for the same reason as
// NewSession.
//
//   store.async_patch(id, Patch().set("cart", "3").erase("coupon"), token);
//   store.async_patch(id, Patch().in_tab("t1").set("client", "shop"), token);
class SOJOURN_EXPORT Patch {
 public:
  Patch() = default;

  Patch&& set(std::string name, std::string value) &&;
  Patch& set(std::string name, std::string value) &;
  Patch&& erase(std::string name) &&;
  Patch& erase(std::string name) &;

  // What is set and erased from here on are attributes of that tab of a login in progress
  // (kFailedPrecondition for an active session). Makes the tab if it is not there, and counts as a
  // change of it in any case: when a login would have more than 300 tabs, those go that were not
  // changed for the longest time. Store::async_erase_tab removes one.
  Patch&& in_tab(std::string tab) &&;
  Patch& in_tab(std::string tab) &;

  // The session will end so long after the patch is applied, however much it is used; if it is to
  // end earlier by its lifetimes or an earlier patch, that stays. So this never prolongs a life,
  // and nothing takes it back but authenticating, which begins a new life. 1 second to 400 days.
  Patch&& ends_within(std::chrono::seconds duration) &&;
  Patch& ends_within(std::chrono::seconds duration) &;

  // Apply only if the session's version is still this one; kAborted otherwise.
  Patch&& if_version(Version version) &&;
  Patch& if_version(Version version) &;

  // For Store::async_authenticate only, kInvalidArgument elsewhere: the session that comes of the
  // login has this label as well as those of the login. kResourceExhausted beyond 8.
  Patch&& labelled(std::string name, std::string value) &&;
  Patch& labelled(std::string name, std::string value) &;

  // The changes in the order given; no value means erase. With a tab they are about its attributes;
  // a tab without a name makes it, or is just a change of it.
  struct Step {
    std::string name = {};
    std::optional<std::string> value = {};
    std::string tab = {};

    friend bool operator==(const Step&, const Step&) = default;
  };
  const std::vector<Step>& steps() const { return steps_; }
  const std::optional<Version>& expected_version() const { return expected_version_; }
  const std::optional<std::chrono::seconds>& time_left() const { return time_left_; }
  const std::vector<Label>& labels() const { return labels_; }

 private:
  std::vector<Step> steps_;
  // Of the steps to come.
  std::string tab_;
  std::optional<std::chrono::seconds> time_left_;
  std::optional<Version> expected_version_;
  std::vector<Label> labels_;
};

}  // namespace sojourn
