#include "session/id_draw.h"

#include <algorithm>
#include <cstring>

#include "session/id_text.h"
#include "session/spelling.h"

namespace sojourn::session {
namespace {

constexpr int kBitsPerCharacter = 6;
constexpr int kCharactersPerDraw = 10;  // 60 of 64 bits
constexpr std::size_t kSearched = 5;
constexpr std::uint32_t kSearchedIds = 1u << (kSearched * kBitsPerCharacter);

void spell(std::uint64_t bits, char* out, std::size_t size) {
  constexpr std::size_t kAtOnce = 8;
  if (size >= kAtOnce) {
    const std::uint64_t characters = spelled(spread(bits));
    std::memcpy(out, &characters, kAtOnce);
    out += kAtOnce;
    size -= kAtOnce;
    bits >>= kAtOnce * kBitsPerCharacter;
  }
  for (std::size_t i = 0; i < size; ++i) {
    out[i] = IdText::kAlphabet[bits & 63];
    bits >>= kBitsPerCharacter;
  }
}

void draw(Random& random, std::string& id) {
  for (std::size_t at = 0; at < id.size(); at += kCharactersPerDraw) {
    spell(random.next(), &id[at], std::min<std::size_t>(kCharactersPerDraw, id.size() - at));
  }
}

}  // namespace

std::string draw_id(Random& random) {
  std::string id(SessionId::kGeneratedSize, '\0');
  draw(random, id);
  return id;
}

std::string draw_id_until(Random& random, std::uint32_t attempts_max,
                          absl::FunctionRef<bool(std::string_view)> fits) {
  std::string id = draw_id(random);
  for (std::uint32_t attempt = 1; attempt < attempts_max && !fits(id); ++attempt) {
    draw(random, id);
  }
  return id;
}

std::string search_id(Random& random, absl::FunctionRef<bool(std::string_view)> fits) {
  while (true) {
    std::string id = draw_id(random);
    const auto start = static_cast<std::uint32_t>(random.below(kSearchedIds));
    for (std::uint32_t i = 0; i < kSearchedIds; ++i) {
      spell((start + i) % kSearchedIds, &id[id.size() - kSearched], kSearched);
      if (fits(id)) return id;
    }
  }
}

}  // namespace sojourn::session
