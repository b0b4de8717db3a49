#pragma once

#include <string>
#include <string_view>

namespace sojournctl {

// What an operator pastes: a session's id, or a cookie's value.
struct CookieText {
  std::string id = {};
  // What the cookie says about its owner; empty if it says nothing.
  std::string route = {};
  // The id stood between a key's id and a signature, which is not checked: that needs the key.
  bool is_signed = false;

  // Takes the text apart: what is behind a dot is a route, and what is as long as a signed id of
  // Sojourn's is one, unless `plain` says that ids may be of that length.
  static CookieText of(std::string_view text, bool plain = false);
};

}  // namespace sojournctl
