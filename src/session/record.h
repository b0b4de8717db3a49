#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "session/attribute_block.h"
#include "session/id_text.h"
#include "sojourn/session.h"

namespace sojourn::session {

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
  // If it is given, as IdText packs it, the id is that.
  const char* packed_id = nullptr;
  std::string_view id = {};
  Phase phase = Phase::kLogin;
  std::string_view subject = {};
  Lifetime lifetime = {};
  Version version = {};
  Time created_at = {};
  Time last_seen = {};
  // Ordered by name, no name twice.
  std::span<const AttributeView> attributes = {};
  // Instead of those, the same as a record keeps them.
  AttributeBlock kept_attributes = {};
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

  IdText id() const {
    return (extras_ & kPackedId) != 0 ? IdText::unpack(id_begin())
                                      : IdText(std::string_view(id_begin() + 1, id_size()));
  }
  [[gnu::always_inline]] bool has_id(const SoughtId& id) const {
    if (id.is_packed()) [[likely]]
      return (extras_ & kPackedId) != 0 && id.is_packed_as(id_begin());
    return has_text_as_id(id.text());
  }
  // As IdText packs it; null if the record keeps the text.
  const char* packed_id() const { return (extras_ & kPackedId) != 0 ? id_begin() : nullptr; }
  std::string_view subject() const { return {subject_begin(), subject_size_}; }
  Phase phase() const { return static_cast<Phase>(phase_); }
  Lifetime lifetime() const {
    return {std::chrono::seconds(idle_seconds_), std::chrono::seconds(absolute_seconds_)};
  }
  Version version() const { return {.epoch = epoch_, .sequence = sequence_}; }
  Time created_at() const { return Time(Duration(created_at_)); }

  bool is_remembered() const { return (extras_ & kRemembered) != 0; }
  bool is_alias() const { return (extras_ & kAlias) != 0; }
  bool is_companion() const { return (extras_ & kCompanion) != 0; }
  // Of a session: neither aliases nor companions are logins, whatever their phase says.
  bool is_login() const {
    return phase() == Phase::kLogin && (extras_ & (kAlias | kCompanion)) == 0;
  }
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
      const AttributeView attribute = AttributeBlock::next(at);
      visit(attribute.name, attribute.value);
    }
  }

  // All of them.
  AttributeBlock attributes() const;

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
  Time expires_at(Time last_seen) const {
    if ((extras_ & kShortened) != 0) return end(last_seen).at;
    return std::min(created_at() + std::chrono::seconds(absolute_seconds_),
                    last_seen + std::chrono::seconds(idle_seconds_));
  }
  End end(Time last_seen) const;

  // Bytes of this allocation, rounded as glibc's allocator rounds, with its header.
  std::size_t bytes() const;

  // The table's bookkeeping: only the table that holds the record touches it, under that table's
  // rules. Before the record is in a table, the time it was last seen is that of when it was made.
  Time last_seen() const { return Time(Duration(bookkeeping_.last_seen)); }
  void set_last_seen(Time time) const { bookkeeping_.last_seen = time.time_since_epoch().count(); }
  // Its removal, because its time was up, is under way.
  bool ended() const { return bookkeeping_.ended; }
  void set_ended(bool ended) const { bookkeeping_.ended = ended; }

  // The place of a login in progress in a list of the table's timing wheel; null outside of one.
  // Other records have none.
  struct Links {
    Links* next = nullptr;
    Links* previous = nullptr;
  };
  Links& links() const;
  // The record whose links these are.
  static const Record& linked_by(const Links& links);

  // A record and one of its keys, in the space of a pointer: records stand at multiples of 16, so
  // the low bits are free for the key's index.
  class Place {
   public:
    Place() = default;
    Place(const Record& record, std::size_t key_index)
        : bits_(reinterpret_cast<std::uintptr_t>(&record) | key_index) {}
    explicit Place(std::uintptr_t bits) : bits_(bits) {}

    explicit operator bool() const { return bits_ != 0; }
    std::uintptr_t bits() const { return bits_; }
    const Record& record() const { return *reinterpret_cast<const Record*>(bits_ & ~kIndexMask); }
    std::size_t key_index() const { return bits_ & kIndexMask; }
    KeyView key() const { return record().key(key_index()); }

    friend bool operator==(const Place&, const Place&) = default;

   private:
    static constexpr std::uintptr_t kIndexMask = 15;
    std::uintptr_t bits_ = 0;
  };
  // The record's neighbours among those with the same key, in the table's index; of the table's
  // bookkeeping as well. Packed, as two addresses of 48 bits.
  class [[gnu::packed]] Neighbours {
   public:
    Place next() const { return Place(next_); }
    Place previous() const { return Place(previous_); }
    void set_next(Place place) { next_ = place.bits() & kAddressMax; }
    void set_previous(Place place) { previous_ = place.bits() & kAddressMax; }

   private:
    static constexpr std::uint64_t kAddressMax = (std::uint64_t{1} << 48) - 1;
    std::uint64_t next_ : 48 = 0;
    std::uint64_t previous_ : 48 = 0;
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
    // The id stands as IdText packs it.
    kPackedId = 32,
  };

  bool has_text_as_id(std::string_view text) const;

  struct KeptId;
  Record(const RecordFields& fields, const KeptId& id);
  static std::uint8_t extras_of(const RecordFields& fields, const KeptId& id);
  ~Record() = default;

  // The links of a login stand in front of it.
  std::size_t front() const { return is_login() ? sizeof(Links) : 0; }
  // Behind the record stands its id, where a lookup finds it without looking at the record first;
  // then the neighbours, a pair for each key, then the other texts.
  static std::size_t size_with(std::size_t data_size);
  inline char* data();
  inline const char* data() const;
  const char* id_begin() const { return data(); }
  // Of an id that is not packed, which stands behind it.
  std::size_t id_size() const { return static_cast<unsigned char>(*id_begin()); }
  std::size_t id_stored_size() const {
    return (extras_ & kPackedId) != 0 ? IdText::kPackedSize : 1 + id_size();
  }
  const char* texts_begin() const {
    return id_begin() + id_stored_size() + key_count() * sizeof(Neighbours);
  }
  const char* subject_begin() const;
  const char* labels_begin() const { return subject_begin() + subject_size_; }
  const char* attributes_begin() const;

  // Behind all texts.
  const char* texts_end() const;

  // Under the table's rules, and therefore apart from all that never changes.
  struct [[gnu::packed]] Bookkeeping {
    std::int64_t last_seen : 55;
    bool ended : 1;
  };

  // Sessions are many, so each of these has as many bits as its bound asks for: docs/memory.md says
  // what for.
  // In microseconds: 142 years before and after the clock's beginning.
  std::int64_t created_at_ : 53;
  std::uint64_t attribute_count_ : 7;
  std::uint64_t phase_ : 2;
  std::uint64_t sequence_ : 48;
  std::uint64_t subject_size_ : 16;
  std::uint64_t epoch_ : 32;
  std::uint64_t idle_seconds_ : 26;
  std::uint64_t extras_ : 6;
  std::uint32_t absolute_seconds_ : 26;
  std::uint32_t label_count_ : 4;
  mutable std::atomic<std::uint32_t> references_{1};
  mutable Bookkeeping bookkeeping_;
  // Where the texts begin. They are longer than that, which the allocation allows for.
  char texts_[1];
};

inline char* Record::data() { return reinterpret_cast<char*>(this) + offsetof(Record, texts_); }
inline const char* Record::data() const {
  return reinterpret_cast<const char*>(this) + offsetof(Record, texts_);
}

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
  static void release(const Record* record) {
    if (record && record->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) free(record);
  }

 private:
  friend class Record;
  explicit RecordRef(const Record* record) : record_(record) {}
  static void free(const Record* record);

  const Record* record_ = nullptr;
};

}  // namespace sojourn::session
