#pragma once

#include <compare>
#include <string>

#include "session/record.h"

namespace sojourn::replication {

// What sessions have in common, so that they can be asked for together: see session::KeyView.
struct Key {
  session::KeyView::Kind kind = session::KeyView::Kind::kSubject;
  std::string text = {};

  session::KeyView view() const { return {kind, text}; }

  friend auto operator<=>(const Key&, const Key&) = default;
  friend bool operator==(const Key&, const Key&) = default;
};

}  // namespace sojourn::replication
