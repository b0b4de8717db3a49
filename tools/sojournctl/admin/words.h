#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sojournctl {

// "2 h 5 min", "31 s", "400 ms": two units at most, the larger first.
std::string duration_words(std::uint64_t milliseconds);

// Bytes of a cluster as they may stand on a terminal or in JSON: what is no printable text is
// escaped, as in C.
std::string printable(std::string_view bytes);

// Rows with their columns below one another, two blanks between. The first row is the heading.
std::string table(const std::vector<std::vector<std::string>>& rows);

// "auth-0, auth-1"; "nobody" if there is none.
template <typename Names>
std::string listed(const Names& names) {
  std::string words;
  for (const std::string& name : names) words += (words.empty() ? "" : ", ") + printable(name);
  return words.empty() ? "nobody" : words;
}

}  // namespace sojournctl
