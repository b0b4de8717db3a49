#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "sojourn/session.h"

namespace sojourn::session {

// Name and value, borrowed.
struct AttributeView {
  std::string_view name = {};
  std::string_view value = {};

  friend bool operator==(const AttributeView&, const AttributeView&) = default;
};

// A tab of a login in progress.
struct TabView {
  std::string_view name = {};
  // Ordered by name, no name twice.
  std::vector<AttributeView> attributes = {};

  friend bool operator==(const TabView&, const TabView&) = default;
};

// When a session ends by itself, and what ends it.
struct End {
  Time at = {};
  EndsBy by = EndsBy::kAbsolute;
};

// What sessions may have in common, so that they are found by it: the user they belong to, or a
// label. Borrowed.
struct KeyView {
  enum class Kind : std::uint8_t { kSubject = 1, kLabel = 2 };
  Kind kind = Kind::kSubject;
  // Of a label: the size of its name as one byte, its name, its value.
  std::string_view text = {};

  friend bool operator==(const KeyView&, const KeyView&) = default;
};

// Everything that a record says, borrowed from wherever it stands.
struct RecordFields {
  std::string_view id = {};
  Phase phase = Phase::kLogin;
  std::string_view subject = {};
  Lifetime lifetime = {};
  Version version = {};
  Time created_at = {};
  Time last_seen = {};
  // Ordered by name, no name twice.
  std::span<const AttributeView> attributes = {};
  // In the order of their last changes, no name twice.
  std::span<const TabView> tabs = {};
  bool remembered = false;
  // How long after it was created it ends in any case, if that was shortened.
  std::optional<Duration> shortened_to = {};
  // This is no session: the id is one that the session of another id has given up, and may still be
  // read under it. The other id; in what is answered to such a read, which is the session with the
  // id that was asked for, the same id.
  std::string_view alias_of = {};
  // Each as the text of its key, ordered, none twice.
  std::span<const std::string_view> labels = {};
};

class RecordRef;

// One stored session: immutable but for the table's bookkeeping, in a single allocation with its
// id, subject and attributes behind it, counted by references. Shared between the table, answers
// under way and the Session values of users, on any thread.
class Record {
 public:
  // The fields must be within the bounds of sojourn/session.h.
  static RecordRef make(const RecordFields& fields);
  // The same contents with another version, in no table.
  static RecordRef with_version(const Record& record, Version version, Time last_seen);
  // The session as it is shown to who asks for it by that alias.
  static RecordRef seen_through(const Record& alias, const Record& session, Time last_seen);

  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  std::string_view id() const { return {data(), id_size_}; }
  std::string_view subject() const { return {subject_begin(), subject_size_}; }
  Phase phase() const { return phase_; }
  Lifetime lifetime() const {
    return {std::chrono::seconds(idle_seconds_), std::chrono::seconds(absolute_seconds_)};
  }
  Version version() const { return version_; }
  Time created_at() const { return created_at_; }

  bool is_remembered() const { return (extras_ & kRemembered) != 0; }
  bool is_alias() const { return (extras_ & kAlias) != 0; }
  bool has_tabs() const { return (extras_ & kTabs) != 0; }
  std::string_view alias_of() const;
  std::optional<Duration> shortened_to() const;

  std::uint16_t attribute_count() const { return attribute_count_; }
  std::optional<std::string_view> attribute(std::string_view name) const;

  // Calls visit(name, value) for each attribute, ordered by name.
  template <typename Visit>
  void for_each_attribute(Visit visit) const {
    const char* at = attributes_begin();
    for (std::uint16_t i = 0; i < attribute_count_; ++i) {
      const AttributeView attribute = attribute_at(at);
      visit(attribute.name, attribute.value);
    }
  }

  std::uint8_t label_count() const { return label_count_; }
  // What the session is found by: its subject, if it has one, and its labels. Aliases and
  // companions are not found.
  std::size_t key_count() const {
    return (extras_ & (kAlias | kCompanion)) != 0 ? 0
                                                  : label_count_ + (subject_size_ > 0 ? 1u : 0u);
  }
  KeyView key(std::size_t index) const;
  bool has_key(const KeyView& key) const;
  std::vector<std::string_view> labels() const;

  // When the session ends if it was last seen at `last_seen`, and why then.
  Time expires_at(Time last_seen) const { return end(last_seen).at; }
  End end(Time last_seen) const;

  // Bytes of this allocation, rounded as glibc's allocator rounds, with its header.
  std::size_t bytes() const;

  // The table's bookkeeping: only the table that holds the record touches it, under that table's
  // rules. Before the record is in a table it holds the time it was last seen when it was made.
  struct Bookkeeping {
    Time last_seen = {};
  };
  Bookkeeping& bookkeeping() const { return bookkeeping_; }
  // Its removal, because its time was up, is under way. Of the table's bookkeeping as well.
  bool& ended() const { return ended_; }

  // The record's place in a list of the table's timing wheel; null outside of one.
  struct Links {
    Links* next = nullptr;
    Links* previous = nullptr;
  };
  Links& links() const { return links_; }
  // The record whose links these are.
  static const Record& linked_by(const Links& links);

  // A record and one of its keys, in the space of a pointer: records stand at multiples of 16, so
  // the low bits are free for the key's index.
  class Place {
   public:
    Place() = default;
    Place(const Record& record, std::size_t key_index)
        : bits_(reinterpret_cast<std::uintptr_t>(&record) | key_index) {}

    explicit operator bool() const { return bits_ != 0; }
    const Record& record() const { return *reinterpret_cast<const Record*>(bits_ & ~kIndexMask); }
    std::size_t key_index() const { return bits_ & kIndexMask; }
    KeyView key() const { return record().key(key_index()); }

    friend bool operator==(const Place&, const Place&) = default;

   private:
    static constexpr std::uintptr_t kIndexMask = 15;
    std::uintptr_t bits_ = 0;
  };
  // The record's neighbours among those with the same key, in the table's index; of the table's
  // bookkeeping as well.
  struct Neighbours {
    Place next = {};
    Place previous = {};
  };
  Neighbours& neighbours(std::size_t key_index) const;

 private:
  friend class RecordRef;
  friend std::vector<TabView> tabs_of(const Record& record);

  // What few records have. Each costs nothing where it is missing: it stands between the id and the
  // subject, in this order, or behind the attributes (tabs).
  enum Extra : std::uint8_t {
    kRemembered = 1,
    kShortened = 2,
    kAlias = 4,
    kTabs = 8,
    kCompanion = 16,
  };

  Record(const RecordFields& fields, std::size_t data_size);
  ~Record() = default;

  // Behind the record stand its neighbours, one pair for each key, and then its texts.
  std::size_t neighbours_size() const { return key_count() * sizeof(Neighbours); }
  char* data() { return reinterpret_cast<char*>(this + 1) + neighbours_size(); }
  const char* data() const { return reinterpret_cast<const char*>(this + 1) + neighbours_size(); }
  const char* subject_begin() const;
  const char* labels_begin() const { return subject_begin() + subject_size_; }
  const char* attributes_begin() const;
  // The attribute that begins at `at`, which moves behind it.
  static AttributeView attribute_at(const char*& at);

  // The links stand first, for linked_by(). What a lookup needs stands last, beside the id: most
  // often all of it is in two cache lines.
  mutable Links links_;
  Version version_;
  mutable Bookkeeping bookkeeping_;
  Time created_at_;
  std::uint32_t idle_seconds_;
  std::uint32_t absolute_seconds_;
  mutable std::atomic<std::uint32_t> references_{1};
  std::uint32_t data_size_;
  std::uint16_t subject_size_;
  std::uint16_t attribute_count_;
  std::uint8_t id_size_;
  mutable bool ended_ = false;
  // In two bytes, so that they do not make every record 8 bytes larger.
  Phase phase_ : 2;
  std::uint8_t label_count_ : 4;
  std::uint8_t extras_;
};

// Its tabs, in the order of their last changes. The views live as long as the record.
std::vector<TabView> tabs_of(const Record& record);
std::vector<AttributeView> attributes_of(const Record& record);

// Shares a record. Copies may be used from different threads; one object may not be changed
// concurrently.
class RecordRef {
 public:
  RecordRef() = default;
  RecordRef(const RecordRef& other) : record_(other.record_) { acquire(record_); }
  RecordRef(RecordRef&& other) noexcept : record_(std::exchange(other.record_, nullptr)) {}
  RecordRef& operator=(RecordRef other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~RecordRef() { release(record_); }

  // One more reference to a record that is held elsewhere.
  static RecordRef share(const Record& record) {
    acquire(&record);
    return RecordRef(&record);
  }
  // Takes over a reference that leak() gave away.
  static RecordRef adopt(const Record* record) { return RecordRef(record); }
  const Record* leak() { return std::exchange(record_, nullptr); }

  const Record* get() const { return record_; }
  const Record& operator*() const { return *record_; }
  const Record* operator->() const { return record_; }
  explicit operator bool() const { return record_ != nullptr; }

  static void acquire(const Record* record) {
    if (record) record->references_.fetch_add(1, std::memory_order_relaxed);
  }
  static void release(const Record* record);

 private:
  friend class Record;
  explicit RecordRef(const Record* record) : record_(record) {}

  const Record* record_ = nullptr;
};

}  // namespace sojourn::session
