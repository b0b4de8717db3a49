#include "session/limits.h"

#include <absl/strings/str_format.h>

#include <algorithm>
#include <vector>

#include "session/label_key.h"

namespace sojourn::session {

absl::Status check_subject(std::string_view subject) {
  if (subject.empty()) return absl::InvalidArgumentError("the subject is empty");
  if (subject.size() > kSubjectBytesMax) {
    return absl::InvalidArgumentError(absl::StrFormat("the subject has %d bytes, more than %d",
                                                      subject.size(), kSubjectBytesMax));
  }
  return absl::OkStatus();
}

absl::Status check_attribute_name(std::string_view name) {
  if (name.empty()) return absl::InvalidArgumentError("an attribute's name is empty");
  if (name.size() > kAttributeNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "an attribute's name has %d bytes, more than %d", name.size(), kAttributeNameBytesMax));
  }
  return absl::OkStatus();
}

absl::Status check_attribute(std::string_view name, std::string_view value) {
  if (absl::Status status = check_attribute_name(name); !status.ok()) return status;
  if (value.size() > kAttributeValueBytesMax) {
    return absl::InvalidArgumentError(absl::StrFormat("the attribute %s has %d bytes, more than %d",
                                                      std::string(name), value.size(),
                                                      kAttributeValueBytesMax));
  }
  return absl::OkStatus();
}

absl::Status check_tab_name(std::string_view name) {
  if (name.empty()) return absl::InvalidArgumentError("a tab's name is empty");
  if (name.size() > kTabNameBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a tab's name has %d bytes, more than %d", name.size(), kTabNameBytesMax));
  }
  return absl::OkStatus();
}

absl::Status check_overlap(std::chrono::seconds overlap) {
  if (overlap >= std::chrono::seconds(0) && overlap <= kOverlapMax) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("the overlap is %d s, not between 0 s and 60 s",
                                                    static_cast<long long>(overlap.count())));
}

absl::Status check_lifetime(const Lifetime& lifetime) {
  for (const auto& [name, duration] :
       {std::pair{"idle", lifetime.idle}, std::pair{"absolute", lifetime.absolute}}) {
    if (duration < std::chrono::seconds(1) || duration > kLifetimeMax) {
      return absl::InvalidArgumentError(
          absl::StrFormat("the %s lifetime is %d s, not between 1 s and 400 days", name,
                          static_cast<long long>(duration.count())));
    }
  }
  return absl::OkStatus();
}

absl::Status check_label(const Label& label) {
  if (label.name.empty()) return absl::InvalidArgumentError("a label's name is empty");
  if (label.name.size() > kLabelNameBytesMax) {
    return absl::InvalidArgumentError(absl::StrFormat("a label's name has %d bytes, more than %d",
                                                      label.name.size(), kLabelNameBytesMax));
  }
  if (label.value.size() > kLabelValueBytesMax) {
    return absl::InvalidArgumentError(absl::StrFormat("the label %s has %d bytes, more than %d",
                                                      label.name, label.value.size(),
                                                      kLabelValueBytesMax));
  }
  return absl::OkStatus();
}

absl::Status check_labels(const std::vector<Label>& labels) {
  for (const Label& label : labels) {
    if (absl::Status status = check_label(label); !status.ok()) return status;
  }
  const std::size_t count = label_keys(labels).size();
  if (count > kLabelsMax) {
    return absl::InvalidArgumentError(
        absl::StrFormat("there are %d labels, more than %d", count, kLabelsMax));
  }
  return absl::OkStatus();
}
namespace {

// They are sent as the changes that make them.
absl::Status check_tabs(const NewSession& session) {
  Patch patch;
  for (const Tab& tab : session.tabs()) {
    if (absl::Status status = check_tab_name(tab.name); !status.ok()) return status;
    patch.in_tab(tab.name);
    for (const Attribute& attribute : tab.attributes) patch.set(attribute.name, attribute.value);
  }
  return check_patch(patch);
}

}  // namespace

absl::Status check_new_session(const NewSession& session) {
  if (session.phase() == Phase::kActive) {
    if (absl::Status status = check_subject(session.subject()); !status.ok()) return status;
  }
  if (session.lifetime()) {
    if (absl::Status status = check_lifetime(*session.lifetime()); !status.ok()) return status;
  }
  if (session.phase() == Phase::kLogin && session.is_remembered()) {
    return absl::InvalidArgumentError(
        "a login in progress is not remembered: authenticating makes it so");
  }
  if (session.phase() == Phase::kActive && !session.tabs().empty()) {
    return absl::InvalidArgumentError("an active session has no tabs");
  }
  if (absl::Status status = check_tabs(session); !status.ok()) return status;
  if (absl::Status status = check_labels(session.labels()); !status.ok()) return status;
  return check_attributes(session.attributes(), session.subject());
}

absl::Status check_attributes(const std::vector<Attribute>& attributes, std::string_view subject) {
  std::size_t payload_bytes = subject.size();
  for (const Attribute& attribute : attributes) {
    absl::Status status = check_attribute(attribute.name, attribute.value);
    if (!status.ok()) return status;
    payload_bytes += attribute.name.size() + attribute.value.size();
  }
  return check_size(attributes.size(), payload_bytes);
}

namespace {

absl::Status check_step(const Patch::Step& step) {
  if (!step.tab.empty()) {
    absl::Status status = check_tab_name(step.tab);
    if (!status.ok() || step.name.empty()) return status;
  }
  return step.value ? check_attribute(step.name, *step.value) : check_attribute_name(step.name);
}

// All but the labels, and whose tabs.
absl::Status check_changes(const Patch& patch) {
  if (patch.time_left() &&
      (*patch.time_left() < std::chrono::seconds(1) || *patch.time_left() > kLifetimeMax)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the session is to end within %d s, not between 1 s and 400 days",
                        static_cast<long long>(patch.time_left()->count())));
  }
  std::size_t bytes = 0;
  for (const Patch::Step& step : patch.steps()) {
    if (absl::Status status = check_step(step); !status.ok()) return status;
    bytes += step.tab.size() + step.name.size() + (step.value ? step.value->size() : 0);
  }
  if (bytes > kSessionBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the patch has %d bytes, more than %d", bytes, kSessionBytesMax));
  }
  // Every attribute of a session may be replaced and as many others erased.
  if (patch.steps().size() > 2 * kAttributesMax) {
    return absl::InvalidArgumentError(absl::StrFormat("the patch has %d steps, more than %d",
                                                      patch.steps().size(), 2 * kAttributesMax));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status check_patch(const Patch& patch) {
  if (!patch.labels().empty()) {
    return absl::InvalidArgumentError(
        "a session gets its labels when it is made or authenticated, not by a patch");
  }
  return check_changes(patch);
}

absl::Status check_authentication(const Patch& patch) {
  const bool has_tabs = std::any_of(patch.steps().begin(), patch.steps().end(),
                                    [](const Patch::Step& step) { return !step.tab.empty(); });
  if (has_tabs) return absl::InvalidArgumentError("authenticating drops all tabs");
  if (absl::Status status = check_labels(patch.labels()); !status.ok()) return status;
  return check_changes(patch);
}

absl::Status check_size(std::size_t attributes, std::size_t payload_bytes) {
  if (attributes > kAttributesMax) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "the session would have %d attributes, more than %d", attributes, kAttributesMax));
  }
  if (payload_bytes > kSessionBytesMax) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "the session would have %d bytes, more than %d", payload_bytes, kSessionBytesMax));
  }
  return absl::OkStatus();
}

}  // namespace sojourn::session
