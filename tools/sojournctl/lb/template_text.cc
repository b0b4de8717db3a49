#include "sojournctl/lb/template_text.h"

#include <algorithm>
#include <cassert>
#include <cstddef>

namespace sojournctl {
namespace {

bool is_place_character(char c) { return (c >= 'A' && c <= 'Z') || c == '_'; }

// The length of the place that begins at `at`, with both '@'; 0 if none does.
std::size_t place_length(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && is_place_character(text[end])) ++end;
  return end > at + 1 && end < text.size() && text[end] == '@' ? end + 1 - at : 0;
}

}  // namespace

std::string fill(std::string_view text,
                 std::initializer_list<std::pair<std::string_view, std::string>> values) {
  if (text.starts_with('\n')) text.remove_prefix(1);
  [[maybe_unused]] const std::string_view whole = text;
  assert(std::ranges::all_of(values, [whole](const auto& value) {
    return whole.find("@" + std::string(value.first) + "@") != std::string_view::npos;
  }));
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = text[at] == '@' ? place_length(text, at) : 0;
    if (length == 0) {
      result += text[at++];
      continue;
    }
    const std::string_view name = text.substr(at + 1, length - 2);
    const auto* const value =
        std::ranges::find_if(values, [name](const auto& each) { return each.first == name; });
    assert(value != values.end());
    if (value != values.end()) result += value->second;
    at += length;
  }
  return result;
}

}  // namespace sojournctl
