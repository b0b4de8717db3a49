#include "sojourn/session.h"

#include <algorithm>

#include "session/access.h"
#include "session/label_key.h"
#include "session/record.h"

namespace sojourn {
namespace {

auto position(std::vector<Attribute>& attributes, std::string_view name) {
  return std::lower_bound(
      attributes.begin(), attributes.end(), name,
      [](const Attribute& attribute, std::string_view sought) { return attribute.name < sought; });
}

std::vector<Attribute> copy_attributes(const session::Record& record) {
  std::vector<Attribute> copy;
  copy.reserve(record.attribute_count());
  record.for_each_attribute([&](std::string_view name, std::string_view value) {
    copy.push_back({std::string(name), std::string(value)});
  });
  return copy;
}

Session::WallTime wall_time(Time time, std::chrono::microseconds wall_offset) {
  return Session::WallTime(std::chrono::duration_cast<Session::WallTime::duration>(
      time.time_since_epoch() + wall_offset));
}

}  // namespace

Session::Session(const Session& other)
    : record_(other.record_),
      wall_offset_(other.wall_offset_),
      last_seen_(other.last_seen_),
      draft_(other.draft_ ? std::make_unique<std::vector<Attribute>>(*other.draft_) : nullptr) {
  session::RecordRef::acquire(record_);
}

Session& Session::operator=(const Session& other) {
  if (this != &other) *this = Session(other);
  return *this;
}

Session& Session::operator=(Session&& other) noexcept {
  std::swap(record_, other.record_);
  wall_offset_ = other.wall_offset_;
  last_seen_ = other.last_seen_;
  draft_ = std::move(other.draft_);
  return *this;
}

void Session::release(const session::Record* record) { session::RecordRef::release(record); }

SessionId Session::id() const { return *SessionId::parse(record_->id()); }
std::string_view Session::subject() const { return record_->subject(); }
Phase Session::phase() const { return record_->phase(); }
Lifetime Session::lifetime() const { return record_->lifetime(); }
Version Session::version() const { return record_->version(); }
bool Session::is_remembered() const { return record_->is_remembered(); }
bool Session::is_alias() const { return record_->is_alias(); }

std::vector<Label> Session::labels() const {
  std::vector<Label> labels;
  for (const std::string_view key : record_->labels()) {
    labels.push_back(session::label_of(key));
  }
  return labels;
}

Session::WallTime Session::created_at() const {
  return wall_time(record_->created_at(), wall_offset_);
}
Session::WallTime Session::last_seen_at() const {
  return wall_time(Time(last_seen_), wall_offset_);
}
Session::WallTime Session::expires_at() const {
  return wall_time(record_->expires_at(Time(last_seen_)), wall_offset_);
}

std::optional<std::string_view> Session::attribute(std::string_view name) const {
  if (!draft_) return record_->attribute(name);
  const auto found = position(*draft_, name);
  if (found == draft_->end() || found->name != name) return std::nullopt;
  return found->value;
}

std::vector<std::pair<std::string_view, std::string_view>> Session::attributes() const {
  std::vector<std::pair<std::string_view, std::string_view>> all;
  if (draft_) {
    for (const Attribute& attribute : *draft_) all.emplace_back(attribute.name, attribute.value);
  } else {
    record_->for_each_attribute(
        [&](std::string_view name, std::string_view value) { all.emplace_back(name, value); });
  }
  return all;
}

std::vector<Tab> Session::tabs() const {
  std::vector<Tab> tabs;
  for (const session::TabView& view : session::tabs_of(*record_)) {
    Tab& tab = tabs.emplace_back(Tab{.name = std::string(view.name)});
    for (const session::AttributeView& attribute : view.attributes) {
      tab.attributes.push_back({std::string(attribute.name), std::string(attribute.value)});
    }
  }
  return tabs;
}

std::optional<Tab> Session::tab(std::string_view name) const {
  for (Tab& tab : tabs()) {
    if (tab.name == name) return std::move(tab);
  }
  return std::nullopt;
}

void Session::set(std::string name, std::string value) {
  if (!draft_) draft_ = std::make_unique<std::vector<Attribute>>(copy_attributes(*record_));
  const auto found = position(*draft_, name);
  if (found != draft_->end() && found->name == name) {
    found->value = std::move(value);
  } else {
    draft_->insert(found, {std::move(name), std::move(value)});
  }
}

void Session::erase(std::string_view name) {
  if (!draft_) draft_ = std::make_unique<std::vector<Attribute>>(copy_attributes(*record_));
  const auto found = position(*draft_, name);
  if (found != draft_->end() && found->name == name) draft_->erase(found);
}

Ending explain(const Session& session) {
  const session::Record& record = session::Access::record(session);
  const session::End end = record.end(session::Access::last_seen(session));
  return {.at = wall_time(end.at, session::Access::wall_offset(session)), .by = end.by};
}

namespace session {

std::vector<Attribute> Access::attributes(const Session& session) {
  return session.draft_ ? *session.draft_ : copy_attributes(*session.record_);
}

}  // namespace session
}  // namespace sojourn
