#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sojournctl {

// A template with its places filled in. A place is a word of capital letters between two '@', as in
// "listen @ADDRESS@;": none of the configuration languages written here has such words.
//
// Every place must have a value, and every value a place: what does not is a mistake in the
// program. A first newline is left out, so that templates may begin on a line of their own.
std::string fill(std::string_view text,
                 std::initializer_list<std::pair<std::string_view, std::string>> values);

// What `make` returns for each of them, in order, with `separator` between.
template <typename Range, typename Make>
std::string join(const Range& range, std::string_view separator, Make make) {
  std::string result;
  bool is_first = true;
  for (const auto& each : range) {
    if (!is_first) result += separator;
    is_first = false;
    result += make(each);
  }
  return result;
}

}  // namespace sojournctl
