#include <algorithm>
#include <utility>

#include "sojourn/session.h"

namespace sojourn {

NewSession::NewSession() : phase_(Phase::kLogin) {}

NewSession::NewSession(std::string subject)
    : phase_(Phase::kActive), subject_(std::move(subject)) {}

NewSession& NewSession::with(std::string name, std::string value) & {
  std::vector<Attribute>& attributes = tabs_.empty() ? attributes_ : tabs_.back().attributes;
  for (Attribute& attribute : attributes) {
    if (attribute.name == name) {
      attribute.value = std::move(value);
      return *this;
    }
  }
  attributes.push_back({std::move(name), std::move(value)});
  return *this;
}
NewSession&& NewSession::with(std::string name, std::string value) && {
  return std::move(with(std::move(name), std::move(value)));
}

NewSession& NewSession::in_tab(std::string tab) & {
  const auto found =
      std::find_if(tabs_.begin(), tabs_.end(), [&](const Tab& other) { return other.name == tab; });
  if (found == tabs_.end()) {
    tabs_.push_back({.name = std::move(tab)});
  } else {
    std::rotate(found, found + 1, tabs_.end());
  }
  return *this;
}
NewSession&& NewSession::in_tab(std::string tab) && { return std::move(in_tab(std::move(tab))); }

NewSession& NewSession::remembered() & {
  remembered_ = true;
  return *this;
}
NewSession&& NewSession::remembered() && { return std::move(remembered()); }

NewSession& NewSession::lasting(Lifetime lifetime) & {
  lifetime_ = lifetime;
  return *this;
}
NewSession&& NewSession::lasting(Lifetime lifetime) && { return std::move(lasting(lifetime)); }

NewSession& NewSession::labelled(std::string name, std::string value) & {
  labels_.push_back({std::move(name), std::move(value)});
  return *this;
}
NewSession&& NewSession::labelled(std::string name, std::string value) && {
  return std::move(labelled(std::move(name), std::move(value)));
}

Patch& Patch::set(std::string name, std::string value) & {
  steps_.push_back({std::move(name), std::move(value), tab_});
  return *this;
}
Patch&& Patch::set(std::string name, std::string value) && {
  return std::move(set(std::move(name), std::move(value)));
}

Patch& Patch::erase(std::string name) & {
  steps_.push_back({std::move(name), std::nullopt, tab_});
  return *this;
}
Patch&& Patch::erase(std::string name) && { return std::move(erase(std::move(name))); }

Patch& Patch::in_tab(std::string tab) & {
  tab_ = std::move(tab);
  steps_.push_back({.tab = tab_});
  return *this;
}
Patch&& Patch::in_tab(std::string tab) && { return std::move(in_tab(std::move(tab))); }

Patch& Patch::ends_within(std::chrono::seconds duration) & {
  time_left_ = duration;
  return *this;
}
Patch&& Patch::ends_within(std::chrono::seconds duration) && {
  return std::move(ends_within(duration));
}

Patch& Patch::if_version(Version version) & {
  expected_version_ = version;
  return *this;
}
Patch&& Patch::if_version(Version version) && { return std::move(if_version(version)); }

Patch& Patch::labelled(std::string name, std::string value) & {
  labels_.push_back({std::move(name), std::move(value)});
  return *this;
}
Patch&& Patch::labelled(std::string name, std::string value) && {
  return std::move(labelled(std::move(name), std::move(value)));
}

}  // namespace sojourn
