#include "session/record.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <vector>

namespace sojourn::session {
namespace {

// Sizes stand as two little-endian bytes: values are at most 16 KiB.
constexpr std::size_t kSizesBytes = 1 + 2;

std::size_t data_size_of(const RecordFields& fields) {
  std::size_t size = fields.id.size() + fields.subject.size();
  for (const AttributeView& attribute : fields.attributes) {
    size += kSizesBytes + attribute.name.size() + attribute.value.size();
  }
  return size;
}

char* append(char* at, std::string_view text) {
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

}  // namespace

Record::Record(const RecordFields& fields, std::size_t data_size)
    : version_(fields.version),
      bookkeeping_{.last_seen = fields.last_seen},
      created_at_(fields.created_at),
      idle_seconds_(static_cast<std::uint32_t>(fields.lifetime.idle.count())),
      absolute_seconds_(static_cast<std::uint32_t>(fields.lifetime.absolute.count())),
      data_size_(static_cast<std::uint32_t>(data_size)),
      subject_size_(static_cast<std::uint16_t>(fields.subject.size())),
      attribute_count_(static_cast<std::uint16_t>(fields.attributes.size())),
      id_size_(static_cast<std::uint8_t>(fields.id.size())),
      phase_(fields.phase) {
  char* at = append(append(data(), fields.id), fields.subject);
  for (const AttributeView& attribute : fields.attributes) {
    *at++ = static_cast<char>(attribute.name.size());
    *at++ = static_cast<char>(attribute.value.size() & 0xff);
    *at++ = static_cast<char>(attribute.value.size() >> 8);
    at = append(append(at, attribute.name), attribute.value);
  }
}

RecordRef Record::make(const RecordFields& fields) {
  const std::size_t data_size = data_size_of(fields);
  void* memory = ::operator new(sizeof(Record) + data_size);
  return RecordRef(new (memory) Record(fields, data_size));
}

AttributeView Record::attribute_at(const char*& at) {
  const std::size_t name_size = static_cast<unsigned char>(at[0]);
  const std::size_t value_size =
      static_cast<unsigned char>(at[1]) | std::size_t{static_cast<unsigned char>(at[2])} << 8;
  const char* name = at + kSizesBytes;
  at = name + name_size + value_size;
  return {{name, name_size}, {name + name_size, value_size}};
}

std::optional<std::string_view> Record::attribute(std::string_view name) const {
  const char* at = attributes_begin();
  for (std::uint16_t i = 0; i < attribute_count_; ++i) {
    const AttributeView attribute = attribute_at(at);
    if (attribute.name == name) return attribute.value;
  }
  return std::nullopt;
}

RecordRef Record::with_version(const Record& record, Version version, Time last_seen) {
  std::vector<AttributeView> attributes;
  attributes.reserve(record.attribute_count());
  record.for_each_attribute([&](std::string_view name, std::string_view value) {
    attributes.push_back({name, value});
  });
  return make({.id = record.id(),
               .phase = record.phase(),
               .subject = record.subject(),
               .lifetime = record.lifetime(),
               .version = version,
               .created_at = record.created_at(),
               .last_seen = last_seen,
               .attributes = attributes});
}

Time Record::expires_at(Time last_seen) const {
  return std::min(created_at_ + std::chrono::seconds(absolute_seconds_),
                  last_seen + std::chrono::seconds(idle_seconds_));
}

const Record& Record::linked_by(const Links& links) {
  // In a class of standard layout the first member has the address of the whole.
  static_assert(std::is_standard_layout_v<Record>);
  static_assert(offsetof(Record, links_) == 0);
  return reinterpret_cast<const Record&>(links);
}

std::size_t Record::bytes() const {
  // glibc puts 8 bytes before each block and rounds up to 16.
  return (sizeof(Record) + data_size_ + 8 + 15) / 16 * 16;
}

void RecordRef::release(const Record* record) {
  if (!record || record->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  record->~Record();
  ::operator delete(const_cast<Record*>(record));
}

}  // namespace sojourn::session
