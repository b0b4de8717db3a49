#include "session/record.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#include "session/companion.h"
#include "session/limits.h"

namespace sojourn::session {
namespace {

constexpr std::size_t kTabCountBytes = 2;
// Of its name, and the number of its attributes.
constexpr std::size_t kTabSizesBytes = 1 + 1;

bool is_companion_of(const RecordFields& fields) {
  return !fields.packed_id && session::is_companion(fields.id);
}

std::size_t key_count_of(const RecordFields& fields) {
  if (!fields.alias_of.empty() || is_companion_of(fields)) return 0;
  return fields.labels.size() + (fields.subject.empty() ? 0 : 1);
}

bool is_login(const RecordFields& fields) {
  return fields.phase == Phase::kLogin && fields.alias_of.empty() && !is_companion_of(fields);
}

std::size_t data_size_of(const RecordFields& fields, std::size_t id_size) {
  std::size_t size = key_count_of(fields) * sizeof(Record::Neighbours) + id_size;
  size += fields.subject.size() + AttributeBlock::size_of(fields.attributes) +
          fields.kept_attributes.bytes.size();
  if (fields.shortened_to) size += sizeof(Duration::rep);
  if (!fields.alias_of.empty()) size += 1 + fields.alias_of.size();
  if (!fields.tabs.empty()) size += kTabCountBytes;
  for (const TabView& tab : fields.tabs) {
    size += kTabSizesBytes + tab.name.size() + AttributeBlock::size_of(tab.attributes);
  }
  for (const std::string_view label : fields.labels) size += 1 + label.size();
  return size;
}

char* append(char* at, std::string_view text) {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

std::size_t byte_at(const char* at) { return static_cast<unsigned char>(*at); }

}  // namespace

// The id as a record keeps it: packed, or its text with the size before it.
struct Record::KeptId {
  explicit KeptId(const RecordFields& fields) : packed(fields.packed_id), text(fields.id) {
    if (!packed && IdText::pack(text, own.data())) packed = own.data();
  }
  KeptId(const KeptId&) = delete;
  KeptId& operator=(const KeptId&) = delete;

  std::size_t size() const { return packed ? IdText::kPackedSize : 1 + text.size(); }

  const char* packed;
  std::string_view text;
  std::array<char, IdText::kPackedSize> own;
};

std::uint8_t Record::extras_of(const RecordFields& fields, const KeptId& id) {
  std::uint8_t extras = 0;
  if (fields.remembered) extras |= kRemembered;
  if (fields.shortened_to) extras |= kShortened;
  if (!fields.alias_of.empty()) extras |= kAlias;
  if (!fields.tabs.empty()) extras |= kTabs;
  if (is_companion_of(fields)) extras |= kCompanion;
  if (id.packed) extras |= kPackedId;
  return extras;
}

// The fields' bounds are checked where they come from, so none of these is cut.
Record::Record(const RecordFields& fields, const KeptId& id)
    : created_at_(fields.created_at.time_since_epoch().count()),
      attribute_count_((fields.attributes.size() + fields.kept_attributes.count) & 127),
      phase_(static_cast<std::uint64_t>(fields.phase) & 3),
      sequence_(fields.version.sequence & kSequenceMax),
      subject_size_(fields.subject.size() & 0xffff),
      epoch_(fields.version.epoch & kEpochMax),
      idle_seconds_(static_cast<std::uint64_t>(fields.lifetime.idle.count()) & 0x3ffffff),
      extras_(extras_of(fields, id) & 63),
      absolute_seconds_(static_cast<std::uint32_t>(fields.lifetime.absolute.count()) & 0x3ffffff),
      label_count_(fields.labels.size() & 15),
      bookkeeping_{.last_seen = fields.last_seen.time_since_epoch().count(), .ended = false} {
  assert(version() == fields.version && created_at() == fields.created_at);
  assert(lifetime() == fields.lifetime);
  assert(fields.attributes.empty() || fields.kept_attributes.count == 0);
  char* at = data();
  if (id.packed) {
    at = append(at, {id.packed, IdText::kPackedSize});
  } else {
    *at++ = static_cast<char>(id.text.size());
    at = append(at, id.text);
  }
  for (std::size_t i = 0; i < key_count(); ++i) new (&neighbours(i)) Neighbours();
  at += key_count() * sizeof(Neighbours);
  if (fields.shortened_to) {
    const Duration::rep shortened_to = fields.shortened_to->count();
    std::memcpy(at, &shortened_to, sizeof(shortened_to));
    at += sizeof(shortened_to);
  }
  if (!fields.alias_of.empty()) {
    *at++ = static_cast<char>(fields.alias_of.size());
    at = append(at, fields.alias_of);
  }
  at = append(at, fields.subject);
  for (const std::string_view label : fields.labels) {
    *at++ = static_cast<char>(label.size());
    at = append(at, label);
  }
  at = append(AttributeBlock::write(at, fields.attributes), fields.kept_attributes.bytes);
  if (fields.tabs.empty()) return;
  *at++ = static_cast<char>(fields.tabs.size() & 0xff);
  *at++ = static_cast<char>(fields.tabs.size() >> 8);
  for (const TabView& tab : fields.tabs) {
    *at++ = static_cast<char>(tab.name.size());
    *at++ = static_cast<char>(tab.attributes.size());
    at = AttributeBlock::write(append(at, tab.name), tab.attributes);
  }
}

RecordRef Record::make(const RecordFields& fields) {
  static_assert(__STDCPP_DEFAULT_NEW_ALIGNMENT__ >= 16, "see Record::Place");
  static_assert(sizeof(Record) == 40 && sizeof(Bookkeeping) == 7 && sizeof(Neighbours) == 12);
  const std::size_t front = session::is_login(fields) ? sizeof(Links) : 0;
  const KeptId id(fields);
  const std::size_t size = front + size_with(data_size_of(fields, id.size()));
  char* memory = static_cast<char*>(::operator new(size));
  if (front > 0) new (memory) Links();
  return RecordRef(new (memory + front) Record(fields, id));
}

std::size_t Record::size_with(std::size_t data_size) {
  return std::max(sizeof(Record), offsetof(Record, texts_) + data_size);
}

bool Record::has_text_as_id(std::string_view text) const {
  return (extras_ & kPackedId) == 0 && std::string_view(id_begin() + 1, id_size()) == text;
}

std::optional<std::string_view> Record::attribute(std::string_view name) const {
  const char* at = attributes_begin();
  for (std::uint16_t i = 0; i < attribute_count_; ++i) {
    const AttributeView attribute = AttributeBlock::next(at);
    if (attribute.name == name) return attribute.value;
  }
  return std::nullopt;
}

const char* Record::subject_begin() const {
  const char* at = texts_begin();
  if ((extras_ & kShortened) != 0) at += sizeof(Duration::rep);
  if ((extras_ & kAlias) != 0) at += 1 + byte_at(at);
  return at;
}

std::optional<Duration> Record::shortened_to() const {
  if ((extras_ & kShortened) == 0) return std::nullopt;
  Duration::rep shortened_to = 0;
  std::memcpy(&shortened_to, texts_begin(), sizeof(shortened_to));
  return Duration(shortened_to);
}

std::string_view Record::alias_of() const {
  if (!is_alias()) return {};
  const char* at = texts_begin();
  if ((extras_ & kShortened) != 0) at += sizeof(Duration::rep);
  return {at + 1, byte_at(at)};
}

AttributeBlock Record::attributes() const {
  const char* const begin = attributes_begin();
  const char* end = begin;
  for (std::uint16_t i = 0; i < attribute_count_; ++i) AttributeBlock::next(end);
  return {.count = attribute_count_, .bytes = {begin, static_cast<std::size_t>(end - begin)}};
}

const char* Record::attributes_begin() const {
  const char* at = labels_begin();
  for (std::uint8_t i = 0; i < label_count_; ++i) at += 1 + byte_at(at);
  return at;
}

std::vector<std::string_view> Record::labels() const {
  std::vector<std::string_view> labels;
  labels.reserve(label_count_);
  const char* at = labels_begin();
  for (std::uint8_t i = 0; i < label_count_; ++i) {
    labels.emplace_back(at + 1, byte_at(at));
    at += 1 + labels.back().size();
  }
  return labels;
}

KeyView Record::key(std::size_t index) const {
  if (subject_size_ > 0 && index-- == 0) return {KeyView::Kind::kSubject, subject()};
  const char* at = labels_begin();
  while (index-- > 0) at += 1 + byte_at(at);
  return {KeyView::Kind::kLabel, {at + 1, byte_at(at)}};
}

bool Record::has_key(const KeyView& key) const {
  if (is_alias()) return false;
  if (key.kind == KeyView::Kind::kSubject) return subject_size_ > 0 && subject() == key.text;
  if (label_count_ == 0) return false;
  const std::vector<std::string_view> all = labels();
  return std::find(all.begin(), all.end(), key.text) != all.end();
}

Record::Neighbours& Record::neighbours(std::size_t key_index) const {
  char* const begin = const_cast<Record*>(this)->data() + id_stored_size();
  return reinterpret_cast<Neighbours*>(begin)[key_index];
}

std::vector<AttributeView> attributes_of(const Record& record) {
  std::vector<AttributeView> attributes;
  attributes.reserve(record.attribute_count());
  record.for_each_attribute([&](std::string_view name, std::string_view value) {
    attributes.push_back({name, value});
  });
  return attributes;
}

std::vector<TabView> tabs_of(const Record& record) {
  if (!record.has_tabs()) return {};
  const std::string_view attributes = record.attributes().bytes;
  const char* at = attributes.data() + attributes.size();
  const std::size_t count = byte_at(at) | byte_at(at + 1) << 8;
  at += kTabCountBytes;
  std::vector<TabView> tabs(count);
  for (TabView& tab : tabs) {
    tab.name = {at + kTabSizesBytes, byte_at(at)};
    const std::size_t count_of_tab = byte_at(at + 1);
    at += kTabSizesBytes + tab.name.size();
    for (std::size_t i = 0; i < count_of_tab; ++i) {
      tab.attributes.push_back(AttributeBlock::next(at));
    }
  }
  return tabs;
}

RecordRef Record::with_version(const Record& record, Version version, Time last_seen) {
  const std::vector<TabView> tabs = tabs_of(record);
  const std::vector<std::string_view> labels = record.labels();
  return make({.packed_id = record.packed_id(),
               .id = record.id(),
               .phase = record.phase(),
               .subject = record.subject(),
               .lifetime = record.lifetime(),
               .version = version,
               .created_at = record.created_at(),
               .last_seen = last_seen,
               .kept_attributes = record.attributes(),
               .tabs = tabs,
               .remembered = record.is_remembered(),
               .shortened_to = record.shortened_to(),
               .alias_of = record.alias_of(),
               .labels = labels});
}

RecordRef Record::seen_through(const Record& alias, const Record& session, Time last_seen) {
  const std::vector<TabView> tabs = tabs_of(session);
  const std::vector<std::string_view> labels = session.labels();
  const Duration end = alias.expires_at(alias.created_at()) - session.created_at();
  return make({.packed_id = alias.packed_id(),
               .id = alias.id(),
               .phase = session.phase(),
               .subject = session.subject(),
               .lifetime = session.lifetime(),
               .version = session.version(),
               .created_at = session.created_at(),
               .last_seen = last_seen,
               .kept_attributes = session.attributes(),
               .tabs = tabs,
               .remembered = session.is_remembered(),
               .shortened_to = std::min(session.shortened_to().value_or(end), end),
               .alias_of = alias.id(),
               .labels = labels});
}

End Record::end(Time last_seen) const {
  End end = {.at = created_at() + std::chrono::seconds(absolute_seconds_), .by = EndsBy::kAbsolute};
  if ((extras_ & kShortened) != 0) {
    const Time shortened = created_at() + *shortened_to();
    if (shortened < end.at) end = {shortened, is_alias() ? EndsBy::kAlias : EndsBy::kShortened};
  }
  const Time idle = last_seen + std::chrono::seconds(idle_seconds_);
  if (idle < end.at) end = {idle, EndsBy::kIdle};
  return end;
}

Record::Links& Record::links() const {
  assert(is_login());
  return *(reinterpret_cast<Links*>(const_cast<Record*>(this)) - 1);
}

const Record& Record::linked_by(const Links& links) {
  return *reinterpret_cast<const Record*>(&links + 1);
}

const char* Record::texts_end() const {
  const std::string_view attributes = this->attributes().bytes;
  const char* at = attributes.data() + attributes.size();
  if (!has_tabs()) return at;
  std::size_t tabs = byte_at(at) | byte_at(at + 1) << 8;
  for (at += kTabCountBytes; tabs > 0; --tabs) {
    const std::size_t count_of_tab = byte_at(at + 1);
    at += kTabSizesBytes + byte_at(at);
    for (std::size_t i = 0; i < count_of_tab; ++i) AttributeBlock::next(at);
  }
  return at;
}

std::size_t Record::bytes() const {
  // glibc puts 8 bytes before each block and rounds up to 16.
  return (front() + size_with(static_cast<std::size_t>(texts_end() - data())) + 8 + 15) / 16 * 16;
}

void RecordRef::free(const Record* record) {
  char* const memory = reinterpret_cast<char*>(const_cast<Record*>(record)) - record->front();
  record->~Record();
  ::operator delete(memory);
}

}  // namespace sojourn::session
