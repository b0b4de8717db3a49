#include "session/id_draw.h"

#include <algorithm>
#include <cstring>

#include "session/id_text.h"
#include "session/spelling.h"

namespace sojourn::session {
namespace {

constexpr int kBitsPerCharacter = 6;
constexpr std::size_t kAtOnce = 8;  // characters; 48 of 64 bits
constexpr std::size_t kSearched = 5;
constexpr std::uint32_t kSearchedIds = 1u << (kSearched * kBitsPerCharacter);

// The id's characters from `at` on.
void draw(Random& random, std::string& id, std::size_t at) {
  static_assert(SessionId::kGeneratedSize % kAtOnce == 0);
  for (; at < id.size(); at += kAtOnce) {
    const std::uint64_t characters = spelled(spread(random.next()));
    std::memcpy(&id[at], &characters, kAtOnce);
  }
}

}  // namespace

std::string draw_id(Random& random) {
  std::string id(SessionId::kGeneratedSize, '\0');
  draw(random, id, 0);
  return id;
}

std::string draw_id_until(Random& random, std::uint32_t attempts_max,
                          absl::FunctionRef<bool(std::string_view)> fits) {
  std::string id = draw_id(random);
  for (std::uint32_t attempt = 1; attempt < attempts_max && !fits(id); ++attempt) {
    draw(random, id, id.size() - kAtOnce);
  }
  return id;
}

std::string search_id(Random& random, absl::FunctionRef<bool(std::string_view)> fits) {
  while (true) {
    std::string id = draw_id(random);
    const auto start = static_cast<std::uint32_t>(random.below(kSearchedIds));
    for (std::uint32_t i = 0; i < kSearchedIds; ++i) {
      std::uint32_t bits = (start + i) % kSearchedIds;
      for (std::size_t at = id.size() - kSearched; at < id.size(); ++at) {
        id[at] = IdText::kAlphabet[bits & 63];
        bits >>= kBitsPerCharacter;
      }
      if (fits(id)) return id;
    }
  }
}

}  // namespace sojourn::session
