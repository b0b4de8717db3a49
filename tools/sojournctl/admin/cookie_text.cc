#include "sojournctl/admin/cookie_text.h"

#include "sojourn/session_id.h"

namespace sojournctl {

CookieText CookieText::of(std::string_view text, bool plain) {
  // As CookieCodec writes them: the id of the key, the id, half of an HMAC-SHA256 in base64url.
  constexpr std::size_t kKeySize = 1;
  constexpr std::size_t kMacSize = 22;
  constexpr std::size_t kIdSize = sojourn::SessionId::kGeneratedSize;
  CookieText taken;
  const std::size_t dot = text.find('.');
  if (dot != std::string_view::npos) {
    taken.route = std::string(text.substr(dot + 1));
    text = text.substr(0, dot);
  }
  taken.is_signed = !plain && text.size() == kKeySize + kIdSize + kMacSize;
  taken.id = std::string(taken.is_signed ? text.substr(kKeySize, kIdSize) : text);
  return taken;
}

}  // namespace sojournctl
