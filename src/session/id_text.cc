#include "session/id_text.h"

#include <algorithm>
#include <cstdint>

namespace sojourn::session {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 64;

constexpr std::array<std::uint8_t, 256> kPlaces = [] {
  std::array<std::uint8_t, 256> places{};
  for (std::uint8_t& place : places) place = kNone;
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    places[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return places;
}();

std::uint32_t place_of(char character) { return kPlaces[static_cast<unsigned char>(character)]; }

}  // namespace

static_assert(IdText::kPackedSize * 4 == SessionId::kGeneratedSize * 3);

bool IdText::can_pack(std::string_view text) {
  if (text.size() != SessionId::kGeneratedSize) return false;
  std::uint32_t places = 0;
  for (const char c : text) places |= place_of(c);
  return (places & kNone) == 0;
}

// Four characters of six bits are three bytes.
bool IdText::pack(std::string_view text, char* packed) {
  if (!can_pack(text)) return false;
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const std::uint32_t bits = place_of(text[at]) | place_of(text[at + 1]) << 6 |
                               place_of(text[at + 2]) << 12 | place_of(text[at + 3]) << 18;
    *packed++ = static_cast<char>(bits & 255);
    *packed++ = static_cast<char>(bits >> 8 & 255);
    *packed++ = static_cast<char>(bits >> 16);
  }
  return true;
}

IdText IdText::unpack(const char* packed) {
  IdText id;
  const auto next = [&] { return std::uint32_t{static_cast<unsigned char>(*packed++)}; };
  for (std::size_t at = 0; at < id.own_.size(); at += 4) {
    std::uint32_t bits = next();
    bits |= next() << 8;
    bits |= next() << 16;
    for (std::size_t i = at; i < at + 4; ++i, bits >>= 6) id.own_[i] = kAlphabet[bits & 63];
  }
  return id;
}

}  // namespace sojourn::session
