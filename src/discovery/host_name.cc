#include "discovery/host_name.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <cstddef>

#include "wire/checks.h"

namespace sojourn::discovery {
namespace {

// Of DNS itself.
constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= kLabelBytesMax &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_';
         });
}

}  // namespace

bool is_host_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kNameBytesMax) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::string member_of(std::string_view host_name) {
  const std::string label =
      absl::AsciiStrToLower(std::string(host_name.substr(0, host_name.find('.'))));
  return wire::is_name(label) ? label : std::string();
}

}  // namespace sojourn::discovery
