#include <utility>

#include "sojourn/session.h"

namespace sojourn {

NewSession::NewSession() : phase_(Phase::kLogin) {}

NewSession::NewSession(std::string subject)
    : phase_(Phase::kActive), subject_(std::move(subject)) {}

NewSession& NewSession::with(std::string name, std::string value) & {
  for (Attribute& attribute : attributes_) {
    if (attribute.name == name) {
      attribute.value = std::move(value);
      return *this;
    }
  }
  attributes_.push_back({std::move(name), std::move(value)});
  return *this;
}
NewSession&& NewSession::with(std::string name, std::string value) && {
  return std::move(with(std::move(name), std::move(value)));
}

NewSession& NewSession::lasting(Lifetime lifetime) & {
  lifetime_ = lifetime;
  return *this;
}
NewSession&& NewSession::lasting(Lifetime lifetime) && { return std::move(lasting(lifetime)); }

Patch& Patch::set(std::string name, std::string value) & {
  steps_.push_back({std::move(name), std::move(value)});
  return *this;
}
Patch&& Patch::set(std::string name, std::string value) && {
  return std::move(set(std::move(name), std::move(value)));
}

Patch& Patch::erase(std::string name) & {
  steps_.push_back({std::move(name), std::nullopt});
  return *this;
}
Patch&& Patch::erase(std::string name) && { return std::move(erase(std::move(name))); }

Patch& Patch::if_version(Version version) & {
  expected_version_ = version;
  return *this;
}
Patch&& Patch::if_version(Version version) && { return std::move(if_version(version)); }

}  // namespace sojourn
