#include "session/id_text.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "session/spelling.h"

namespace sojourn::session {
namespace {

// Set where there is no such character.
constexpr std::uint32_t kNone = std::uint32_t{1} << 31;

// What a character is worth as the first, second, third or fourth of a group: its six bits where
// they stand in the group's 24.
using Worths = std::array<std::array<std::uint32_t, 256>, 4>;
constexpr Worths kWorths = [] {
  Worths worths{};
  for (std::size_t place = 0; place < 4; ++place) {
    for (std::uint32_t& worth : worths[place]) worth = kNone;
    for (std::uint32_t i = 0; i < IdText::kAlphabet.size(); ++i) {
      worths[place][static_cast<unsigned char>(IdText::kAlphabet[i])] = i << (6 * place);
    }
  }
  return worths;
}();

// The 24 bits of four characters; with kNone if one of them does not exist.
std::uint64_t group_of(const char* text) {
  std::uint32_t bits = 0;
  for (std::size_t place = 0; place < 4; ++place) {
    bits |= kWorths[place][static_cast<unsigned char>(text[place])];
  }
  return bits;
}

using Words = std::array<std::uint64_t, 3>;

}  // namespace

static_assert(IdText::kPackedSize * 4 == SessionId::kGeneratedSize * 3);
static_assert(sizeof(Words) == IdText::kPackedSize);
// Among others, so that it is seen whether one disturbs its neighbours.
static_assert([] {
  for (std::uint64_t i = 0; i < IdText::kAlphabet.size(); ++i) {
    const std::uint64_t among_others = 0x3f003f3f003f003f;
    const std::uint64_t bytes = spelled((among_others & ~(std::uint64_t{255} << 24)) | i << 24);
    if (static_cast<char>(bytes >> 24 & 255) != IdText::kAlphabet[i]) return false;
  }
  return true;
}());

bool IdText::can_pack(std::string_view text) {
  return text.size() == SessionId::kGeneratedSize &&
         std::all_of(text.begin(), text.end(), [](char character) {
           return kWorths[0][static_cast<unsigned char>(character)] != kNone;
         });
}

bool IdText::pack(std::string_view text, char* packed) {
  if (text.size() != SessionId::kGeneratedSize) return false;
  std::array<std::uint64_t, 8> groups;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < groups.size(); ++i) all |= groups[i] = group_of(text.data() + 4 * i);
  if ((all & kNone) != 0) return false;
  const Words words = {groups[0] | groups[1] << 24 | groups[2] << 48,
                       groups[2] >> 16 | groups[3] << 8 | groups[4] << 32 | groups[5] << 56,
                       groups[5] >> 8 | groups[6] << 16 | groups[7] << 40};
  std::memcpy(packed, words.data(), sizeof(words));
  return true;
}

IdText IdText::unpack(const char* packed) {
  Words words;
  std::memcpy(words.data(), packed, sizeof(words));
  const Words::value_type eights[4] = {words[0], words[0] >> 48 | words[1] << 16,
                                       words[1] >> 32 | words[2] << 32, words[2] >> 16};
  IdText id;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint64_t characters = spelled(spread(eights[i]));
    std::memcpy(&id.own_[8 * i], &characters, sizeof(characters));
  }
  return id;
}

}  // namespace sojourn::session
